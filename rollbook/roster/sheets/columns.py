"""Guesses about a spreadsheet: which row has the headings, and which field each column fills.

A person confirms every guess before anything is imported.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from rollbook.roster.sheets.column_values import (
    are_addresses,
    are_dates_of_others,
    are_full_names,
    looks_right,
    merely_counts,
    only_field_of,
)
from rollbook.roster.sheets.full_names import FULL_NAME
from rollbook.roster.sheets.headings import (
    KnownHeading,
    heading_key,
    known_heading,
    speaks_against_student,
)

CellTexts = Sequence[str | None]

DOUBTS: Final = ("counts", "heading", "values")

_LOOSE_DATE: Final = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}(?:[T ].*)?")
_IDS: Final = ("sis_id", "student_number")
# Fields that nobody else's value may fill, whoever chose the column. A parent's e-mail may be the
# personal one.
_OF_THE_STUDENT: Final = frozenset(
    (
        *(*_IDS, "email", "first_name", "last_name", "full_name", "graduation_year"),
        *("birth_date", "grade_level", "gender"),
    )
)
# Headings of an ID that are as often a running number.
_MAYBE_RUNNING: Final = frozenset(
    (
        *("id", "number", "idnumber", "rollno", "rollnumber", "studentno", "studentnr"),
        *("studentnum", "studentnumber"),
    )
)


def guess_header_row(rows: Sequence[CellTexts]) -> int | None:
    """Return the index of the row with the headings, None where no row has any.

    It is the row with the most headings that we know. A title above the table, such as a merged
    cell or the date of an export, has none. Where we know no heading, the first row of two or more
    texts is taken, unless one of them is a value such as an address, a number or a date.
    """
    best, most = None, 0
    for index, row in enumerate(rows):
        known = len({heading.field for heading in map(known_heading, row) if heading})
        if known > most and not any(map(is_value, row)):
            best, most = index, known
    widest = max(map(_filled_cells, rows), default=0)
    if best is not None and (most > 1 or _filled_cells(rows[best]) == widest):
        return best
    for index, row in enumerate(rows[:-1]):  # the last row can't be it: nothing is below it
        if _filled_cells(row) > max(1, widest // 2):
            return None if any(map(is_value, row)) else index
    return None


def _filled_cells(row: CellTexts) -> int:
    return sum(1 for cell in row if cell)


def is_value(cell: str | None) -> bool:
    """Return whether a cell can't be a heading: it is an address, a date or a number."""
    text = (cell or "").strip()
    return "@" in text or text.replace(".", "").isdigit() or _LOOSE_DATE.fullmatch(text) is not None


def guess_columns(
    header: CellTexts, sample_rows: Sequence[CellTexts], today: date
) -> dict[int, str | None]:
    """Return the field that each column seems to fill (or `ACTIVE`), None for none. No field twice.

    Headings decide first. A field that they leave open is guessed from the values, and only where
    these are plain (addresses, birth dates, years, genders), where exactly one column has such
    values, and where nothing in its heading speaks against it. Where no column has a first or last
    name, one with names such as "Smith, John" is `FULL_NAME`.
    """
    values = {column: _values(column, sample_rows) for column in range(len(header))}
    known = {
        column: heading
        for column, name in enumerate(header)
        if (heading := known_heading(name)) is not None
    }
    guesses: dict[int, str | None] = dict.fromkeys(values)
    for column in sorted(known, key=lambda each: (known[each].rank, each)):
        heading = known[column]
        if heading.field not in guesses.values() and _agrees(heading, values[column]):
            guesses[column] = heading.field
    unknown = {
        column: column_values for column, column_values in values.items() if column not in known
    }
    for field, column in _guess_by_values(header, unknown, today).items():
        if field not in guesses.values():
            guesses[column] = field
    if not {"first_name", "last_name"}.intersection(guesses.values()):
        full_names = [
            column for column, name in enumerate(header) if are_full_names(name, values[column])
        ]
        if len(full_names) == 1:
            guesses[full_names[0]] = FULL_NAME
    return _with_sis_id(guesses, known)


def _values(column: int, rows: Sequence[CellTexts]) -> list[str]:
    """Return the values of a column that aren't blank."""
    cells = [row[column] for row in rows if column < len(row)]
    return [cell.strip() for cell in cells if cell and cell.strip()]


def _agrees(heading: KnownHeading, values: Sequence[str]) -> bool:
    """Return whether the values of a column leave it possible that its heading means our field."""
    if heading.field in _IDS and are_addresses(values):
        return False
    if heading.key in _MAYBE_RUNNING and merely_counts(values):
        return False
    return looks_right(heading.key, values)


def doubt_about(field: str, heading: str | None, values: Sequence[str], today: date) -> str:
    """Return why our rules would not let a column fill a field: one of `DOUBTS`, "" for none.

    For a choice that was made for an earlier file: its values may have been others then.
    """
    known = known_heading(heading)
    if field in _IDS and merely_counts(values):
        is_named = known is not None and known.field in _IDS and known.key not in _MAYBE_RUNNING
        return "" if is_named else "counts"
    if known is not None:
        is_right = known.field != field or looks_right(known.key, values)
        return "" if is_right else "values"
    if field in _OF_THE_STUDENT and speaks_against_student(heading):
        return "heading"
    if field == "birth_date" and are_dates_of_others(values, today):
        return "values"
    return ""


def _guess_by_values(
    header: CellTexts, values: Mapping[int, Sequence[str]], today: date
) -> dict[str, int]:
    """Return the column of each field that only one column's values look like."""
    columns: dict[str, list[int]] = {}
    for column, column_values in values.items():
        field = only_field_of(header[column], column_values, today)
        if field is not None:
            columns.setdefault(field, []).append(column)
    return {field: several[0] for field, several in columns.items() if len(several) == 1}


def _with_sis_id(
    guesses: dict[int, str | None], known: Mapping[int, KnownHeading]
) -> dict[int, str | None]:
    """Let a column called "number" or "ID number" fill the SIS ID where no other column does."""
    columns = {field: column for column, field in guesses.items() if field}
    number = columns.get("student_number")
    if number is None or "sis_id" in columns:
        return guesses
    if known[number].key in ("idnumber", "number"):
        guesses[number] = "sis_id"
    return guesses


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
