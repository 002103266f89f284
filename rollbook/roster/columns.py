"""Guesses about a spreadsheet: which row has the headings, and which field each column fills.

A person confirms every guess before anything is imported.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from rollbook.roster.cell_values import DateOrder, active_flag
from rollbook.roster.date_orders import read_date
from rollbook.roster.fields import ACTIVE, STUDENT_FIELDS
from rollbook.roster.headings import heading_key
from rollbook.roster.values import Unreadable, email, grade

CellTexts = Sequence[str | None]

MOST_OF: Final = 0.8  # the share of a column's values that must look like a field's values

_ACTIVE_HEADINGS: Final = (
    "active isactive activestatus enabled isenabled studentactive accountactive"
)
_HEADINGS: Final[dict[str, list[str]]] = {
    **{key: field.headings.split() for key, field in STUDENT_FIELDS.items()},
    ACTIVE: _ACTIVE_HEADINGS.split(),
}
_FIELD_OF: Final = {heading: field for field, names in _HEADINGS.items() for heading in names}
# Our own names of fields, as the template and our exports write them.
_OWN_HEADINGS: Final = {
    name: field.key for field in STUDENT_FIELDS.values() for name in (field.key, field.label)
}
# Where two columns could fill one field, the heading with the lower rank wins.
_RANK: Final = {heading: rank for names in _HEADINGS.values() for rank, heading in enumerate(names)}
# Headings that mean other things too: they count only where a value looks right.
_DOUBTFUL: Final = frozenset(
    ("class", "cohort", "graduation", "graduationdate", "username", "login")
)
GENDERS: Final = frozenset(
    ["m", "f", "x", "male", "female", "nonbinary", "boy", "girl", "other", "u", "unknown"]
)
_LOOSE_DATE: Final = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}(?:[T ].*)?")


def guess_header_row(rows: Sequence[CellTexts]) -> int | None:
    """Return the index of the row with the headings, None where no row has any.

    It is the row with the most headings that we know. A title above the table, such as a merged
    cell or the date of an export, has none. Where we know no heading, the first row of two or more
    texts is taken, unless one of them is a value such as an address, a number or a date.
    """
    best, most = None, 0
    for index, row in enumerate(rows):
        keys = map(heading_key, row)
        known = len({_FIELD_OF[key] for key in keys if key in _FIELD_OF})
        if known > most and not any(map(_is_value, row)):
            best, most = index, known
    widest = max(map(_filled_cells, rows), default=0)
    if best is not None and (most > 1 or _filled_cells(rows[best]) == widest):
        return best
    for index, row in enumerate(rows[:-1]):  # the last row can't be it: nothing is below it
        if _filled_cells(row) > max(1, widest // 2):
            return None if any(map(_is_value, row)) else index
    return None


def _filled_cells(row: CellTexts) -> int:
    return sum(1 for cell in row if cell)


def _is_value(cell: str | None) -> bool:
    """Return whether a cell can't be a heading: it is an address, a date or a number."""
    text = (cell or "").strip()
    return "@" in text or text.replace(".", "").isdigit() or _LOOSE_DATE.fullmatch(text) is not None


def guess_columns(header: CellTexts, sample_rows: Sequence[CellTexts]) -> dict[int, str | None]:
    """Return the field that each column seems to fill (or `ACTIVE`), None for none. No field twice.

    Headings decide first. A field that they leave open is guessed from the values, and only where
    these are plain: addresses, dates, years, genders.
    """
    headings = {column: heading_key(name) for column, name in enumerate(header)}
    guesses: dict[int, str | None] = dict.fromkeys(headings)
    used: set[str] = set()
    for column, name in enumerate(header):
        field = _OWN_HEADINGS.get((name or "").removesuffix("*").strip())
        if field is not None and field not in used:
            guesses[column] = field
            used.add(field)
    for column in sorted(headings, key=lambda each: (_RANK.get(headings[each], 0), each)):
        heading = headings[column]
        field = _FIELD_OF.get(heading)
        if field is None or field in used or guesses[column] is not None:
            continue
        if heading in _DOUBTFUL and not _some_look_like(field, _values(column, sample_rows)):
            continue
        guesses[column] = field
        used.add(field)
    for column, heading in headings.items():
        if guesses[column] is not None:
            continue
        field = _guess_by_values(_values(column, sample_rows), heading)
        if field is not None and field not in used:
            guesses[column] = field
            used.add(field)
    return _with_sis_id(guesses, headings)


def _values(column: int, rows: Sequence[CellTexts]) -> list[str]:
    """Return the values of a column that aren't blank."""
    cells = [row[column] for row in rows if column < len(row)]
    return [cell.strip() for cell in cells if cell and cell.strip()]


def _some_look_like(field: str, values: Sequence[str]) -> bool:
    return any(map(_LOOKS_LIKE[field], values))


def _with_sis_id(
    guesses: dict[int, str | None], headings: Mapping[int, str]
) -> dict[int, str | None]:
    """Let a column called "number" or "ID number" fill the SIS ID where no other column does."""
    columns = {field: column for column, field in guesses.items() if field}
    number = columns.get("student_number")
    if number is None or "sis_id" in columns:
        return guesses
    if headings[number] in ("idnumber", "number", "no"):
        guesses[number] = "sis_id"
    return guesses


def _guess_by_values(values: Sequence[str], heading: str) -> str | None:
    if len(values) < 2:
        return None
    if heading in _FIELD_OF:  # the second column of a field: a person has to choose
        return None
    enough = MOST_OF * len(values)
    for field, looks_like in _LOOKS_LIKE.items():
        if sum(map(looks_like, values)) >= enough:
            return field
    grades = sum(grade(value) is not None for value in values)
    if grades >= enough and ("grade" in heading or "year" in heading):
        return "grade_level"
    if heading.startswith("activ") and all(map(_is_active_flag, values)):
        return ACTIVE
    return None


def _is_email(value: str) -> bool:
    try:
        return email(value, 320) is not None
    except Unreadable:
        return False


def _is_birth_date(value: str) -> bool:
    if value.isdigit():  # 20091213 may be a number like any other
        return False
    days = [read_date(value, order) for order in DateOrder]
    return any(day is not None and 1980 <= day.year <= 2100 for day in days)


def _is_graduation_year(value: str) -> bool:
    # Only as plain figures: 2026-27 and 2026-08-15 are more often a school year and a date.
    return re.fullmatch(r"(?:20\d\d|2100)(?:\.0)?", value) is not None


def _is_gender(value: str) -> bool:
    return heading_key(value) in GENDERS


def _is_active_flag(value: str) -> bool:
    try:
        return active_flag(value) is not None
    except Unreadable:
        return False


_LOOKS_LIKE: Final = {
    "email": _is_email,
    "birth_date": _is_birth_date,
    "graduation_year": _is_graduation_year,
    "gender": _is_gender,
}


def repeated_headings(header: CellTexts) -> dict[str, tuple[int, ...]]:
    """Return the columns of each heading that comes more than once, by its first spelling.

    Letter case, spaces and dashes make no difference.
    """
    columns: dict[str, list[int]] = {}
    for column, name in enumerate(header):
        if name and (key := heading_key(name) or name.strip()):
            columns.setdefault(key, []).append(column)
    return {
        (header[positions[0]] or "").strip(): tuple(positions)
        for positions in columns.values()
        if len(positions) > 1
    }


def column_letter(index: int) -> str:
    """Return a column's letters as Excel writes them: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
