"""Stop 2 for a spreadsheet: the cells of one row → its values, or issues with a place."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from rollbook.roster.fields import ACTIVE, STUDENT_FIELDS
from rollbook.roster.planning.identity import Named, person_key
from rollbook.roster.records import ISSUE_NAME_LIMIT, ISSUE_VALUE_LIMIT, Issue, Severity
from rollbook.roster.sheets.cell_values import DateOrder, active_flag, date_by_order
from rollbook.roster.sheets.column_values import GENDERS
from rollbook.roster.sheets.full_names import (
    FULL_NAME,
    SPLIT_FIELDS,
    account_fields,
    can_be_split,
    split_name,
)
from rollbook.roster.sheets.headings import heading_key
from rollbook.roster.sheets.other_rows import other_row
from rollbook.roster.values.dates import is_unlikely_birth_date
from rollbook.roster.values.formulas import unguarded
from rollbook.roster.values.grades import grade
from rollbook.roster.values.identifiers import PLACEHOLDER, sheet_id
from rollbook.roster.values.parsers import PARSERS
from rollbook.roster.values.parsing import Unreadable, email_key

# The fields that a new account needs. An upload may make an account without a SIS ID.
UPLOAD_REQUIRED: Final = ("email", "first_name", "last_name", "graduation_year")
IDENTIFYING: Final = ("sis_id", "student_number", "email")
UPLOAD_FIELDS: Final = (*STUDENT_FIELDS, ACTIVE)
COLUMN_CHOICES: Final = (*UPLOAD_FIELDS, FULL_NAME)
NEVER_CLEARED: Final = frozenset((*UPLOAD_REQUIRED, "sis_id", ACTIVE))
# Fields for which a school can choose once what its own words mean.
VALUE_MAP_FIELDS: Final = ("gender", "grade_level", ACTIVE)
# Problems of a cell that make every value of its row doubtful.
WHOLE_ROW: Final = frozenset(("quote_misplaced", "row_too_long"))
_HEADING_LIMIT: Final = 100  # characters of a heading that an issue keeps
_FIRST_DAY: Final = date(1899, 12, 30)  # from which Excel counts days
_SERIALS: Final = range(10_000, 80_000)  # the years 1927 to 2119


class SheetCells(NamedTuple):
    """One row as the reader gives it. `number` is the row as the spreadsheet program counts it.

    `dates` are the columns whose cell was a date; their text is ISO. `problems` are pairs of a
    column and the issue code of its cell.
    """

    number: int
    texts: Sequence[str | None]
    dates: Sequence[int] = ()
    problems: Sequence[tuple[int, str]] = ()


class MatchedColumn(NamedTuple):
    """A column that fills one of our fields, or `ACTIVE`. `position` counts from 0.

    `of_full_name` says that the column has first and last name, and that this field is one of them.
    """

    position: int
    name: str
    field: str
    of_full_name: bool = False


class SheetRow(NamedTuple):
    """The values of one row.

    `values` has the fields that are filled in, and as None the fields to be cleared. `active` is
    None where the cell is blank. `skipped` is True where one of the issues is an error.
    """

    number: int
    values: dict[str, Any]
    active: bool | None
    issues: tuple[Issue, ...]
    skipped: bool

    @property
    def name(self) -> str:
        return _full_name(self.values)

    @property
    def email_key(self) -> str | None:
        address = self.values.get("email")
        return email_key(address) if address else None

    @property
    def person(self) -> Named:
        """The row's values that tell a person; None where the row has none."""
        values = self.values
        return Named(
            values.get("first_name"),
            values.get("last_name"),
            values.get("birth_date"),
            self.email_key,
            values.get("graduation_year"),
        )

    @property
    def person_key(self) -> tuple[str, str, str] | None:
        return person_key(self.person)

    @property
    def digest(self) -> bytes:
        """Return 16 bytes that are equal for two rows with the same content.

        Values that were left out count too: they are in the issues.
        """
        unread = [(issue.field, issue.value) for issue in self.issues]
        content = {**self.values, "email": self.email_key}, self.active, unread
        return blake2b(repr(content).encode("utf-8", "surrogatepass"), digest_size=16).digest()


