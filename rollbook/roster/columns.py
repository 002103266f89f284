"""What the columns of a spreadsheet mean: which row names them, which field each fills, and in which order dates are written.

Everything here is a guess that a person confirms; nothing is imported by one.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from rollbook.roster.cell_values import MONTHS, DateOrder, active_flag, date_by_order
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.values import Unreadable, email, grade, graduation_year

CellTexts = Sequence[str | None]

ACTIVE: Final = (
    "active"  # the one column that fills no field of an account: it activates and deactivates
)
MOST_OF: Final = 0.8  # of a column's values have to look like it before content alone decides

_ACTIVE_HEADINGS: Final = (
    "active isactive activestatus enabled isenabled studentactive accountactive"
)
_HEADINGS: Final[dict[str, list[str]]] = {
    **{key: field.headings.split() for key, field in STUDENT_FIELDS.items()},
    ACTIVE: _ACTIVE_HEADINGS.split(),
}
_BY_NAME: Final = {heading: field for field, names in _HEADINGS.items() for heading in names}
# Where two columns could fill one field, the heading with the lower rank wins.
_RANK: Final = {heading: rank for names in _HEADINGS.values() for rank, heading in enumerate(names)}
GENDERS: Final = frozenset(
    ["m", "f", "x", "male", "female", "nonbinary", "boy", "girl", "other", "u", "unknown"]
)
_DOUBTFUL: Final = frozenset(
    ("class", "cohort", "graduation", "graduationdate", "username", "login")
)  # names that mean other things too
_LOOSE_DATE: Final = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}(?:[T ].*)?")
_YEAR_FIRST: Final = re.compile(r"\d{4}")
_NUMBERS: Final = re.compile(r"\d{1,4}[-/. ]+\d{1,2}[-/. ]+\d{1,4}(?:[T ].*)?")


def guess_header_row(rows: Sequence[CellTexts]) -> int | None:
    """The index of the row that names the columns, None where no row does.

    A title above the table (one merged cell, a date of export) names nothing that we know. Without a name that we know, the first row of
    two or more texts is taken, if none of them is a value such as an address, a number or a date.
    """
    best, most = None, 0
    for index, row in enumerate(rows):
        known = len({_BY_NAME[bare] for bare in map(heading_key, row) if bare in _BY_NAME})
        if known > most and not any(map(_is_value, row)):
            best, most = index, known
    if best is not None and (most > 1 or _filled(rows[best]) == _widest(rows)):
        return best
    widest = _widest(rows)
    for index, row in enumerate(rows[:-1]):  # names of columns have something below them
        if _filled(row) > max(1, widest // 2):
            return None if any(map(_is_value, row)) else index
    return None


def _widest(rows: Sequence[CellTexts]) -> int:
    return max(map(_filled, rows), default=0)


def _filled(row: CellTexts) -> int:
    return sum(1 for cell in row if cell)


def _is_value(cell: str | None) -> bool:
    """Whether a cell holds what no column is called: an address, a date, a number."""
    text = (cell or "").strip()
    return "@" in text or text.replace(".", "").isdigit() or _LOOSE_DATE.fullmatch(text) is not None


def guess_columns(header: CellTexts, sample_rows: Sequence[CellTexts]) -> dict[int, str | None]:
    """For each column the key of the field it seems to fill (or `ACTIVE`), None for one to be ignored; no field twice.

    By name first; where names leave a field open, by content, and only where that is plain: addresses, dates, years, genders.
    """
    named = {column: heading_key(name) for column, name in enumerate(header)}
    found: dict[int, str | None] = dict.fromkeys(named)
    taken: set[str] = set()
    for column in sorted(named, key=lambda each: (_RANK.get(named[each], 0), each)):
        field = _BY_NAME.get(named[column])
        doubtful = named[column] in _DOUBTFUL and not _some_look_like(field, column, sample_rows)
        if field and field not in taken and not doubtful:
            found[column] = field
            taken.add(field)
    for column, field in found.items():
        guess = (
            None
            if field
            else _by_content(
                [row[column] for row in sample_rows if column < len(row)], named[column]
            )
        )
        if guess and guess not in taken:
            found[column] = guess
            taken.add(guess)
    return _mended(found, named)


def _some_look_like(field: str | None, column: int, rows: Sequence[CellTexts]) -> bool:
    looks = _LOOKS[field or ""]
    return any(
        looks(cell.strip()) for cell in (row[column] for row in rows if column < len(row)) if cell
    )


def _mended(found: dict[int, str | None], named: Mapping[int, str]) -> dict[int, str | None]:
    """Where there is one ID only, it decides who a student is; a plain "number" beside no ID is one."""
    fields = {field: column for column, field in found.items() if field}
    if (
        "sis_id" not in fields
        and "student_number" in fields
        and named[fields["student_number"]] in ("idnumber", "number", "no")
    ):
        found[fields["student_number"]] = "sis_id"
    return found


def _by_content(cells: Sequence[str | None], name: str) -> str | None:
    values = [cell.strip() for cell in cells if cell and cell.strip()]
    if (
        len(values) < 2 or name in _BY_NAME
    ):  # a second column of a known name is for a person to decide
        return None
    for field, looks in _LOOKS.items():
        if sum(map(looks, values)) >= MOST_OF * len(values):
            return field
    if ("grade" in name or "year" in name) and sum(
        grade(value) is not None for value in values
    ) >= MOST_OF * len(values):
        return "grade_level"
    if name.startswith("activ") and all(_is_flag(value) for value in values):
        return ACTIVE
    return None


def _is_email(value: str) -> bool:
    try:
        return email(value, 320) is not None
    except Unreadable:
        return False


def _is_birth_date(value: str) -> bool:
    return any(
        (day := _read(value, order)) is not None and 1980 <= day.year <= 2100 for order in DateOrder
    )


def _is_coming_year(value: str) -> bool:
    try:
        year = graduation_year(value)
    except Unreadable:
        return False
    return year is not None and 2_000 <= year <= 2_100


def _is_gender(value: str) -> bool:
    return heading_key(value) in GENDERS


def _is_flag(value: str) -> bool:
    try:
        return active_flag(value) is not None
    except Unreadable:
        return False


_LOOKS: Final = {
    "email": _is_email,
    "birth_date": _is_birth_date,
    "graduation_year": _is_coming_year,
    "gender": _is_gender,
}


def repeated_headings(header: CellTexts) -> dict[str, tuple[int, ...]]:
    """Names that more than one column bears, letter case, spaces and dashes aside, as the first of them writes it."""
    columns: dict[str, list[int]] = {}
    for column, name in enumerate(header):
        if name and (bare := heading_key(name) or name.strip()):
            columns.setdefault(bare, []).append(column)
    return {
        (header[places[0]] or "").strip(): tuple(places)
        for places in columns.values()
        if len(places) > 1
    }


def heading_key(name: str | None) -> str:
    """A column's name without what people spell differently: "E-Mail Address*" and "email_address" are one."""
    plain = unicodedata.normalize("NFKD", (name or "")[:200]).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def column_letter(index: int) -> str:
    """A column's letters as Excel writes them: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


class DateGuess(NamedTuple):
    """`ambiguous` where the values fit more than one order; `sentence` says to a person why, or what was seen."""

    order: DateOrder
    ambiguous: bool
    sentence: str


def guess_date_order(
    values: Sequence[str | None], usual: DateOrder = DateOrder.MONTH_DAY_YEAR
) -> DateGuess:
    """In which order the dates of a column are written. `usual` (the school's last choice, say) is offered where the values don't tell."""
    seen = [value.strip() for value in values if value and _NUMBERS.fullmatch(value.strip())]
    if not seen:
        return DateGuess(
            usual, False, "There are no dates in numbers, so the order makes no difference."
        )
    if all(_YEAR_FIRST.match(value) for value in seen):
        return DateGuess(DateOrder.YEAR_MONTH_DAY, False, f"The year comes first, as in {seen[0]}.")
    by_day = [value for value in seen if _read(value, DateOrder.DAY_MONTH_YEAR)]
    by_month = [value for value in seen if _read(value, DateOrder.MONTH_DAY_YEAR)]
    if not by_day and not by_month:
        return DateGuess(
            usual,
            True,
            f"None of the dates can be read; the first is {seen[0]}. Years need four digits.",
        )
    only_by_day, only_by_month = (
        [value for value in by_day if value not in by_month],
        [value for value in by_month if value not in by_day],
    )
    if len(only_by_day) == len(only_by_month):
        return _undecided(usual, by_day, only_by_day, only_by_month)
    is_by_day = len(only_by_day) > len(only_by_month)
    order = DateOrder.DAY_MONTH_YEAR if is_by_day else DateOrder.MONTH_DAY_YEAR
    telling = (only_by_day if is_by_day else only_by_month)[0]
    unread = len(seen) - len(by_day if is_by_day else by_month)
    rest = f" {unread} of {len(seen)} dates can't be read so." if unread else ""
    return DateGuess(
        order,
        False,
        f"The dates are written {order}: {telling} can only be {_spoken(telling, order)}.{rest}",
    )


def _undecided(
    usual: DateOrder, both: Sequence[str], by_day: Sequence[str], by_month: Sequence[str]
) -> DateGuess:
    """As much speaks for one order as for the other. `both` can be read in either, `by_day` and `by_month` in that one only."""
    day_first, month_first = DateOrder.DAY_MONTH_YEAR, DateOrder.MONTH_DAY_YEAR
    order = usual if usual in (day_first, month_first) else month_first
    if by_day:
        sentence = f"Some dates can only be {day_first}, as {by_day[0]}, and as many only {month_first}, as {by_month[0]}. Please choose."
        return DateGuess(order, True, sentence)
    differing = [value for value in both if _read(value, day_first) != _read(value, month_first)]
    if not differing:
        return DateGuess(order, False, "The dates are the same in any order.")
    example = differing[0]
    return DateGuess(
        order,
        True,
        f"The dates fit both {day_first} and {month_first}: {example} could be {_spoken(example, day_first)} or "
        f"{_spoken(example, month_first)}. Please choose.",
    )


def _read(value: str, order: DateOrder) -> date | None:
    try:
        return date_by_order(value, order)
    except Unreadable:
        return None


def _spoken(value: str, order: DateOrder) -> str:
    day = _read(value, order)
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}" if day else value
