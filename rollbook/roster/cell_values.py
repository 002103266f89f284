"""Parsers for what people type into spreadsheets: dates in any order, TRUE and FALSE as words."""

import re
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from rollbook.roster.translation import gettext_noop as _
from rollbook.roster.values import Unreadable, birth_date, short_text

MONTHS: Final = (
    *(_("January"), _("February"), _("March"), _("April"), _("May"), _("June"), _("July")),
    *(_("August"), _("September"), _("October"), _("November"), _("December")),
)
_SEPARATOR: Final = r"(?:\s*[-/.,]\s*|\s+)"
_TIME: Final = r"(?:[T ]+\d{1,2}:\d{2}.*)?"  # mostly midnight: a date exported as an instant
_DATE: Final = re.compile(
    rf"(\d{{1,4}}){_SEPARATOR}(\d{{1,2}}|[^\W\d_]{{3,9}}\.?){_SEPARATOR}(\d{{1,4}}){_TIME}"
)
_MONTH_NAME_FIRST: Final = re.compile(  # May 3rd, 2010
    r"([^\W\d_]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:\s*,\s*|\s+)(\d{4})"
)
_ACTIVE_WORDS: Final = {
    **dict.fromkeys(("true", "yes", "y", "t", "1", "1.0", "on", "active"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0", "0.0", "off", "inactive"), False),
}


class DateOrder(StrEnum):
    """The order of a spreadsheet's dates. A year of four digits may always come first."""

    DAY_MONTH_YEAR = "day-month-year"
    MONTH_DAY_YEAR = "month-day-year"
    YEAR_MONTH_DAY = "year-month-day"


def date_by_order(value: Any, order: DateOrder) -> date | None:
    """Return the date of a cell, None for a blank. Raises Unreadable("date_invalid").

    A year has four digits: "03/05/10" could be the birthday of a student or of a great-grandmother,
    so it is refused, not guessed. A month written as an English word needs no order.
    """
    written = short_text(value, "date_invalid")
    return None if written is None else _parse_date(written, order)


@lru_cache(maxsize=32_768)
def _parse_date(written: str, order: DateOrder) -> date:
    if match := _MONTH_NAME_FIRST.fullmatch(written):
        return _day(match[3], match[1], match[2])
    match = _DATE.fullmatch(written)
    if match is None:
        raise Unreadable("date_invalid")
    first, second, third = match.groups()
    if len(first) == 4:
        return _day(first, second, third)
    if second.isdecimal():
        if order is DateOrder.YEAR_MONTH_DAY:
            raise Unreadable("date_invalid")
        if order is DateOrder.MONTH_DAY_YEAR:
            first, second = second, first
    return _day(third, second, first)


def _day(year: str, month: str, day: str) -> date:
    """Return the date. Raises Unreadable where it doesn't exist or the year hasn't four digits."""
    if not month.isdecimal():
        month = _month_number(month)
    parsed = None
    if (year + day).isascii() and len(day) < 3:
        parsed = birth_date(f"{year}-{month}-{day}")
    if parsed is None:
        raise Unreadable("date_invalid")
    return parsed


def _month_number(word: str) -> str:
    """Return the number of an English month, also shortened; "" where it is none or several."""
    name = word.rstrip(".").casefold()
    if name == "sept":
        name = "sep"
    numbers = [
        str(number) for number, month in enumerate(MONTHS, 1) if month.casefold().startswith(name)
    ]
    return numbers[0] if len(numbers) == 1 else ""


def active_flag(value: Any) -> bool | None:
    """Return True or False for a cell of an Active column, None for a blank.

    Raises Unreadable("active_invalid").
    """
    written = short_text(value, "active_invalid")
    if written is None:
        return None
    if written.casefold() not in _ACTIVE_WORDS:
        raise Unreadable("active_invalid")
    return _ACTIVE_WORDS[written.casefold()]
