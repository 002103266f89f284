"""Mail to staff about runs: counts, reasons and a link, never a student's name.

A notice is a row, written in the transaction that changes the run. A worker sends it afterwards,
see `outbox`; no run waits for mail.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.roster.planning.changes import WRITING_KINDS
from rollbook.schools.models import MAY_ENTER, Membership, User
from rollbook.sync import queue
from rollbook.sync.mail.choices import audience
from rollbook.sync.mail.outbox import Outbox, compose
from rollbook.sync.models import Integration, Mode, Notice, NoticeEvent, Run, RunState
from rollbook.sync.words.notices import notice_words

CREDENTIAL_CODES: Final = {"credentials_refused", "permission_missing", "key_missing"}


def announce(run: Run) -> None:
    """Write the notices of a run that has just changed its state, in the caller's transaction."""
    if run.integration is None:
        return
    events = events_of(run)
    for person, chosen in audience(run.integration):
        event = next((event for event in events if event in chosen), None)
        if event is not None:
            _write(run.integration, person, event, f"run {run.pk} {run.state}", run=run)


def did_not_run(integration: Integration, due_at: datetime | None, reason: str) -> None:
    """Write the notices of a due time that started no run, in the caller's transaction."""
    occasion = f"due {due_at:%Y-%m-%dT%H:%M%z} {integration.pk}"
    for person, chosen in audience(integration):
        if NoticeEvent.DID_NOT_RUN in chosen:
            _write(integration, person, NoticeEvent.DID_NOT_RUN, occasion, reason=reason)


def events_of(run: Run) -> list[NoticeEvent]:
    """Return the events that the state of a run stands for, the most pressing first."""
    if run.state == RunState.FAILED:
        if run.error_code in CREDENTIAL_CODES:
            return [NoticeEvent.CREDENTIALS_REFUSED, NoticeEvent.FAILED]
        return [NoticeEvent.FAILED]
    if run.state == RunState.ON_HOLD:
        return [NoticeEvent.ON_HOLD]
    events = []
    counts = run.typed_counts
    if counts.error or counts.warning:
        events.append(NoticeEvent.PROBLEMS)
    if run.mode == Mode.LIVE and any(counts.number(kind) for kind in WRITING_KINDS):
        events.append(NoticeEvent.CHANGES)
    return events


def wake(notice_id: UUID) -> None:
    """Let a worker send this notice."""
    OUTBOX.wake(notice_id)


def sweep() -> int:
    """Wake the notices that wait without a job. Returns how many."""
    return OUTBOX.sweep()


def send(notice_id: UUID) -> None:
    """Send one notice. Raises OSError or SMTPException, for the queue to try again."""
    OUTBOX.send(notice_id)


def message(notice: Notice) -> EmailMultiAlternatives:
    """Return the mail of a notice, as text and as HTML."""
    return compose(notice, "notice", notice.user.email, _template_values(notice))


def message_to_send(notice: Notice) -> EmailMultiAlternatives | None:
    """Return the mail of a notice, or None for somebody who has lost the access meanwhile."""
    memberships = Membership.objects.filter(MAY_ENTER, school=notice.school_id)
    if not memberships.filter(user=notice.user_id).exists():
        notice.trouble = _("Not sent, because the person can't open the school any more.")
        return None
    return message(notice)


def link(notice: Notice) -> str:
    """Return the address of the page that the mail leads to."""
    page = f"runs/{notice.run_id}/" if notice.run_id else "history/"
    return f"{_school_address(notice)}/{page}"


OUTBOX: Final = Outbox(
    Notice, queue.SEND_NOTICE, ("run__school", "integration__school", "user"), message_to_send
)


def _write(
    integration: Integration, person: User, event: NoticeEvent, occasion: str, **columns: Any
) -> None:
    """Write one notice, once for each occasion, and wake a worker for it."""
    notice, created = Notice.objects.get_or_create(
        school=integration.school,
        user=person,
        occasion=occasion,
        defaults={"integration": integration, "event": event, **columns},
    )
    if created:
        wake(notice.pk)


def _template_values(notice: Notice) -> dict[str, Any]:
    school = notice.integration.school
    words = notice_words(notice)
    return {
        "subject": f"{school.name}: {words.headline}",
        "headline": words.headline,
        "school": school.name,
        "sentences": words.sentences,
        "counts": words.counts,
        "link": link(notice),
        "choices_link": f"{_school_address(notice)}/notifications/",
    }


def _school_address(notice: Notice) -> str:
    return f"{config.public_url.rstrip('/')}/schools/{notice.school_id}"
