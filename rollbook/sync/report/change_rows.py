"""Stop 8: the stored changes of a run, read back as rows of the screen and of the Excel file."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.planning.changes import WRITING_KINDS, ChangeKind
from rollbook.students.searching import having_words, person_text
from rollbook.sync.models import Change, Mode, Run, RunState
from rollbook.sync.report.classes import in_class
from rollbook.sync.report.row_list import RowList
from rollbook.sync.words.fields import FIELD_LABELS, field_label, shown_keys, value_text
from rollbook.sync.words.kinds import EMAIL_CHANGED, KIND_LABELS, LISTED_KINDS, UPDATED_KINDS
from rollbook.sync.words.reasons import Reasons
from rollbook.sync.words.states import outcome_words
from rollbook.sync.words.text import word

CHANGE_TEXT: Final = person_text("first_name", "last_name", "email", "sis_id")


class Diff(NamedTuple):
    """One field before and after, as text; "" is empty. Dates are year-month-day."""

    field_label: str
    before: str
    after: str
    field: str


class NewRow(NamedTuple):
    """One account to create.

    `after` are the stored values by field. `undoable` is the id of the account while the row is
    applied and not undone.
    """

    sis_id: str
    first_name: str
    last_name: str
    email: str
    graduation_year: int | None
    outcome: str
    after: Mapping[str, Any]
    row_number: int | None = None
    reason: str = ""
    undoable: UUID | None = None
    account_id: UUID | None = None

    @property
    def values(self) -> list[tuple[str, str]]:
        """The label and the text of every field that the account gets."""
        return [
            (word(FIELD_LABELS, key), value_text(key, self.after[key]))
            for key in (*STUDENT_FIELDS, "status")
            if self.after.get(key) is not None
        ]


class UpdatedRow(NamedTuple):
    """One change of an account that exists, or an account that is only listed.

    `kind` is the code. `undoable` is the id of the account while the row is applied and not undone.
    """

    kind: str
    kind_label: str
    sis_id: str
    name: str
    email: str
    diffs: list[Diff]
    outcome: str
    reason: str
    row_number: int | None = None
    undoable: UUID | None = None
    account_id: UUID | None = None


def new_rows(run: Run, search: str = "", student_class: str | None = None) -> RowList[NewRow]:
    """Return the accounts that a run creates, or would create. `student_class` is a class code."""
    changes = _in_class(_changes(run, search, (ChangeKind.NEW,)), run, student_class)
    return RowList(changes, _Rows(run).new, one_pass=bool(search or student_class))


def updated_rows(
    run: Run, search: str = "", kind: str | None = None, student_class: str | None = None
) -> RowList[UpdatedRow]:
    """Return the accounts that a run changes, or those of one kind.

    Besides the kinds of changes, `kind` can be one that is only listed, or "email_changed".
    """
    changes = _in_class(_updated(run, search, kind), run, student_class)
    return RowList(changes, _Rows(run).updated, one_pass=bool(search or student_class))


def plan_rows(
    run: Run, search: str = "", kind: str | None = None, student_class: str | None = None
) -> QuerySet[Change]:
    """Return the stored changes of all kinds, or of one, filtered as in the tabs."""
    if kind == EMAIL_CHANGED:
        changes = _updated(run, search, kind)
    else:
        changes = _changes(run, search, (kind,) if kind else ChangeKind)
    return _in_class(changes, run, student_class)


def updated_row(run: Run, change: Change) -> UpdatedRow:
    """Return one stored change of any kind with its words."""
    return _Rows(run).updated(change)


class _Rows:
    """Turns the stored changes of one run into rows.

    The words that many rows have in common are looked up once, see `words.reasons.Reasons`.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._reasons = Reasons(run)
        self._outcomes: dict[tuple[str, str], str] = {}
        self._labels: dict[str, str] = {}

    def new(self, change: Change) -> NewRow:
        return NewRow(
            sis_id=change.sis_id or "",
            first_name=change.first_name,
            last_name=change.last_name,
            email=change.email,
            graduation_year=change.after.get("graduation_year"),
            outcome=self._outcome(change),
            after=change.after,
            row_number=change.row_number,
            reason=self._reasons.of(change),
            undoable=change.account_id if _is_undoable(self._run, change) else None,
            account_id=change.account_id,
        )

    def updated(self, change: Change) -> UpdatedRow:
        return UpdatedRow(
            kind=change.kind,
            kind_label=word(KIND_LABELS, change.kind),
            sis_id=change.sis_id or "",
            name=f"{change.first_name} {change.last_name}",
            email=change.email,
            diffs=self._diffs(change),
            outcome=self._outcome(change),
            reason=self._reasons.of(change),
            row_number=change.row_number,
            undoable=change.account_id if _is_undoable(self._run, change) else None,
            account_id=change.account_id,
        )

    def _outcome(self, change: Change) -> str:
        key = (change.kind, change.outcome)
        if key not in self._outcomes:
            self._outcomes[key] = outcome_words(self._run, change)
        return self._outcomes[key]

    def _diffs(self, change: Change) -> list[Diff]:
        """Return each field that a change writes, before and after."""
        diffs = [self._diff(change, key) for key in shown_keys(change.before, change.after)]
        if "email_key" in change.after and "email" not in change.after:
            # The e-mail is freed, or given back: the account shows the same one before and after.
            label = word(FIELD_LABELS, "email")
            diffs.append(self._diff(change, "email_key")._replace(field_label=label))
        return diffs

    def _diff(self, change: Change, key: str) -> Diff:
        if key not in self._labels:
            self._labels[key] = field_label(key)
        before = value_text(key, change.before.get(key))
        after = value_text(key, change.after.get(key))
        return Diff(self._labels[key], before, after, key)


def _is_undoable(run: Run, change: Change) -> bool:
    """Return whether a row was applied and not undone since."""
    written = change.kind in WRITING_KINDS and change.outcome == ""
    return written and run.state == RunState.DONE and run.mode == Mode.LIVE


def _changes(run: Run, search: str, kinds: Iterable[str]) -> QuerySet[Change]:
    changes = Change.objects.filter(school_id=run.school_id, run_id=run.pk, kind__in=tuple(kinds))
    return having_words(changes, search, CHANGE_TEXT).defer("fingerprint").order_by("pk")


def _updated(run: Run, search: str, kind: str | None) -> QuerySet[Change]:
    if kind == EMAIL_CHANGED:
        kinds = [kind for kind in UPDATED_KINDS if kind is not ChangeKind.EMAIL_FREED]
        return _changes(run, search, kinds).filter(after__has_key="email_key")
    if kind is None or kind == "":
        return _changes(run, search, UPDATED_KINDS)
    return _changes(run, search, {kind}.intersection((*UPDATED_KINDS, *LISTED_KINDS)))


def _in_class(changes: QuerySet[Change], run: Run, student_class: str | None) -> QuerySet[Change]:
    return in_class(changes, run, student_class) if student_class else changes
