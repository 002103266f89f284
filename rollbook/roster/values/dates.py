"""Dates as people write them where only one day can be meant."""

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import Final

from rollbook.roster.translation import gettext_noop as _

FIRST_YEAR, LAST_YEAR = 1900, 2150
YOUNGEST, OLDEST = 2, 25  # years of age that a student is expected to have

MONTHS: Final = (
    *(_("January"), _("February"), _("March"), _("April"), _("May"), _("June"), _("July")),
    *(_("August"), _("September"), _("October"), _("November"), _("December")),
)
# The beginnings of months in other languages, without accents, where they tell the month: Dez. and
# diciembre. Months of the same name in English need no entry. Listopad is not here: it is October
# in Croatian, November in Polish.
_MONTHS_ELSEWHERE: Final = {
    1: "jän ener gennaio januar januari janvier janeiro janv ene gen ocak янв",
    2: "febbraio feber fevr fever fev subat февр фев",
    3: "marz marzo mars maart marts marco mrz maret mart мар",
    4: "abril avril aprile avr abr nisan апр",
    5: "mai mayo maio maggio mei maj mag mayis мая май",
    6: "juni juin junio junho giugno giu haziran июн",
    7: "juli juillet julio julho luglio juil lug temmuz июл",
    8: "agosto aout augusti augustus agustus ago agustos авг",
    9: "septiembre setembro settembre septembre setiembre set eylul сен",
    10: "oktober octubre octobre outubro ottobre okt out ott ekim окт",
    11: "noviembre novembro kasim ноя",
    12: "dezember diciembre dezembro dicembre decembre dez dic desember des aralik дек",
}
_BEGINNINGS: Final = {
    word: month for month, words in _MONTHS_ELSEWHERE.items() for word in words.split()
}
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_ZONE: Final = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_TIME: Final = (
    rf"(?:[T ][0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]{{1,9}})?)?(?: ?[AaPp][Mm])?{_ZONE})?"
)
_WEEKDAY: Final = re.compile(
    r"^(?:(?:mon|tue|tues|wed|weds|thu|thur|thurs|fri|sat|sun|monday|tuesday|wednesday|thursday"
    r"|friday|saturday|sunday)\.?,?\s+"
    r"|[^\W\d_]{2,14}\.?,\s+(?=\d))",
    re.IGNORECASE,
)
_MONTH: Final = r"([^\W\d_]{3,9})\.?"
_ORDINAL: Final = r"([0-9]{1,2})(?:st|nd|rd|th|er|º|°)?"
_ISO: Final = re.compile(rf"([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}}){_TIME}", re.IGNORECASE)
_YEAR_FIRST: Final = re.compile(
    rf"([0-9]{{4}})\s?[/.]\s?([0-9]{{1,2}})\s?[/.]\s?([0-9]{{1,2}})\.?{_TIME}"
)
_COMPACT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T[0-9]{4,6}Z?)?")
_EAST_ASIAN: Final = re.compile(
    r"([0-9]{4})\s?[年년]\s?([0-9]{1,2})\s?[月월]\s?([0-9]{1,2})\s?[日号號일]"
)
# Of the Japanese eras, the year before their first one.
_ERA: Final = re.compile(r"(令和|平成|昭和)([0-9]{1,2}|元)年([0-9]{1,2})月([0-9]{1,2})日")
_ERA_START: Final = {"令和": 2018, "平成": 1988, "昭和": 1925}
_GAP: Final = r"(?:\s*[-/.,]\s*|\s+)"
_DAY_MONTH: Final = re.compile(
    rf"{_ORDINAL}{_GAP}(?:(?:of|de|del)\s+)?{_MONTH}"
    rf"{_GAP}(?:(?:de|del)\s+)?([0-9]{{4}})г?\.?{_TIME}",
    re.IGNORECASE,
)
_MONTH_DAY: Final = re.compile(
    rf"{_MONTH}[\s/-]+(?:the\s+)?{_ORDINAL}(?:\s*,\s*|[\s/-]+)([0-9]{{4}}){_TIME}", re.IGNORECASE
)
_YEAR_MONTH_WORD: Final = re.compile(rf"([0-9]{{4}}){_GAP}{_MONTH}{_GAP}{_ORDINAL}", re.IGNORECASE)
_YEAR_LAST: Final = re.compile(
    rf"([0-9]{{1,2}})\s?([-/.])\s?([0-9]{{1,2}})\s?\2\s?([0-9]{{4}})\.?{_TIME}"
)
# Dashes of every width, and marks that keep a spreadsheet program from reading a date.
_DASHES: Final = {ord(dash): "-" for dash in "‐‑‒–—―−﹣"}
_AROUND: Final = "\"'‘’“”`´="


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
    """Return the number of a month, also shortened; "" where it is none or several.

    English months, and those of other languages that can't be mistaken.
    """
    name = _without_accents(word.rstrip(".").casefold())
    if name == "sept":
        name = "sep"
    elsewhere = _BEGINNINGS.get(name if name.isascii() else name[:3])
    if elsewhere is not None:
        return str(elsewhere)
    numbers = [
        str(number) for number, month in enumerate(MONTHS, 1) if month.casefold().startswith(name)
    ]
    return numbers[0] if len(numbers) == 1 else ""


def _without_accents(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word).replace("ı", "i")
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def plain_date(written: str) -> str:
    """Return the text of a date with usual digits and dashes, and without marks around it."""
    text = narrow(written)
    return text if text.isascii() and text[:1].isdigit() else text.translate(_DASHES).strip(_AROUND)


@lru_cache(maxsize=32_768)
def certain_date(written: str) -> date | None:
    """Return the date where year, month and day can't be mistaken for each other, else None.

    The year comes first, or the month is a word: 2009-12-13, 20091213, 13th December 2009,
    "Sunday, December 13, 2009", 13 de diciembre de 2009, 2009年12月13日.
    """
    text = plain_date(written)
    for pattern in (_ISO, _COMPACT, _YEAR_FIRST, _EAST_ASIAN):
        if match := pattern.fullmatch(text):
            return day(match[1], match[2], match[3])
    if text[:1].isalpha():
        text = _WEEKDAY.sub("", text, count=1)
    if match := _ERA.fullmatch(text):
        year = _ERA_START[match[1]] + (1 if match[2] == "元" else int(match[2]))
        return day(str(year), match[3], match[4])
    if match := _YEAR_MONTH_WORD.fullmatch(text):
        return day(match[1], month_number(match[2]), match[3])
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
    match = _YEAR_LAST.fullmatch(plain_date(written))
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
