"""Dates as people write them where only one day can be meant, and graduation years."""

import re
from datetime import date
from functools import lru_cache
from typing import Final

from rollbook.roster.translation import gettext_noop as _

FIRST_YEAR, LAST_YEAR = 1900, 2150
YOUNGEST, OLDEST = 2, 25  # years of age that a student is expected to have
_CENTURY_TURN: Final = 80  # '79 is 2079, '80 is 1980

MONTHS: Final = (
    *(_("January"), _("February"), _("March"), _("April"), _("May"), _("June"), _("July")),
    *(_("August"), _("September"), _("October"), _("November"), _("December")),
)
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_ZONE: Final = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_TIME: Final = (
    rf"(?:[T ][0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]{{1,9}})?)?(?: ?[AaPp][Mm])?{_ZONE})?"
)
_WEEKDAY: Final = re.compile(
    r"(?:mon|tue|tues|wed|weds|thu|thur|thurs|fri|sat|sun|monday|tuesday|wednesday|thursday"
    r"|friday|saturday|sunday)\.?,?\s+",
    re.IGNORECASE,
)
_MONTH: Final = r"([^\W\d_]{3,9})\.?"
_ORDINAL: Final = r"([0-9]{1,2})(?:st|nd|rd|th)?"
_ISO: Final = re.compile(rf"([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}}){_TIME}", re.IGNORECASE)
_YEAR_FIRST: Final = re.compile(
    rf"([0-9]{{4}})\s?[/.]\s?([0-9]{{1,2}})\s?[/.]\s?([0-9]{{1,2}})\.?{_TIME}"
)
_COMPACT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_EAST_ASIAN: Final = re.compile(
    r"([0-9]{4})\s?[年년]\s?([0-9]{1,2})\s?[月월]\s?([0-9]{1,2})\s?[日号號일]"
)
_DAY_MONTH: Final = re.compile(
    rf"{_ORDINAL}(?:\s*[-/.,]\s*|\s+)(?:of\s+)?{_MONTH}(?:\s*[-/.,]\s*|\s+)([0-9]{{4}}){_TIME}",
    re.IGNORECASE,
)
_MONTH_DAY: Final = re.compile(
    rf"{_MONTH}[\s-]+(?:the\s+)?{_ORDINAL}(?:\s*,\s*|[\s-]+)([0-9]{{4}}){_TIME}", re.IGNORECASE
)
_YEAR_LAST: Final = re.compile(
    rf"([0-9]{{1,2}})\s?([-/.])\s?([0-9]{{1,2}})\s?\2\s?([0-9]{{4}}){_TIME}"
)
_ONE_YEAR: Final = re.compile(r"([0-9]{4})(?:\.0*|\s?[年년])?")
_SHORT_YEAR: Final = re.compile(r"['‘’ʼ`´]([0-9]{2})")
_CLASS_OF: Final = re.compile(
    r"(?:the\s+)?(?:(?:graduating\s+)?class\s+of|c/?o)\s*['‘’ʼ`´]?([0-9]{4}|[0-9]{2})",
    re.IGNORECASE,
)
_NAMED_YEAR: Final = re.compile(
    r"(?:class|cohort(?:\s+of)?|year|grad(?:uat(?:ion|ing|es))?(?:\s+(?:year|in))?)"
    r"[\s:]*([0-9]{4})",
    re.IGNORECASE,
)
_SCHOOL_YEAR: Final = re.compile(r"([0-9]{4})\s?[-/–]\s?([0-9]{4}|[0-9]{2})")
_MONTH_YEAR: Final = re.compile(r"([0-9]{1,2})\s?[-/.]\s?([0-9]{4})")
_WORD_YEAR: Final = re.compile(
    rf"(?:spring|summer|autumn|fall|winter|{_MONTH})(?:\s*[-/.,]\s*|\s+)([0-9]{{4}})",
    re.IGNORECASE,
)


def narrow(text: str) -> str:
    """Return the text with full-width digits and signs as the usual ones."""
    return text if text.isascii() else text.translate(_WIDE)


