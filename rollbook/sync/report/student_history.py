"""What the runs know about one student: the history of every change, and where each value came from."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.planning import WRITING_KINDS, ChangeKind
from rollbook.schools.models import User
from rollbook.students.models import (
    AccountEvent,
    AccountStatus,
    EventAction,
    FieldLock,
    Invitation,
    StudentAccount,
    StudentLogin,
)
from rollbook.sync.models import Change, Integration, Mode, Run, RunState
from rollbook.sync.report import change_rows
from rollbook.sync.setup import field_rules
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.kinds import KIND_LABELS
from rollbook.sync.words.sources import source_label, uploader_type
from rollbook.sync.words.states import started_by
from rollbook.sync.words.text import word

HAPPENED: Final = (RunState.DONE, RunState.UNDONE)


class Entry(NamedTuple):
    """One thing that happened to an account. `run` is None where a person did it by hand; what it did may be `undoable`."""

    at: datetime | None
    kind: str
    kind_label: str
    diffs: list[change_rows.Diff]
    run: Run | None
    by: str
    note: str
    undoable: bool = False


def history(account: StudentAccount) -> list[Entry]:
    """Everything that happened to an account, newest first: changes that runs applied, and what people did by hand."""
    entries = [*_by_runs(account), *_by_hand(account), *_invited(account)]
    entries.sort(key=lambda entry: (entry.at is not None, entry.at), reverse=True)
    return entries


def _applied(account: StudentAccount) -> QuerySet[Change]:
    return (
        Change.objects.filter(
            school_id=account.school_id,
            account_id=account.pk,
            kind__in=WRITING_KINDS,
            outcome__in=("", "undone"),
        )
        .filter(run__mode=Mode.LIVE, run__state__in=HAPPENED)
        .select_related("run__requested_by", "run__school", "run__undoes")
        .defer("fingerprint")
    )


def _by_runs(account: StudentAccount) -> list[Entry]:
    entries = []
    for change in _applied(account):
        run, row = change.run, change_rows.updated_row(change.run, change)
        kind = _("Created") if change.kind == ChangeKind.NEW else word(KIND_LABELS, change.kind)
        note = _("This was undone.") if change.outcome == "undone" else row.reason
        at, by = run.finished_at or run.requested_at, started_by(run)
        entries.append(
            Entry(at, change.kind, kind, row.diffs, run, by, note, row.undoable is not None)
        )
    return entries


def _by_hand(account: StudentAccount) -> list[Entry]:
    events = AccountEvent.objects.filter(
        school_id=account.school_id, account=account
    ).select_related("actor")
    return [
        Entry(
            event.at,
            event.action,
            event.get_action_display(),
            [
                change_rows.Diff(
                    word(FIELD_LABELS, key),
                    _status(event.before.get(key)),
                    _status(event.after.get(key)),
                    key,
                )
                for key in FIELD_LABELS
                if key in event.after
            ],
            None,
            _who(event.actor, event.via),
            _("By hand"),
        )
        for event in events
    ]


def _who(actor: User | None, via: str) -> str:
    if actor is not None:
        return actor.name
    return _("The student") if via == "student" else _("Command line")


def _invited(account: StudentAccount) -> list[Entry]:
    """Each registration email: to which address, who sent it, and what became of it."""
    sent = Invitation.objects.filter(school_id=account.school_id, account=account).select_related(
        "by"
    )
    return [
        Entry(
            each.created_at,
            "invited",
            _("Registration email"),
            [],
            None,
            each.by.name if each.by else _("Asked for"),
            _state_of(each),
        )
        for each in sent
    ]


def _state_of(invitation: Invitation) -> str:
    state = f"{invitation.get_state_display()}: {invitation.address}"
    return f"{state}. {invitation.trouble}" if invitation.trouble else state


class Registration(NamedTuple):
    """How a student stands with registering. `invitation` is the newest one."""

    registered_at: datetime | None
    last_sign_in_at: datetime | None
    invitation: Invitation | None

    @property
    def is_open(self) -> bool:
        """Whether a link is out that still works."""
        newest = self.invitation
        return (
            newest is not None
            and newest.used_at is None
            and newest.ended_at is None
            and newest.expires_at > timezone.now()
        )


def registration_of(account: StudentAccount) -> Registration:
    """Whether the student is registered, and the newest invitation."""
    login = StudentLogin.objects.filter(school_id=account.school_id, account=account).first()
    newest = (
        Invitation.objects.filter(school_id=account.school_id, account=account)
        .order_by("-created_at")
        .first()
    )
    if login is None:
        return Registration(None, None, newest)
    return Registration(login.registered_at, login.last_sign_in_at, newest)


def _status(code: Any) -> str:
    return str(dict(AccountStatus.choices).get(code, code or ""))


class Value(NamedTuple):
    """One value of an account and where it came from; `run` where it is known which one brought it. `kept`: no sync changes it."""

    label: str
    text: str
    origin: str
    run: Run | None
    kept: bool = False


def values(account: StudentAccount) -> list[Value]:
    """Every field of an account, in the order of STUDENT_FIELDS; "" is empty."""
    brought: dict[str, Run] = {}
    for change in sorted(_applied(account), key=lambda change: change.pk):
        if change.outcome == "":
            brought |= dict.fromkeys(change.after, change.run)
    kept_in_step = _mapped(account)
    edits = AccountEvent.objects.filter(
        school_id=account.school_id, account=account, action=EventAction.EDITED
    ).order_by("at")
    edited = {field: event.at for event in edits for field in event.after}
    locked = set(
        FieldLock.objects.filter(school_id=account.school_id, account=account).values_list(
            "field", flat=True
        )
    )
    told = []
    for key in STUDENT_FIELDS:
        run, at = brought.get(key), edited.get(key)
        by_hand = at is not None and (
            run is None or run.finished_at is None or run.finished_at < at
        )
        value = _value(account, key, None if by_hand else run, key in kept_in_step and not by_hand)
        told.append(
            value._replace(kept=key in locked, origin=_("By hand") if by_hand else value.origin)
        )
    return told


def filled_by_sis(account: StudentAccount) -> set[str]:
    """Fields whose value the next run would put back: those that the account's SIS fills each time."""
    found = Integration.objects.filter(school_id=account.school_id, source=account.source).first()
    return _mapped(account) - (field_rules.app_wins(found) if found else set())


def _mapped(account: StudentAccount) -> set[str]:
    """Fields that the account's integration fills: their values are the source's even where no change of a run is kept."""
    mappings = Integration.objects.filter(
        school_id=account.school_id, source=account.source
    ).values_list("mapping", flat=True)
    return {field for mapping in mappings for _source_field, field in mapping}


def _value(account: StudentAccount, key: str, run: Run | None, kept_in_step: bool) -> Value:
    held = getattr(account, key)
    if held is None or held == "":
        return Value(word(FIELD_LABELS, key), "", "", None)
    return Value(word(FIELD_LABELS, key), str(held), _origin(account, run, kept_in_step), run)


def _origin(account: StudentAccount, run: Run | None, kept_in_step: bool) -> str:
    if run is not None and (run.is_upload or run.is_undo):
        return uploader_type(run)
    return source_label(account.source) if run or kept_in_step else _("By hand")
