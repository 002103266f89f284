"""What only people write, in spreadsheets: dates in the order of their country, and TRUE or FALSE in many words."""

import re
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from rollbook.roster.values import SHORT, Unreadable, birth_date, text

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_BETWEEN: Final = r"(?:\s*[-/.,]\s*|\s+)"
_TIME: Final = r"(?:[T ]+\d{1,2}:\d{2}.*)?"  # midnight, mostly: an export of a date as an instant
_PARTS: Final = re.compile(
    rf"(\d{{1,4}}){_BETWEEN}(\d{{1,2}}|[^\W\d_]{{3,9}}\.?){_BETWEEN}(\d{{1,4}}){_TIME}"
)
_MONTH_FIRST: Final = re.compile(
    r"([^\W\d_]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:\s*,\s*|\s+)(\d{4})"
)  # May 3rd, 2010
_FLAGS: Final = {
    **dict.fromkeys(("true", "yes", "y", "t", "1", "1.0", "on", "active"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0", "0.0", "off", "inactive"), False),
}


class DateOrder(StrEnum):
    """How the dates of a spreadsheet are written. A year of four digits in front is understood under each of them."""

    DAY_MONTH_YEAR = "day-month-year"
    MONTH_DAY_YEAR = "month-day-year"
    YEAR_MONTH_DAY = "year-month-day"


def date_by_order(value: Any, order: DateOrder) -> date | None:
    """A date of a spreadsheet, None for a blank. Raises Unreadable("date_invalid").

    Years have four digits: whoever was born on "03/05/10" may be a student or a great-grandmother, so it is refused rather than guessed.
    A month written as an English word needs no order.
    """
    written = _short(value, "date_invalid")
    return None if written is None else _ordered(written, order)


@lru_cache(maxsize=32_768)
def _ordered(written: str, order: DateOrder) -> date:
    if match := _MONTH_FIRST.fullmatch(written):
        return _day(match[3], match[1], match[2])
    match = _PARTS.fullmatch(written)
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
    """Raises Unreadable where there is no such day, or where the year hasn't four digits."""
    if not month.isdecimal():
        name = month.rstrip(".").casefold()
        found = [
            number
            for number, each in enumerate(MONTHS, 1)
            if each.casefold().startswith(name[:3] if name == "sept" else name)
        ]
        month = str(found[0]) if len(found) == 1 else ""
    taken = birth_date(f"{year}-{month}-{day}") if (year + day).isascii() and len(day) < 3 else None
    if taken is None:
        raise Unreadable("date_invalid")
    return taken


def active_flag(value: Any) -> bool | None:
    """TRUE or FALSE of an Active column, also yes and no, 1 and 0; None for a blank. Raises Unreadable("active_invalid")."""
    written = _short(value, "active_invalid")
    if written is None:
        return None
    if written.casefold() not in _FLAGS:
        raise Unreadable("active_invalid")
    return _FLAGS[written.casefold()]


def _short(value: Any, code: str) -> str | None:
    try:
        return text(value, SHORT)
    except Unreadable as bad:
        raise Unreadable(code if bad.code == "text_too_long" else bad.code) from None