def day(year: str, month: str, day_of_month: str) -> date | None:
    """Return a day of the calendar in a year of four digits, None where there is none."""
    if not (year + month + day_of_month).isascii():
        return None
    if len(year) != 4 or len(day_of_month) > 2 or not (month and year.isdigit()):
        return None
    try:
        calendar_day = date(int(year), int(month), int(day_of_month))
    except ValueError:
        return None
    return calendar_day if FIRST_YEAR <= calendar_day.year <= LAST_YEAR else None


def month_number(word: str) -> str:
    """Return the number of an English month, also shortened; "" where it is none or several."""
    name = word.rstrip(".").casefold()
    if name == "sept":
        name = "sep"
    numbers = [
        str(number) for number, month in enumerate(MONTHS, 1) if month.casefold().startswith(name)
    ]
    return numbers[0] if len(numbers) == 1 else ""


@lru_cache(maxsize=32_768)
def certain_date(written: str) -> date | None:
    """Return the date where year, month and day can't be mistaken for each other, else None.

    The year comes first, or the month is a word: 2009-12-13, 20091213, 13th December 2009,
    "Sunday, December 13, 2009", 2009年12月13日.
    """
    text = narrow(written)
    for pattern in (_ISO, _COMPACT, _YEAR_FIRST, _EAST_ASIAN):
        if match := pattern.fullmatch(text):
            return day(match[1], match[2], match[3])
    text = _WEEKDAY.sub("", text, count=1) if text[:1].isalpha() else text
    text = text.removeprefix("the ")
    if match := _DAY_MONTH.fullmatch(text):
        return day(match[3], month_number(match[2]), match[1])
    if match := _MONTH_DAY.fullmatch(text):
        return day(match[3], month_number(match[1]), match[2])
    return None


def days_by_order(written: str) -> tuple[date | None, date | None] | None:
    """Return what a date such as 5/17/2011 means day first and month first, each None if none.

    None for a text of any other form.
    """
    match = _YEAR_LAST.fullmatch(narrow(written))
    if match is None:
        return None
    first, _sign, second, year = match.groups()
    return day(year, second, first), day(year, first, second)


def is_unlikely_birth_date(born: date, graduation_year: int | None, today: date | None) -> bool:
    """Return whether somebody born then is younger than 2 or older than 25.

    The age today counts, or at the graduation if that was earlier.
    """
    days = [] if today is None else [today]
    if graduation_year is not None:
        days.append(date(graduation_year, 12, 31))
    if not days:
        return False
    end = min(days)
    age = end.year - born.year - ((end.month, end.day) < (born.month, born.day))
    return not YOUNGEST <= age <= OLDEST


@lru_cache(maxsize=4_096)
def graduation_year_of(written: str) -> int | None:
    """Return the year of a graduation as people write it, None where it can't be told.

    2028, "Class of 2028", '28, 2027-28 and 2027-2028 (the year in which it ends), May 2028,
    06/2028 and a whole date are the year 2028.
    """
    text = narrow(written)
    if match := _ONE_YEAR.fullmatch(text) or _NAMED_YEAR.fullmatch(text):
        return int(match[1])
    if match := _SHORT_YEAR.fullmatch(text) or _CLASS_OF.fullmatch(text):
        return _full_year(match[1])
    if match := _SCHOOL_YEAR.fullmatch(text):
        return _end_of_school_year(match[1], match[2])
    if (match := _MONTH_YEAR.fullmatch(text)) and 1 <= int(match[1]) <= 12:
        return int(match[2])
    if match := _WORD_YEAR.fullmatch(text):
        known = match[1] is None or month_number(match[1])
        return int(match[2]) if known else None
    certain_day = certain_date(text)
    if certain_day is None and (days := days_by_order(text)):
        certain_day = days[0] or days[1]
    return certain_day.year if certain_day else None


def _full_year(digits: str) -> int:
    if len(digits) == 4:
        return int(digits)
    return int(digits) + (2000 if int(digits) < _CENTURY_TURN else 1900)


def _end_of_school_year(first: str, second: str) -> int | None:
    """Return the year in which a school year ends.

    None where the years don't follow each other, and for 2011-12, which may be a month.
    """
    end = int(first) + 1
    if len(second) == 4:
        return end if int(second) == end else None
    if int(second) <= 12 and int(first) + 1 == 2000 + int(second):
        return None
    if end % 100 == int(second):
        return end
    return int(first) if 1 <= int(second) <= 12 else None
