"""Parsers for what people type into spreadsheets: dates in any order, TRUE and FALSE as words."""

import re
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from rollbook.roster.sheets.headings import ENROLL_STATUS, heading_key
from rollbook.roster.values.blanks import is_empty_word
from rollbook.roster.values.dates import certain_date, day, plain_date
from rollbook.roster.values.parsing import Unreadable, short_text

_SEPARATOR: Final = r"(?:\s*[-/.,]\s*|\s+)"
_TIME: Final = r"(?:[T ]+\d{1,2}:\d{2}.*)?"  # mostly midnight: a date exported as an instant
_DATE: Final = re.compile(rf"(\d{{1,4}}){_SEPARATOR}(\d{{1,2}}){_SEPARATOR}(\d{{1,4}})\.?{_TIME}")
# A status that says so in words, such as OneRoster's "tobedeleted".
CLOSED_WORDS: Final = frozenset(
    (
        *("inactive", "deleted", "tobedeleted", "to be deleted", "withdrawn", "suspended"),
        *("disabled", "deactivated", "archived", "left"),
    )
)
_ACTIVE_WORDS: Final = {
    **dict.fromkeys(("true", "yes", "y", "t", "1", "1.0", "on", "active"), True),
    **dict.fromkeys(("enabled", "enrolled", "current"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0", "0.0", "off"), False),
    **dict.fromkeys(CLOSED_WORDS, False),
}
# PowerSchool's Enroll_Status, from its data dictionary: -1 registered for later, 0 enrolled now,
# 1 inactive, 2 transferred out, 3 graduated, 4 imported as history.
_ENROLL_STATUS: Final = {
    **dict.fromkeys(("-1", "1", "2", "3", "4"), False),
    "0": True,
}


class DateOrder(StrEnum):
    """The order of a spreadsheet's dates. A year of four digits may always come first."""

    DAY_MONTH_YEAR = "day-month-year"
    MONTH_DAY_YEAR = "month-day-year"
    YEAR_MONTH_DAY = "year-month-day"


def date_by_order(value: Any, order: DateOrder) -> date | None:
    """Return the date of a cell, None for a blank. Raises Unreadable("date_invalid").

    A year has four digits: "03/05/10" could be the birthday of a student or of a great-grandmother,
    so it is refused, not guessed. A month written as a word needs no order.
    """
    written = short_text(value, "date_invalid")
    if written is None or is_empty_word(written):
        return None
    return _parse_date(written, order)


@lru_cache(maxsize=32_768)
def _parse_date(written: str, order: DateOrder) -> date:
    if certain := certain_date(written):
        return certain
    match = _DATE.fullmatch(plain_date(written))
    if match is None:
        raise Unreadable("date_invalid")
    first, second, third = match.groups()
    if len(first) == 4:
        written_day = day(first, second, third)
    elif order is DateOrder.YEAR_MONTH_DAY:
        written_day = None
    elif order is DateOrder.MONTH_DAY_YEAR:
        written_day = day(third, first, second)
    else:
        written_day = day(third, second, first)
    if written_day is None:
        raise Unreadable("date_invalid")
    return written_day


def active_flag(value: Any, heading: str | None = None) -> bool | None:
    """Return True or False for a cell of an Active column, None for a blank.

    Below PowerSchool's heading Enroll_Status a figure is its code: 0 is active there. Raises
    Unreadable("active_invalid").
    """
    written = short_text(value, "active_invalid")
    if written is None or is_empty_word(written):
        return None
    if heading_key(heading) == ENROLL_STATUS and written.removesuffix(".0") in _ENROLL_STATUS:
        return _ENROLL_STATUS[written.removesuffix(".0")]
    if written.casefold() not in _ACTIVE_WORDS:
        raise Unreadable("active_invalid")
    return _ACTIVE_WORDS[written.casefold()]
