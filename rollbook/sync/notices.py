"""Mail to staff about runs: counts, reasons and a link, never a student's name.

A notice is a row, made in the transaction that changes the run, and sent by a worker afterwards: no run waits for mail. A mail whose worker
was killed is found by the sweep. A crash just after sending may send it twice; both copies carry the same Message-ID.
"""

from datetime import datetime
from email.utils import parseaddr
from smtplib import SMTPException
from typing import Any, Final
from uuid import UUID

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from procrastinate.exceptions import AlreadyEnqueued

from rollbook.config import config
from rollbook.roster.planning import WRITING_KINDS
from rollbook.schools import audit
from rollbook.schools.models import Membership, User
from rollbook.sync import queue
from rollbook.sync.models import ERROR_EVENTS, Integration, Mode, Notice, NoticeChoice, NoticeEvent, NoticeState, Run, RunState

TRIES: Final = 24  # with waits that grow by five minutes, about a day
CREDENTIAL_CODES: Final = {"credentials_refused", "permission_missing", "key_missing"}
COUNTED: Final = {
    "new": gettext_lazy("New"),
    "linked": gettext_lazy("Linked"),
    "updated": gettext_lazy("Updated"),
    "returning": gettext_lazy("Returning"),
    "unchanged": gettext_lazy("Unchanged"),
    "not_in_roster": gettext_lazy("No longer in the SIS"),
    "error": gettext_lazy("Errors"),
    "warning": gettext_lazy("Warnings"),
}


def announce(run: Run) -> None:
    """Make the notices of a run that has just changed its state, in the caller's transaction."""
    if run.integration is None:
        return
    events = events_of(run)
    for person, wanted in audience(run.integration):
        event = next((event for event in events if event in wanted), None)
        if event is not None:
            _make(run.integration, person, event, f"run {run.pk} {run.state}", run=run)


def did_not_run(integration: Integration, due_at: datetime | None, reason: str) -> None:
    """Make the notices of a due time that started no run, in the caller's transaction."""
    for person, wanted in audience(integration):
        if NoticeEvent.DID_NOT_RUN in wanted:
            _make(integration, person, NoticeEvent.DID_NOT_RUN, f"due {due_at:%Y-%m-%dT%H:%M%z} {integration.pk}", reason=reason)


def events_of(run: Run) -> list[NoticeEvent]:
    """What a run's state is an instance of, most pressing first."""
    if run.state == RunState.FAILED:
        refused = run.error_code in CREDENTIAL_CODES
        return [NoticeEvent.CREDENTIALS_REFUSED, NoticeEvent.FAILED] if refused else [NoticeEvent.FAILED]
    if run.state == RunState.ON_HOLD:
        return [NoticeEvent.ON_HOLD]
    events = []
    if run.counts.get("error", 0) or run.counts.get("warning", 0):
        events.append(NoticeEvent.PROBLEMS)
    if run.mode == Mode.LIVE and any(run.counts.get(kind, 0) for kind in WRITING_KINDS):
        events.append(NoticeEvent.CHANGES)
    return events


def audience(integration: Integration) -> list[tuple[User, set[str]]]:
    """The people of a school with the events they want mail about. Email Notifications switched off silences the errors."""
    chosen = dict(NoticeChoice.objects.filter(school=integration.school).values_list("user_id", "events"))
    people = Membership.objects.filter(school=integration.school, user__is_active=True).select_related("user").order_by("user__email")
    silenced = set() if integration.notify_on_errors else set(ERROR_EVENTS)
    return [(each.user, set(chosen.get(each.user_id, default_events(each))) - silenced) for each in people]


def default_events(membership: Membership) -> list[str]:
    """What somebody gets who never chose: those who can mend things hear of errors, nobody else of anything."""
    return list(ERROR_EVENTS) if membership.may_manage else []


@transaction.atomic
def choose(membership: Membership, events: list[str], by: User | None = None, via: str = "web") -> None:
    """Save what one person wants mail about at one school."""
    known = [event for event in NoticeEvent if event in events]
    NoticeChoice.objects.update_or_create(school=membership.school, user=membership.user, defaults={"events": known})
    audit.record("notices.chosen", school=membership.school, actor=by, subject=str(membership.user_id), via=via, events=known)


def chosen_events(membership: Membership) -> list[str]:
    """What one person wants mail about at one school."""
    row = NoticeChoice.objects.filter(school=membership.school, user=membership.user).first()
    return list(row.events) if row else default_events(membership)


def _make(integration: Integration, person: User, event: NoticeEvent, occasion: str, **more: Any) -> None:
    notice, created = Notice.objects.get_or_create(
        school=integration.school, user=person, occasion=occasion, defaults={"integration": integration, "event": event, **more}
    )
    if created:
        wake(notice.pk)


def wake(notice_id: UUID) -> None:
    """Queue a wake-up call. A retry that is scheduled for later holds the same lock: then this one is refused, and the wait stands."""
    from rollbook.sync.tasks import send_notice

    try:
        with transaction.atomic():
            send_notice.configure(queueing_lock=f"notice {notice_id}").defer(notice_id=str(notice_id))
    except AlreadyEnqueued:
        pass


