"""Mail to staff about runs: counts, reasons and a link, never a student's name.

A notice is a row, made in the transaction that changes the run, and sent by a worker afterwards (`sync.outbox`): no run waits for mail.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from rollbook.config import config
from rollbook.roster.planning import WRITING_KINDS
from rollbook.schools import audit
from rollbook.schools.models import Membership, User
from rollbook.sync import queue
from rollbook.sync.mail.outbox import Outbox, composed
from rollbook.sync.models import (
    ERROR_EVENTS,
    Integration,
    Mode,
    Notice,
    NoticeChoice,
    NoticeEvent,
    Run,
    RunState,
)
from rollbook.sync.words.notices import notice_words

CREDENTIAL_CODES: Final = {"credentials_refused", "permission_missing", "key_missing"}


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
            _make(
                integration,
                person,
                NoticeEvent.DID_NOT_RUN,
                f"due {due_at:%Y-%m-%dT%H:%M%z} {integration.pk}",
                reason=reason,
            )


def events_of(run: Run) -> list[NoticeEvent]:
    """What a run's state is an instance of, most pressing first."""
    if run.state == RunState.FAILED:
        refused = run.error_code in CREDENTIAL_CODES
        return (
            [NoticeEvent.CREDENTIALS_REFUSED, NoticeEvent.FAILED]
            if refused
            else [NoticeEvent.FAILED]
        )
    if run.state == RunState.ON_HOLD:
        return [NoticeEvent.ON_HOLD]
    events = []
    counts = run.typed_counts
    if counts.error or counts.warning:
        events.append(NoticeEvent.PROBLEMS)
    if run.mode == Mode.LIVE and any(counts.number(kind) for kind in WRITING_KINDS):
        events.append(NoticeEvent.CHANGES)
    return events


def audience(integration: Integration) -> list[tuple[User, set[str]]]:
    """The people of a school with the events they want mail about. Email Notifications switched off silences the errors."""
    chosen = dict(
        NoticeChoice.objects.filter(school=integration.school).values_list("user_id", "events")
    )
    people = (
        Membership.objects.filter(school=integration.school, user__is_active=True)
        .select_related("user")
        .order_by("user__email")
    )
    silenced = set() if integration.notify_on_errors else set(ERROR_EVENTS)
    return [
        (each.user, set(chosen.get(each.user_id, default_events(each))) - silenced)
        for each in people
    ]


def default_events(membership: Membership) -> list[str]:
    """What somebody gets who never chose: those who can mend things hear of errors, nobody else of anything."""
    return list(ERROR_EVENTS) if membership.may_manage else []


@transaction.atomic
def choose(
    membership: Membership, events: list[str], by: User | None = None, via: str = "web"
) -> None:
    """Save what one person wants mail about at one school."""
    known = [event for event in NoticeEvent if event in events]
    NoticeChoice.objects.update_or_create(
        school=membership.school, user=membership.user, defaults={"events": known}
    )
    audit.record(
        "notices.chosen",
        school=membership.school,
        actor=by,
        subject=str(membership.user_id),
        via=via,
        events=known,
    )


def chosen_events(membership: Membership) -> list[str]:
    """What one person wants mail about at one school."""
    row = NoticeChoice.objects.filter(school=membership.school, user=membership.user).first()
    return list(row.events) if row else default_events(membership)


def _make(
    integration: Integration, person: User, event: NoticeEvent, occasion: str, **more: Any
) -> None:
    notice, created = Notice.objects.get_or_create(
        school=integration.school,
        user=person,
        occasion=occasion,
        defaults={"integration": integration, "event": event, **more},
    )
    if created:
        wake(notice.pk)


def wake(notice_id: UUID) -> None:
    """Let a worker send this notice."""
    OUTBOX.wake(notice_id)


def sweep() -> int:
    """Wake the notices that wait without a job, and give up those whose tries are used up. Returns how many were woken."""
    return OUTBOX.sweep()


def send(notice_id: UUID) -> None:
    """Send one notice. Raises OSError or SMTPException, to be tried again, after noting the trouble on it."""
    OUTBOX.send(notice_id)


def message(notice: Notice) -> EmailMultiAlternatives:
    """The mail of a notice, as text and as HTML."""
    return composed(notice, "notice", notice.user.email, _words(notice))


OUTBOX: Final = Outbox(
    Notice, queue.SEND_NOTICE, ("run__school", "integration__school", "user"), message
)


def link(notice: Notice) -> str:
    """The address of the page where the reader goes next."""
    page = f"runs/{notice.run_id}/" if notice.run_id else "history/"
    return f"{config.public_url.rstrip('/')}/schools/{notice.school_id}/{page}"


def _words(notice: Notice) -> dict[str, Any]:
    school = notice.integration.school
    told = notice_words(notice)
    return {
        "subject": f"{school.name}: {told.headline}",
        "headline": told.headline,
        "school": school.name,
        "lines": told.sentences,
        "counts": told.counts,
        "link": link(notice),
        "choices_link": f"{config.public_url.rstrip('/')}/schools/{school.pk}/notifications/",
    }
