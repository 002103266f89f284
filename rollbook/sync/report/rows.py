"""Stop 8: the stored plan of a run, read back as the rows of the screen and of the Excel file."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Count, Model, QuerySet
from django.utils.translation import gettext

from rollbook.roster.columns import ACTIVE, column_letter
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.planning import WRITING_KINDS, ChangeKind
from rollbook.roster.problems import IssueDetails, explain
from rollbook.sources.registry import SOURCES
from rollbook.students.models import AccountStatus
from rollbook.students.searching import having_words, lower_text
from rollbook.sync.models import Change, Issue, Mode, Run, RunState
from rollbook.sync.report.classes import StudentClass, classes_of, in_class
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.kinds import KIND_LABELS, LISTED_KINDS, UPDATED_KINDS
from rollbook.sync.words.reasons import reason_of
from rollbook.sync.words.severities import SEVERITY_LABELS, WHO_LABELS, worst_first
from rollbook.sync.words.sources import sis_label, source_label
from rollbook.sync.words.states import outcome_words
from rollbook.sync.words.text import translated, word

CHUNK = 2_000  # rows that a server-side cursor hands over at a time
ISSUE_TEXT: Final = lower_text("name", "sis_id", "value")
CHANGE_TEXT: Final = lower_text("first_name", "last_name", "email", "sis_id")


class TabCounts(NamedTuple):
    """How many rows each tab has; `errors` counts every severity, as the tab does."""

    errors: int
    new: int
    updated: int


class ErrorRow(NamedTuple):
    """One problem of a run. `severity` is the code, all else is ready to show; `sis_id` and `name` are empty for a run-wide one.

    `place` is where it stands in a spreadsheet, "" for a SIS; `row_number` and `column_index` (from 0) are the same for machines.
    """

    severity: str
    severity_label: str
    sis_id: str
    name: str
    field_label: str
    source_field: str
    value: str
    cause: str
    remedy: str
    who: str
    place: str = ""
    row_number: int | None = None
    column_index: int | None = None
    who_code: str = ""
    code: str = ""


class NewRow(NamedTuple):
    """One account to be made. `values` are (label, text) of every field it gets, `after` the same by field key as it is stored."""

    sis_id: str
    first_name: str
    last_name: str
    email: str
    graduation_year: int | None
    values: list[tuple[str, str]]
    outcome: str
    after: Mapping[str, Any]
    row_number: int | None = None
    reason: str = ""
    undoable: UUID | None = None


class Diff(NamedTuple):
    """One field before → after, as text; "" is empty. Dates are year-month-day. `field` is its key."""

    field_label: str
    before: str
    after: str
    field: str


class UpdatedRow(NamedTuple):
    """One account that is linked, updated or returning (or only listed), with what differs. `kind` is the code.

    `undoable` is the account's id where this was applied and still holds.
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


M = TypeVar("M", bound=Model)
R = TypeVar("R")


class Rows(Generic[R]):
    """A lazy sequence: counted, sliced and walked through without being loaded whole."""

    def __init__(self, records: QuerySet[M], show: Callable[[M], R]) -> None:
        self._records: QuerySet[Any] = records
        self._show: Callable[[Any], R] = show

    def count(self) -> int:
        return self._records.count()

    def __getitem__(self, part: slice) -> list[R]:
        return [self._show(record) for record in self._records[part]]

    def __iter__(self) -> Iterator[R]:
        return map(self._show, self._records.iterator(chunk_size=CHUNK))


def report_rows(
    run: Run, tab: str, search: str = ""
) -> Rows[ErrorRow] | Rows[NewRow] | Rows[UpdatedRow]:
    """The rows of the tab `errors`, `new` or `updated`."""
    if tab == "errors":
        return error_rows(run, search)
    return new_rows(run, search) if tab == "new" else updated_rows(run, search)


def error_rows(run: Run, search: str = "", severity: str | None = None) -> Rows[ErrorRow]:
    """The problems of a run, errors first; `search` looks at name, SIS ID and the value (which is where an e-mail is)."""
    issues = Issue.objects.filter(school_id=run.school_id, run_id=run.pk)
    issues = having_words(issues, search, ISSUE_TEXT)
    if severity:
        issues = issues.filter(severity=severity)
    places = Places.of(run)
    return Rows(issues.order_by(worst_first(), "pk"), lambda issue: error_row(issue, places))


