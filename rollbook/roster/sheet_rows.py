"""Stop 2 for a spreadsheet: the cells of one row → what the row says, or the issues that say why not, with row and column."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from rollbook.roster import values
from rollbook.roster.cell_values import DateOrder, active_flag, date_by_order
from rollbook.roster.columns import ACTIVE, GENDERS, bare_name
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.records import ISSUE_NAME_LIMIT, ISSUE_VALUE_LIMIT, Issue, Severity
from rollbook.roster.values import Unreadable

# What a new account can't do without; an upload may make one without a SIS ID.
UPLOAD_REQUIRED: Final = ("email", "first_name", "last_name", "graduation_year")
IDENTIFYING: Final = ("sis_id", "student_number", "email")
UPLOAD_FIELDS: Final = (*STUDENT_FIELDS, ACTIVE)
NEVER_CLEARED: Final = frozenset((*UPLOAD_REQUIRED, "sis_id", ACTIVE))
MAPPED_VALUES: Final = (
    "gender",
    "grade_level",
    ACTIVE,
)  # fields whose words a school can explain to us once
FORMULA_SIGNS: Final = ("=", "+", "-", "@")
_FIRST_DAY: Final = date(1899, 12, 30)  # from which Excel counts days
_SERIALS: Final = range(10_000, 80_000)  # the years 1927 to 2119


class Cells(NamedTuple):
    """One row as the reader gives it: texts, the columns whose cell was a date (their text is ISO), and (column, code) of bad cells."""

    number: int
    texts: Sequence[str | None]
    dates: Sequence[int] = ()
    problems: Sequence[tuple[int, str]] = ()


class Column(NamedTuple):
    """A column that fills one of our fields, or `ACTIVE`. `position` counts from 0, `name` is its heading."""

    position: int
    name: str
    field: str


class SheetRow(NamedTuple):
    """What one row says. `said` has the fields that hold something, and as None those to be cleared; `active` is None where it is blank.

    `skipped` says that one of the issues keeps the row out.
    """

    number: int
    said: dict[str, Any]
    active: bool | None
    issues: tuple[Issue, ...]
    skipped: bool

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.said.get("first_name"), self.said.get("last_name"))))[
            :ISSUE_NAME_LIMIT
        ]

    @property
    def email_key(self) -> str | None:
        address = self.said.get("email")
        return values.email_key(address) if address else None

    @property
    def digest(self) -> bytes:
        """Tells whether two rows say the same."""
        unread = [
            (issue.field, issue.value) for issue in self.issues
        ]  # a value that was left out is said too
        told = {**self.said, "email": self.email_key}, self.active, unread
        return blake2b(repr(told).encode("utf-8", "surrogatepass"), digest_size=16).digest()


class RowMapper:
    """Maps the rows of one upload. `value_maps` gives, by field, what the school's own words mean ("" is: leave it out).

    `example` is the template's example row, by field: it is recognised and left out.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        date_order: DateOrder,
        value_maps: Mapping[str, Mapping[str, str]],
        blank_clears: bool,
        example: Mapping[str, str],
    ) -> None:
        self.columns = tuple(columns)
        self._of = {column.field: column for column in columns}
        self._order = date_order
        self._meanings = {
            field: {word_key(word): meaning for word, meaning in words.items()}
            for field, words in value_maps.items()
        }
        self._blank_clears = blank_clears
        self._example = example

    def map(self, row: Cells) -> SheetRow:
        """Never raises: what can't be read becomes an issue."""
        texts = {column.field: self._text(row, column) for column in self.columns}
        name = " ".join(filter(None, (texts.get("first_name"), texts.get("last_name"))))[
            :ISSUE_NAME_LIMIT
        ]
        if not any(texts.values()):
            return SheetRow(
                row.number,
                {},
                None,
                (Issue("row_empty", Severity.NOTE, None, "", row_number=row.number),),
                True,
            )
        if all(
            texts.get(field) == self._example.get(field)
            for field in ("email", "first_name", "last_name")
        ):
            return SheetRow(
                row.number,
                {},
                None,
                (Issue("example_row", Severity.NOTE, None, name, row_number=row.number),),
                True,
            )
        said: dict[str, Any] = {}
        issues: list[Issue] = []
        bad = dict(row.problems)
        for column in self.columns:
            text = texts[column.field]
            try:
                if column.position in bad:
                    raise Unreadable(bad[column.position])
                value = self._value(column, text, column.position in row.dates)
            except Unreadable as unreadable:
                issues.append(self._issue(unreadable.code, row.number, name, column, text))
                continue
            if value is not None:
                said[column.field] = value
                if (code := doubt(column.field, text)) is not None:
                    issues.append(self._issue(code, row.number, name, column, text))
            elif self._blank_clears and text is None and column.field not in NEVER_CLEARED:
                said[column.field] = None
        active = said.pop(ACTIVE, None)
        sis_id = said.get("sis_id")
        skipped = any(issue.severity is Severity.ERROR for issue in issues)
        return SheetRow(
            row.number,
            said,
            active,
            tuple(issue._replace(sis_id=sis_id) for issue in issues),
            skipped,
        )

    def _text(self, row: Cells, column: Column) -> str | None:
        """The cell's text, as the school's own words translate it."""
        text = row.texts[column.position] if column.position < len(row.texts) else None
        text = text.strip() or None if text else None
        if (
            text is not None and text[0] == "'" and text[1:2] in FORMULA_SIGNS
        ):  # as our own csv files write what could be a formula
            text = text[1:]
        if text is not None and column.field in self._meanings:
            text = self._meanings[column.field].get(word_key(text), text) or None
        return text

    def _value(self, column: Column, text: str | None, is_date: bool) -> Any:
        if column.field == ACTIVE:
            return active_flag(text)
        field = STUDENT_FIELDS[column.field]
        if field.kind == "date" and not is_date and text is not None:
            return date_by_serial(text) or date_by_order(text, self._order)
        return values.PARSERS[field.kind](text, field.limit)

    def _issue(self, code: str, number: int, name: str, column: Column, text: str | None) -> Issue:
        severity = Severity.NOTE if code in ("gender_unknown", "grade_unclear") else Severity.ERROR
        if code == "email_invalid" and column.field == "personal_email":
            code, severity = "personal_email_invalid", Severity.WARNING
        shown = "".join(
            letter if letter.isprintable() else "\ufffd"
            for letter in (text or "")[:ISSUE_VALUE_LIMIT]
        )
        return Issue(
            code,
            severity,
            None,
            name,
            column.field,
            column.name[:100],
            shown,
            number,
            column.position,
        )

    def missing(self, row: SheetRow) -> tuple[Issue, ...]:
        """An issue for each required value that a row for a new account lacks."""
        lacking = [field for field in UPLOAD_REQUIRED if row.said.get(field) is None]
        return tuple(self._lacks(row, field) for field in lacking)

    def _lacks(self, row: SheetRow, field: str) -> Issue:
        column = self._of.get(field)
        place = (column.name[:100], column.position) if column else ("", None)
        return Issue(
            "required_empty",
            Severity.ERROR,
            row.said.get("sis_id"),
            row.name,
            field,
            place[0],
            row_number=row.number,
            column_index=place[1],
        )

    def issue(
        self, code: str, row: SheetRow, field: str, severity: Severity = Severity.ERROR
    ) -> Issue:
        """A problem of a whole row, shown at the column of the field it is about."""
        column = self._of.get(field)
        value = str(row.said.get(field) or "")[:ISSUE_VALUE_LIMIT]
        place = (column.name[:100], column.position) if column else ("", None)
        return Issue(
            code,
            severity,
            row.said.get("sis_id"),
            row.name,
            field,
            place[0],
            value,
            row.number,
            place[1],
        )


def word_key(word: str) -> str:
    """What makes two spellings of a school's own word one."""
    return " ".join(word.split()).casefold()


def date_by_serial(text: str) -> date | None:
    """The day that Excel shows as a number where a cell has lost its format: 40301 is 3 May 2010."""
    whole = text.removesuffix(".0")
    return (
        _FIRST_DAY + timedelta(int(whole))
        if len(whole) == 5 and whole.isascii() and whole.isdigit() and int(whole) in _SERIALS
        else None
    )


def doubt(field: str, text: str | None) -> str | None:
    """The code of a note about a value that is taken as it is written, though it is none of the usual ones."""
    if text is None:
        return None
    if field == "gender" and bare_name(text) not in GENDERS:
        return "gender_unknown"
    return "grade_unclear" if field == "grade_level" and values.grade(text) is None else None


def is_understood(field: str, text: str) -> bool:
    """Whether a word of a column for gender, grade or active needs no explanation."""
    if field != ACTIVE:
        return doubt(field, text) is None
    try:
        return active_flag(text) is not None
    except Unreadable:
        return False
