"""Rows between the students of a sheet that are no students: headings again, totals, titles."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from rollbook.roster.sheets.headings import heading_key

NAME_FIELDS: Final = frozenset(("first_name", "last_name", "middle_name", "preferred_name"))
MOST_CELLS: Final = 3  # that a line of totals fills
LEAST_COLUMNS: Final = 3  # of a table in which a single filled cell tells something

_TOTAL: Final = re.compile(
    r"(?:(?:grand |sub-?)?total|sum\b|count\b|number of|summe|gesamt|insgesamt|anzahl|suma\b|totaal"
    r"|toplam|итого|всего|合计|总计|總計|合計|page \d|seite \d|page:|end of|printed|generated"
    r"|exported|report\b)",
    re.IGNORECASE,
)
_WORD_AND_NUMBER: Final = re.compile(r"(?=.*\d)(?=.*[^\W\d_]).*[\s:]")


def other_row(texts: Sequence[str | None], columns: Mapping[int, tuple[str, str]]) -> str | None:
    """Return the code of the note about a row that is no student, None for a student.

    `columns` has the heading and the field of each column that fills a field, by position.
    """
    if _repeats_headings(texts, columns):
        return "heading_again"
    filled = {position: text.strip() for position, text in enumerate(texts) if text}
    if not filled or len(filled) > MOST_CELLS or any("@" in text for text in filled.values()):
        return None
    first = min(filled)
    others = [text for position, text in filled.items() if position != first]
    if _TOTAL.match(filled[first]) and not any(_has_letters(text) for text in others):
        return "no_student_row"
    if len(filled) == 1 and len(columns) >= LEAST_COLUMNS:
        _heading, field = columns.get(first, ("", ""))
        return "no_student_row" if _is_title(filled[first], field) else None
    return None


def _repeats_headings(texts: Sequence[str | None], columns: Mapping[int, tuple[str, str]]) -> bool:
    """Return whether at least two cells are the headings of their columns, and none is another."""
    same = 0
    for position, (heading, _field) in columns.items():
        text = texts[position] if position < len(texts) else None
        if text:
            if heading_key(text) != heading_key(heading):
                return False
            same += 1
    return same > 1


def _has_letters(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


def _is_title(text: str, field: str) -> bool:
    """Return whether the only text of a row is a title such as "Grade 9", and no name or ID."""
    if _WORD_AND_NUMBER.match(text):
        return True
    return field not in NAME_FIELDS and _has_letters(text) and " " in text