def problem(run: Run, issue: Issue) -> ErrorRow:
    """One problem of a run with its words."""
    return error_row(issue, Places.of(run))


def explained(run: Run, issues: QuerySet[Issue]) -> Iterator[tuple[Issue, ErrorRow]]:
    """These problems of a run, each with its words."""
    places = Places.of(run)
    for issue in issues.iterator(chunk_size=CHUNK):
        yield issue, error_row(issue, places)


def row_of(run: Run, change: Change) -> UpdatedRow:
    """One stored change as a row, whatever its kind: what was and what became."""
    return _updated_row(run, change)


def new_rows(run: Run, search: str = "", student_class: str | None = None) -> Rows[NewRow]:
    """The accounts that the run makes, or would make; of one class alone, see `report_classes`."""
    changes = _changes(run, search, (ChangeKind.NEW,))
    return Rows(
        in_class(changes, student_class) if student_class else changes,
        lambda change: _new_row(run, change),
    )


def updated_rows(
    run: Run, search: str = "", kind: str | None = None, student_class: str | None = None
) -> Rows[UpdatedRow]:
    """The accounts that the run links, updates, brings back or closes; another `kind` lists those that it leaves alone.

    `kind` "email_changed" are those of any kind that get another sign-in e-mail; `student_class` is one of `report_classes`.
    """
    changes = _updated(run, search, kind)
    return Rows(
        in_class(changes, student_class) if student_class else changes,
        lambda change: _updated_row(run, change),
    )


def plan_rows(
    run: Run, search: str = "", kind: str | None = None, student_class: str | None = None
) -> QuerySet[Change]:
    """The stored rows of every kind, narrowed as those of the tabs."""
    changes = (
        _updated(run, search, kind)
        if kind == "email_changed"
        else _changes(run, search, (kind,) if kind else tuple(ChangeKind))
    )
    return in_class(changes, student_class) if student_class else changes


def classes(run: Run, tab: str) -> list[StudentClass]:
    """The classes of the students in the tab `new` or `updated`, whatever else it is narrowed to."""
    return classes_of(
        _changes(run, "", (ChangeKind.NEW,) if tab == "new" else (*UPDATED_KINDS, *LISTED_KINDS))
    )


def tab_counts(run: Run) -> TabCounts:
    """Counted from the stored rows, so that it always agrees with what the tabs show."""
    kinds = {kind: sum(by_outcome.values()) for kind, by_outcome in count_changes(run).items()}
    issues = Issue.objects.filter(school_id=run.school_id, run_id=run.pk).count()
    return TabCounts(
        issues, kinds.get(ChangeKind.NEW, 0), sum(kinds.get(kind, 0) for kind in UPDATED_KINDS)
    )


def count_changes(run: Run) -> dict[str, dict[str, int]]:
    """The stored rows by kind, and within it by outcome ("" or `overtaken`)."""
    changes = Change.objects.filter(school_id=run.school_id, run_id=run.pk).order_by()
    counts: dict[str, dict[str, int]] = {}
    for kind, outcome, number in changes.values_list("kind", "outcome").annotate(Count("pk")):
        counts.setdefault(kind, {})[outcome] = number
    return counts


def has_plan(run: Run) -> bool:
    """Whether the run came so far that its plan is complete; before that a report would look like one of a smaller school."""
    return bool(run.counts)


def mapped_fields(run: Run) -> list[str]:
    """Keys of the fields that the run's mapping fills, in the order of STUDENT_FIELDS; all of them where it isn't known.

    With an Active column of an upload, `status` besides.
    """
    chosen = {field for _source_field, field in run.settings.get("mapping", ())}
    return [key for key in STUDENT_FIELDS if key in chosen or not chosen] + (
        ["status"] if ACTIVE in chosen else []
    )


def _changes(run: Run, search: str, kinds: tuple[str, ...]) -> QuerySet[Change]:
    changes = Change.objects.filter(school_id=run.school_id, run_id=run.pk, kind__in=kinds)
    changes = having_words(changes, search, CHANGE_TEXT)
    return changes.defer("fingerprint").order_by("pk")