def sweep() -> int:
    """Wake the mails that wait without a job, as after their worker was killed, and give up those whose tries are used up."""
    waiting = Notice.objects.filter(state=NoticeState.WAITING)
    queued = queue.arguments("send_notice", "notice_id")
    return sum(_take_up(notice_id) for notice_id in waiting.values_list("pk", flat=True) if str(notice_id) not in queued)


def _take_up(notice_id: UUID) -> bool:
    """Wake one mail. Its row is locked before looking for its job, so that two sweeps follow each other and one being sent is passed by."""
    with transaction.atomic():
        waiting = Notice.objects.select_for_update(skip_locked=True).filter(pk=notice_id, state=NoticeState.WAITING)
        notice = waiting.first()
        if notice is None or str(notice_id) in queue.arguments("send_notice", "notice_id"):
            return False
        if notice.tries >= TRIES:
            notice.state, notice.trouble = NoticeState.UNDELIVERED, notice.trouble or _("Each try ended before the mail was sent.")
            notice.save(update_fields=["state", "trouble"])
            return False
        wake(notice_id)
        return True


def send(notice_id: UUID) -> None:
    """Send one notice. Raises OSError or SMTPException, to be tried again, after noting the trouble on it."""
    # Counted beforehand: a try that ends its worker is one of TRIES too.
    Notice.objects.filter(pk=notice_id, state=NoticeState.WAITING).update(tries=F("tries") + 1)
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update(of=("self",)).select_related("run__school", "integration__school", "user").get(pk=notice_id)
        )
        if notice.state != NoticeState.WAITING:
            return
        trouble = _try_to_send(notice)
        notice.save()
    if trouble is not None:
        raise trouble


def _try_to_send(notice: Notice) -> Exception | None:
    try:
        message(notice).send()
    except (OSError, SMTPException) as error:
        notice.trouble = f"{type(error).__name__}: {error}"[:300]
        if notice.tries >= TRIES:
            notice.state = NoticeState.UNDELIVERED
        return error
    notice.state, notice.sent_at, notice.trouble = NoticeState.SENT, timezone.now(), ""
    return None


def message(notice: Notice) -> EmailMultiAlternatives:
    """The mail of a notice, as text and as HTML."""
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "rollbook"
    words = _words(notice)
    mail = EmailMultiAlternatives(
        subject=words["subject"],
        body=render_to_string("mail/notice.txt", words),
        to=[notice.user.email],
        headers={"Message-ID": f"<{notice.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(css_inline.inline(render_to_string("mail/notice.html", words)), "text/html")
    return mail


def link(notice: Notice) -> str:
    """The address of the page where the reader goes next."""
    page = f"runs/{notice.run_id}/" if notice.run_id else "history/"
    return f"{config.public_url.rstrip('/')}/schools/{notice.school_id}/{page}"


def _words(notice: Notice) -> dict[str, Any]:
    run, school = notice.run, notice.integration.school
    name = run.uploader_type if run else notice.integration.source_type.uploader_type
    headline, lines = _story(notice, name)
    counts = [(label, run.counts[kind]) for kind, label in COUNTED.items() if run.counts.get(kind)] if run else []
    return {
        "subject": f"{school.name}: {headline}",
        "headline": headline,
        "school": school.name,
        "lines": lines,
        "counts": counts,
        "link": link(notice),
        "choices_link": f"{config.public_url.rstrip('/')}/schools/{school.pk}/notifications/",
    }


def _story(notice: Notice, name: str) -> tuple[str, list[str]]:
    """The headline and the sentences of a notice: what happened, what was not touched, what to do next."""
    run = notice.run
    if run is None:
        return _("%(run)s did not start") % {"run": name}, [notice.reason, _("No account was changed.")]
    if notice.event in {NoticeEvent.FAILED, NoticeEvent.CREDENTIALS_REFUSED}:
        return _("%(run)s failed") % {"run": name}, [run.error_what, _("No account was changed."), run.error_remedy]
    if notice.event == NoticeEvent.ON_HOLD:
        held = _("The plan looks unusual, so nothing was applied. Look at the reasons, then approve or discard it.")
        return _("%(run)s is on hold") % {"run": name}, [held, _("No scheduled run passes it until then.")]
    rehearsal = [_("This was a test run: no account was changed.")] if run.mode == Mode.TEST else []
    if notice.event == NoticeEvent.PROBLEMS:
        advice = _("Some records need a correction in the SIS. The report says which, and where to correct them.")
        return _("%(run)s finished with problems") % {"run": name}, [*rehearsal, advice]
    return _("%(run)s finished with changes") % {"run": name}, rehearsal


def mail_trouble() -> str:
    """Why the mail server can't be used, or "": connects and signs in as for sending, and sends nothing."""
    try:
        with get_connection():
            return ""
    except (OSError, SMTPException) as error:
        return f"{type(error).__name__}: {error}"[:300]
