"""Graduation years as people write them."""

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from rollbook.roster.values.dates import certain_date, days_by_order, month_number, narrow

_CENTURY_TURN: Final = 80  # '79 is 2079, '80 is 1980
_FIRST_SHORT: Final = 20  # May-28 is May 2028; May-12 may be a day

_ONE_YEAR: Final = re.compile(r"[=\"'‘’“”`´]*([0-9]{4})(?:\.0*|\s?[年년届]|学年|年度)?[\"'’”*]*")
_GROUPED_YEAR: Final = re.compile(r"(2)[., '’](0[0-9]{2})")  # 2,028
_MONTH: Final = r"([^\W\d_]{3,10})\.?"
_SHORT_YEAR: Final = re.compile(rf"(?:{_MONTH},?[\s-]*)?['‘’ʼ`´]([0-9]{{2}})")
_CLASS_OF: Final = re.compile(
    r"(?:the\s+)?(?:(?:graduating[\s-]+)?class[\s-]*of|c/?o)[\s-]*['‘’ʼ`´]?([0-9]{4}|[0-9]{2})",
    re.IGNORECASE,
)
_YEAR_WORDS: Final = r"(?:(?:a\.?y\.?|s\.?y\.?|(?:school|academic)\s+year)[\s:]*)?"
_SCHOOL_YEAR: Final = re.compile(
    rf"{_YEAR_WORDS}([0-9]{{4}}|[0-9]{{2}})\s?(?:[-/–—_|]|to)\s?([0-9]{{4}}|[0-9]{{2}})",
    re.IGNORECASE,
)
_MONTH_YEAR: Final = re.compile(r"([0-9]{1,2})\s?[-/.]\s?([0-9]{4})")
_MONTH_SHORT_YEAR: Final = re.compile(rf"{_MONTH}[-\s]([0-9]{{2}})")  # Excel's May-28
_ONLY_YEAR: Final = re.compile(r"([^\W\d_][^\d]*?)?((?:19|20|21)[0-9]{2})[^\d]*")
_WORD: Final = re.compile(r"[^\W\d_]+")
# Words beside a year that tell nothing else. "Entry 2020" is another year than that of graduation.
_WORDS_BESIDE: Final = """
    class cohort graduation graduate graduates graduating grad grads year yr of the in by
    spring summer autumn fall winter semester term expected exp anticipated est estimated ca approx
    high school hs senior seniors ib ibdp dp batch eoy end
    promotion promo promoción promocion generación generacion año ano de del
    abschluss abschlussjahr abitur abi jahrgang klasse schuljahr
    année annee diplôme diplome bac turma formatura
"""
_YEAR_BESIDE: Final = frozenset(_WORDS_BESIDE.split())
_FIRST_DAY: Final = date(1899, 12, 30)  # from which Excel counts days
_SERIALS: Final = range(36_526, 73_051)  # the years 2000 to 2099


@lru_cache(maxsize=4_096)
def graduation_year_of(written: str) -> int | None:
    """Return the year of a graduation as people write it, None where it can't be told.

    2028, "Class of 2028", '28, 2027-28 and 2027-2028 (the year in which it ends), May 2028,
    06/2028, a whole date, its number in Excel, and "Promotion 2028" are the year 2028.
    """
    text = narrow(written)
    if match := _ONE_YEAR.fullmatch(text):
        return int(match[1])
    if match := _GROUPED_YEAR.fullmatch(text):
        return int(match[1] + match[2])
    if match := _CLASS_OF.fullmatch(text):
        return _full_year(match[1])
    if match := _SHORT_YEAR.fullmatch(text):
        return _full_year(match[2]) if match[1] is None or month_number(match[1]) else None
    if (match := _MONTH_YEAR.fullmatch(text)) and 1 <= int(match[1]) <= 12:
        return int(match[2])
    if match := _SCHOOL_YEAR.fullmatch(text):
        return _end_of_school_year(match[1], match[2])
    if match := _MONTH_SHORT_YEAR.fullmatch(text):
        is_year = month_number(match[1]) and _FIRST_SHORT <= int(match[2]) < _CENTURY_TURN
        return _full_year(match[2]) if is_year else None
    certain_day = certain_date(text)
    if certain_day is None and (days := days_by_order(text)):
        certain_day = days[0] or days[1]
    if certain_day is not None:
        return certain_day.year
    if text.isdigit() and len(text) == 5 and int(text) in _SERIALS:
        return (_FIRST_DAY + timedelta(int(text))).year
    match = _ONLY_YEAR.fullmatch(text)
    words = _WORD.findall(text.casefold())
    return int(match[2]) if match and all(map(_is_beside_year, words)) else None


def _is_beside_year(word: str) -> bool:
    return word in _YEAR_BESIDE or month_number(word) != ""


def _full_year(digits: str) -> int:
    if len(digits) == 4:
        return int(digits)
    return int(digits) + (2000 if int(digits) < _CENTURY_TURN else 1900)


def _end_of_school_year(first: str, second: str) -> int | None:
    """Return the year in which a school year ends.

    None where the years don't follow each other, and for 2011-12 and 11-12, which may be a month.
    """
    if len(first) == 2:
        is_one = len(second) == 2 and int(second) == int(first) + 1 and int(second) > 12
        return _full_year(second) if is_one else None
    end = int(first) + 1
    if len(second) == 4:
        return end if int(second) == end else None
    if int(second) <= 12 and int(first) + 1 == 2000 + int(second):
        return None
    if end % 100 == int(second):
        return end
    return int(first) if 1 <= int(second) <= 12 else None