def _updated(run: Run, search: str, kind: str | None) -> QuerySet[Change]:
    if kind == "email_changed":
        return _changes(run, search, UPDATED_KINDS).filter(after__has_key="email_key")
    return _changes(
        run,
        search,
        tuple(each for each in (*UPDATED_KINDS, *LISTED_KINDS) if each == kind)
        if kind
        else UPDATED_KINDS,
    )


class Places(NamedTuple):
    """Where a field comes from: the SIS's label, its field by ours, and where a registrar finds it."""

    sis: str
    source_of: dict[str, str]
    where: dict[str, str]

    @classmethod
    def of(cls, run: Run) -> "Places":
        source_of = {field: source_field for source_field, field in run.settings.get("mapping", ())}
        rows = (
            SOURCES[run.source].variant(run.settings.get("variant", "")).mapping
            if run.source in SOURCES
            else ()
        )
        return cls(
            sis_label(run), source_of, {row.source_field: translated(row.where) for row in rows}
        )


def error_row(issue: Issue, places: Places) -> ErrorRow:
    """An issue with its words."""
    label = word(FIELD_LABELS, issue.field)
    source_field = issue.source_field or places.source_of.get(issue.field, "")
    where, sis_id = places.where.get(source_field, ""), issue.sis_id or ""
    place = place_of(issue.row_number, issue.column_index)
    details = IssueDetails(
        code=issue.code,
        sis=places.sis,
        source_field=source_field,
        where=where,
        field_label=label,
        value=issue.value,
        sis_id=sis_id,
        place=place,
        other=issue.other,
    )
    explanation = explain(details, gettext)
    return ErrorRow(
        issue.severity,
        word(SEVERITY_LABELS, issue.severity),
        sis_id,
        issue.name,
        label,
        source_field,
        issue.value,
        explanation.cause,
        explanation.remedy,
        word(WHO_LABELS, explanation.fixed_by),
        place,
        issue.row_number,
        issue.column_index,
        explanation.fixed_by,
        issue.code,
    )


def place_of(row_number: int | None, column_index: int | None) -> str:
    """Where something stands in a spreadsheet: "row 12, column D"."""
    if row_number is None:
        return ""
    if column_index is None:
        return gettext("row %(row)s") % {"row": row_number}
    return gettext("row %(row)s, column %(column)s") % {
        "row": row_number,
        "column": column_letter(column_index),
    }


def _new_row(run: Run, change: Change) -> NewRow:
    after = change.after
    values = [
        (word(FIELD_LABELS, key), _shown(key, after[key]))
        for key in (*STUDENT_FIELDS, "status")
        if after.get(key) is not None
    ]
    return NewRow(
        change.sis_id or "",
        change.first_name,
        change.last_name,
        change.email,
        after.get("graduation_year"),
        values,
        outcome_words(run, change),
        after,
        change.row_number,
        reason_of(run, change),
        change.account_id if is_held(run, change) else None,
    )


def _updated_row(run: Run, change: Change) -> UpdatedRow:
    diffs = [
        Diff(
            word(FIELD_LABELS, key),
            _shown(key, change.before.get(key)),
            _shown(key, change.after.get(key)),
            key,
        )
        for key in FIELD_LABELS
        if key in change.after or key in change.before
    ]
    return UpdatedRow(
        change.kind,
        word(KIND_LABELS, change.kind),
        change.sis_id or "",
        f"{change.first_name} {change.last_name}",
        change.email,
        diffs,
        outcome_words(run, change),
        reason_of(run, change),
        change.row_number,
        change.account_id if is_held(run, change) else None,
    )


def is_held(run: Run, change: Change) -> bool:
    """Whether a row was applied and not undone since."""
    written = change.kind in WRITING_KINDS and change.outcome == ""
    return written and run.state == RunState.DONE and run.mode == Mode.LIVE


def _shown(field: str, value: Any) -> str:
    """A stored value as text; codes as their labels."""
    if value is None:
        return ""
    if field == "status":
        return str(dict(AccountStatus.choices).get(value, value))
    if field == "source" and value:
        return source_label(value)
    return str(value)