class RowMapper:
    """Maps the rows of one upload. `today` is the day on which a student has an age.

    `value_maps` gives by field what the school's own words mean; the meaning "" leaves the word
    out. `example` is the template's example row, by field: a row like it is left out.
    """

    def __init__(
        self,
        columns: Sequence[MatchedColumn],
        date_order: DateOrder,
        value_maps: Mapping[str, Mapping[str, str]],
        blank_clears: bool,
        example: Mapping[str, str],
        today: date | None = None,
    ) -> None:
        self.columns = tuple(columns)
        self._column_of = {column.field: column for column in columns}
        self._headings = {each.position: (each.name, each.field) for each in columns}
        self._date_order = date_order
        self._meanings = {
            field: {word_key(word): meaning for word, meaning in words.items()}
            for field, words in value_maps.items()
        }
        self._blank_clears = blank_clears
        self._example = example
        self._today = today

    def map(self, cells: SheetCells) -> SheetRow:
        """Return the values of a row. Never raises: a cell that can't be read becomes an issue."""
        texts = {column.field: self._text(cells, column) for column in self.columns}
        name = _full_name(texts)
        for position, problem in cells.problems:
            if problem in WHOLE_ROW:
                return _doubtful_row(cells, position, problem, name)
        if not any(texts.values()):
            return _row_without_values(cells.number, "row_empty", name)
        if self._is_example(texts):
            return _row_without_values(cells.number, "example_row", name)
        note = other_row(cells.texts, self._headings)
        if note is not None:
            return _row_without_values(cells.number, note, name)
        values: dict[str, Any] = {}
        issues: list[Issue] = []
        for column in self.columns:
            text = texts[column.field]
            try:
                value = self._value(cells, column, text)
            except Unreadable as unreadable:
                issues.append(_cell_issue(unreadable.code, cells.number, name, column, text))
                continue
            if value is not None:
                values[column.field] = value
                if (unusual := unusual_value(column.field, text)) is not None:
                    issues.append(_cell_issue(unusual, cells.number, name, column, text))
            elif self._blank_clears and text is None and column.field not in NEVER_CLEARED:
                values[column.field] = None
        active = values.pop(ACTIVE, None)
        if self._has_unlikely_birth_date(values):
            birth_dates, text = self._column_of["birth_date"], texts["birth_date"]
            issues.append(_cell_issue("birth_date_unlikely", cells.number, name, birth_dates, text))
        sis_id = values.get("sis_id")
        skipped = any(issue.severity is Severity.ERROR for issue in issues)
        with_sis_id = tuple(issue._replace(sis_id=sis_id) for issue in issues)
        return SheetRow(cells.number, values, active, with_sis_id, skipped)

    def _has_unlikely_birth_date(self, values: Mapping[str, Any]) -> bool:
        born = values.get("birth_date")
        if born is None:
            return False
        return is_unlikely_birth_date(born, values.get("graduation_year"), self._today)

    def missing(self, row: SheetRow) -> tuple[Issue, ...]:
        """Return an issue for each required value that a row for a new account lacks."""
        lacking = [field for field in UPLOAD_REQUIRED if row.values.get(field) is None]
        return tuple(self.issue("required_empty", row, field) for field in lacking)

    def issue(
        self, code: str, row: SheetRow, field: str, severity: Severity = Severity.ERROR
    ) -> Issue:
        """Return an issue about a whole row, placed at the column of a field."""
        value = str(row.values.get(field) or "")
        issue = self.issue_at(code, row.number, field, value)
        sis_id = row.values.get("sis_id")
        return issue._replace(severity=severity, sis_id=sis_id, name=row.name)

    def issue_at(self, code: str, row_number: int, field: str, value: str) -> Issue:
        """Return an error placed at the column of a field, without the student's name."""
        column = self._column_of.get(field)
        # The cell of a full name has more than this value, so it can't be corrected by it.
        is_part = column is not None and column.of_full_name and bool(value)
        return Issue(
            code=code,
            severity=Severity.ERROR,
            sis_id=None,
            name="",
            field=field,
            source_field=column.name[:_HEADING_LIMIT] if column else "",
            value=value[:ISSUE_VALUE_LIMIT],
            row_number=row_number,
            column_index=column.position if column and not is_part else None,
        )

    def _is_example(self, texts: Mapping[str, str | None]) -> bool:
        return all(
            texts.get(field) == self._example.get(field)
            for field in ("email", "first_name", "last_name")
        )

    def _text(self, cells: SheetCells, column: MatchedColumn) -> str | None:
        """Return the text of a cell, with a word of the school replaced by its meaning."""
        if column.position >= len(cells.texts):
            return None
        text = (cells.texts[column.position] or "").strip()
        text = unguarded(text)  # our own csv files guard what looks like a formula
        if column.of_full_name:
            return _part_of_name(text, column.field)
        if text and column.field in self._meanings:
            text = self._meanings[column.field].get(word_key(text), text)
        return text or None

    def _value(self, cells: SheetCells, column: MatchedColumn, text: str | None) -> Any:
        """Return the value of a cell, None for a blank. Raises Unreadable."""
        for position, code in cells.problems:
            if position == column.position:
                raise Unreadable(code)
        if column.field == ACTIVE:
            return active_flag(text, column.name)
        if column.of_full_name and text is not None:
            self._check_full_name(cells, column)
        field = STUDENT_FIELDS[column.field]
        if field.kind == "date" and text is not None and column.position not in cells.dates:
            return date_by_serial(text) or date_by_order(text, self._date_order)
        if field.kind == "identifier":
            if text is not None and column.position in cells.dates:
                raise Unreadable("id_as_date")
            return sheet_id(text, field.limit)
        return PARSERS[column.field](text, field.limit)

    def _check_full_name(self, cells: SheetCells, column: MatchedColumn) -> None:
        """Raise Unreadable for a name that can't be split. One field of the two says so."""
        if column.field == SPLIT_FIELDS[0]:
            split_name(cells.texts[column.position] or "")


