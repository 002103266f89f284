"""What happened to one account: changes that runs applied, edits by hand, registration mails."""

from datetime import datetime
from typing import Final, NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rollbook.roster.planning.changes import WRITING_KINDS, ChangeKind
from rollbook.students.models import AccountEvent, Invitation, StudentAccount
from rollbook.sync.models import Change, Mode, Run, RunState
from rollbook.sync.report.change_rows import Diff, updated_row
from rollbook.sync.words.fields import field_label, shown_keys, value_text
from rollbook.sync.words.kinds import KIND_LABELS
from rollbook.sync.words.states import started_by
from rollbook.sync.words.text import word

APPLIED_IN: Final = (RunState.DONE, RunState.UNDONE)


class HistoryEntry(NamedTuple):
    """One thing that happened to an account. `run` is None for what a person did by hand."""

    at: datetime | None
    kind: str
    kind_label: str
    diffs: list[Diff]
    run: Run | None
    by: str
    note: str
    undoable: bool = False


def history(account: StudentAccount) -> list[HistoryEntry]:
    """Return everything that happened to an account, newest first."""
    entries = [*_run_entries(account), *_event_entries(account), *_invitation_entries(account)]
    entries.sort(key=lambda entry: (entry.at is not None, entry.at), reverse=True)
    return entries


def applied_changes(account: StudentAccount) -> QuerySet[Change]:
    """Return the changes of an account that live runs applied, undone ones too."""
    changes = Change.objects.filter(
        school_id=account.school_id,
        account_id=account.pk,
        kind__in=WRITING_KINDS,
        outcome__in=("", "undone"),
        run__mode=Mode.LIVE,
        run__state__in=APPLIED_IN,
    )
    related = ("run__requested_by", "run__school", "run__undoes")
    return changes.select_related(*related).defer("fingerprint")


def _run_entries(account: StudentAccount) -> list[HistoryEntry]:
    entries = []
    for change in applied_changes(account):
        run = change.run
        row = updated_row(run, change)
        is_new = change.kind == ChangeKind.NEW
        entry = HistoryEntry(
            at=run.finished_at or run.requested_at,
            kind=change.kind,
            kind_label=_("Created") if is_new else word(KIND_LABELS, change.kind),
            diffs=row.diffs,
            run=run,
            by=started_by(run),
            note=_("This was undone.") if change.outcome == "undone" else row.reason,
            undoable=row.undoable is not None,
        )
        entries.append(entry)
    return entries


def _event_entries(account: StudentAccount) -> list[HistoryEntry]:
    events = AccountEvent.objects.filter(school_id=account.school_id, account=account)
    return [
        HistoryEntry(
            at=event.at,
            kind=event.action,
            kind_label=event.get_action_display(),
            diffs=_event_diffs(event),
            run=None,
            by=_person(event),
            note=_("By hand"),
        )
        for event in events.select_related("actor")
    ]


def _event_diffs(event: AccountEvent) -> list[Diff]:
    diffs = []
    for key in shown_keys(event.after):
        before = value_text(key, event.before.get(key))
        after = value_text(key, event.after.get(key))
        diffs.append(Diff(field_label(key), before, after, key))
    return diffs


def _person(event: AccountEvent) -> str:
    if event.actor is not None:
        return event.actor.name
    return _("The student") if event.via == "student" else _("Command line")


def _invitation_entries(account: StudentAccount) -> list[HistoryEntry]:
    """Return the registration mails, each with its address, sender and delivery."""
    invitations = Invitation.objects.filter(school_id=account.school_id, account=account)
    return [
        HistoryEntry(
            at=invitation.created_at,
            kind="invited",
            kind_label=_("Registration email"),
            diffs=[],
            run=None,
            by=invitation.by.name if invitation.by else _("Asked for"),
            note=_delivery(invitation),
        )
        for invitation in invitations.select_related("by")
    ]


def _delivery(invitation: Invitation) -> str:
    state = f"{invitation.get_state_display()}: {invitation.address}"
    return f"{state}. {invitation.trouble}" if invitation.trouble else state