def _part_of_name(text: str, field: str) -> str | None:
    """Return the first or last name of a full name; one that can't be split is all last name."""
    if can_be_split(text):
        return str(getattr(split_name(text), field))
    return text or None if field == SPLIT_FIELDS[0] else None


def matched_columns(position: int, name: str, choice: str) -> list[MatchedColumn]:
    """Return the fields that a column fills: two for one with full names."""
    split = choice == FULL_NAME
    return [MatchedColumn(position, name, field, split) for field in account_fields(choice)]


def _full_name(values: Mapping[str, str | None]) -> str:
    names = [values.get("first_name"), values.get("last_name")]
    return " ".join(filter(None, names))[:ISSUE_NAME_LIMIT]


def _row_without_values(number: int, code: str, name: str) -> SheetRow:
    note = Issue(code, Severity.NOTE, None, name, row_number=number)
    return SheetRow(number, {}, None, (note,), skipped=True)


def _doubtful_row(cells: SheetCells, position: int, code: str, name: str) -> SheetRow:
    """Return a row of which no value is used, because of the cell at this position."""
    issue = Issue(
        code=code,
        severity=Severity.ERROR,
        sis_id=None,
        name=name,
        value=_visible(cells.texts[position]),
        row_number=cells.number,
        column_index=position if code == "quote_misplaced" else None,
    )
    return SheetRow(cells.number, {}, None, (issue,), skipped=True)


def _visible(text: str | None) -> str:
    """Return a text as an issue keeps it; what can't be seen in it is a box."""
    shown = (text or "")[:ISSUE_VALUE_LIMIT]
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in shown)


def _cell_issue(
    code: str, row_number: int, name: str, column: MatchedColumn, text: str | None
) -> Issue:
    """Return an issue about one cell."""
    severity = Severity.ERROR
    if code == PLACEHOLDER:
        code = "id_left_out"
    if code in ("gender_unknown", "grade_unclear", "id_left_out"):
        severity = Severity.NOTE
    if code == "birth_date_unlikely":
        severity = Severity.WARNING
    if code.startswith("email_") and column.field == "personal_email":
        code, severity = "personal_email_invalid", Severity.WARNING
    return Issue(
        code=code,
        severity=severity,
        sis_id=None,
        name=name,
        field=column.field,
        source_field=column.name[:_HEADING_LIMIT],
        value=_visible(text),
        row_number=row_number,
        column_index=column.position,
    )


def word_key(word: str) -> str:
    """Return the form in which two spellings of a school's word are the same."""
    return " ".join(word.split()).casefold()


def date_by_serial(text: str) -> date | None:
    """Return the day that Excel wrote as a number, as in a cell without a format; else None.

    40301 is 3 May 2010.
    """
    number = text.removesuffix(".0")
    if len(number) != 5 or not (number.isascii() and number.isdigit()):
        return None
    return _FIRST_DAY + timedelta(int(number)) if int(number) in _SERIALS else None


def unusual_value(field: str, text: str | None) -> str | None:
    """Return the code of a note about a value that is imported although it is not a usual one."""
    if text is None:
        return None
    if field == "gender" and heading_key(text) not in GENDERS:
        return "gender_unknown"
    return "grade_unclear" if field == "grade_level" and grade(text) is None else None


def is_understood(field: str, text: str, heading: str = "") -> bool:
    """Return whether we know a word of a gender, grade or active column."""
    if field != ACTIVE:
        return unusual_value(field, text) is None
    try:
        return active_flag(text, heading) is not None
    except Unreadable:
        return False
