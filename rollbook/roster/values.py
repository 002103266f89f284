"""Parsers: a raw value → a value in canonical form, so that another spelling of it is no change.

A parser takes any value of JSON or of a spreadsheet. It returns the parsed value, or None for a
blank, or raises Unreadable with the code of a problem.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from math import isfinite
from typing import Any, Final

FIRST_YEAR, LAST_YEAR = 1900, 2150
MAX_EMAIL_LENGTH = 254  # RFC 5321, path limit
SHORT_LIMIT = 320  # characters of a value that is never long, such as a date
MAX_NUMBER_BITS = 1_000  # 301 digits, more than any field takes
NFC_MOST = 4  # NFC makes one character of up to four
FAST_NUMBER = 10**15  # a smaller whole number needs no further check
PRE_KINDERGARTEN, KINDERGARTEN, LAST_GRADE = -1, 0, 12

# Control characters, surrogates, and two characters that an Excel file can't hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_EMAIL = re.compile(r'[^@\s<>()\[\]\\,;:"]+@[^@\s.<>()\[\]\\,;:"]+(\.[^@\s.<>()\[\]\\,;:"]+)+')
_TIME_OF_DAY = r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?"
_ISO_DATE = re.compile(rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})(?:[T ]{_TIME_OF_DAY})?")
_GRADE_NUMBER = re.compile(
    r"(?:grade|year|yr|gr)?\.?\s*0*(\d{1,2})(?:\.0|st|nd|rd|th)?(?:\s*grade)?"
)
_GRADE_PRE_K = re.compile(
    r"(?:pk|pre[\s-]?k|pre[\s-]?kindergarten|prekindergarten|preschool|nursery)\s*-?\s*([345])?"
)
_GRADE_WORDS: Final[dict[str, int]] = {
    # "pr" is preschool in the codes that OneRoster uses (CEDS). "ps" is postsecondary there and
    # preschool elsewhere, so it stays unknown.
    **dict.fromkeys(("jk", "junior kindergarten", "pr"), -1),
    **dict.fromkeys(("k", "kg", "kindergarten", "kinder", "sk", "senior kindergarten"), 0),
    **dict.fromkeys(("tk", "transitional kindergarten"), 0),
    **{"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6},
    **{"seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12},
    **{"freshman": 9, "sophomore": 10, "junior": 11, "senior": 12},
    **dict.fromkeys(("pg", "post graduate", "post-graduate", "postgraduate"), 13),
}


class Unreadable(Exception):
    """A value can't be read. `code` is a key of `problems.PROBLEMS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def text(value: Any, limit: int) -> str | None:
    """Return the text in Unicode NFC, with single spaces and none at the ends; None for a blank.

    A number is written as a person would write it. Raises Unreadable.
    """
    if type(value) is int and -FAST_NUMBER < value < FAST_NUMBER and limit > 16:
        return str(value)
    if type(value) is not str:
        value = _written(value)
        if value is None:
            return None
    if not (value.isascii() and value.isprintable()):
        if _FORBIDDEN.search(value):
            raise Unreadable("control_characters")
        value = " ".join(value.split())
        # Normalising a run of accents takes time by the square of its length.
        if len(value) > limit * NFC_MOST:
            raise Unreadable("text_too_long")
        value = unicodedata.normalize("NFC", value)
    elif "  " in value or value[:1] == " " or value[-1:] == " ":
        value = " ".join(value.split())
    if len(value) > limit:
        raise Unreadable("text_too_long")
    return value or None


def _written(value: Any) -> str | None:
    """Return a value as a person would write it: a spreadsheet's 20418.0 is "20418"."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if value.bit_length() > MAX_NUMBER_BITS:
            raise Unreadable("text_too_long")
        return format(value, "d")
    if isinstance(value, float) and isfinite(value):
        if value.is_integer() and abs(value) < FAST_NUMBER:
            return format(int(value), "d")
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    raise Unreadable("wrong_type")


def short_text(value: Any, code: str) -> str | None:
    """Return the text of a value that is never long. Raises Unreadable(code) for a longer one."""
    try:
        return text(value, SHORT_LIMIT)
    except Unreadable as error:
        raise Unreadable(code if error.code == "text_too_long" else error.code) from None


def email(value: Any, limit: int) -> str | None:
    """Return an address as it was written, checked for its shape only; None for a blank.

    Raises Unreadable("email_invalid").
    """
    written = short_text(value, "email_invalid")
    if written is None:
        return None
    if (
        len(written) > min(limit, MAX_EMAIL_LENGTH)
        or not _EMAIL.fullmatch(written)
        or ".." in written
    ):
        raise Unreadable("email_invalid")
    # A zero-width space may come in by copy and paste, and small letters may need more room.
    if not written.isascii() and (not written.isprintable() or len(email_key(written)) > limit):
        raise Unreadable("email_invalid")
    return written


def email_key(address: str) -> str:
    """Return the form in which two spellings of an address are the same: small letters, in NFC."""
    return address.lower() if address.isascii() else unicodedata.normalize("NFC", address.lower())


@lru_cache(maxsize=32_768)
def _date(written: str) -> date:
    match = _ISO_DATE.fullmatch(written)
    if match is None:
        raise Unreadable("date_invalid")
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as error:
        raise Unreadable("date_invalid") from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Unreadable("date_invalid")
    return day


def birth_date(value: Any, _limit: int = 0) -> date | None:
    """Return a date written as year-month-day, also with a time after it; None for a blank.

    Raises Unreadable("date_invalid").
    """
    written = short_text(value, "date_invalid")
    return None if written is None else _date(written)


@lru_cache(maxsize=4_096)
def _graduation_year(written: str) -> int | None:
    if not re.fullmatch(r"[0-9]{1,4}(\.0)?", written):
        raise Unreadable("graduation_year_invalid")
    year = int(float(written))
    if year == 0:  # PowerSchool sends 0 where none is set
        return None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Unreadable("graduation_year_invalid")
    return year


def graduation_year(value: Any, _limit: int = 0) -> int | None:
    """Return a year of four digits; None for a blank or 0.

    Raises Unreadable("graduation_year_invalid").
    """
    written = short_text(value, "graduation_year_invalid")
    return None if written is None else _graduation_year(written)


@lru_cache(maxsize=4_096)
def _grade(written: str) -> int | None:
    word = written.casefold()
    bare = word.removeprefix("grade ").removesuffix(" grade")
    if bare in _GRADE_WORDS:
        return _GRADE_WORDS[bare]
    if match := _GRADE_PRE_K.fullmatch(bare):
        return {None: -1, "5": -1, "4": -1, "3": -2}[match[1]]
    if re.fullmatch(r"-[0-9]{1,2}", word):
        return int(word)
    if match := _GRADE_NUMBER.fullmatch(word):
        return int(match[1])
    return None


def grade(value: Any) -> int | None:
    """Return a grade level as a number; None for one that we don't know. Never raises.

    Pre-kindergarten is -1 and below, kindergarten 0, then 1 to 12, postgraduates 13.
    """
    if type(value) is int:
        return value if -100 < value < 100 else None
    try:
        written = text(value, 100)
    except Unreadable:
        return None
    return None if written is None else _grade(written)


def grade_label(level: int) -> str:
    """Return a grade level as people write it."""
    if level == KINDERGARTEN:
        return "K"
    if level == PRE_KINDERGARTEN:
        return "Pre-K"
    return "Pre-K 3" if level == PRE_KINDERGARTEN - 1 else str(level)


def parse_grades(written: str) -> list[int]:
    """Return the levels of a list or ranges such as "9-12", "K-5" or "PK,K,1", in order.

    Raises ValueError with the part that can't be read.
    """
    levels: set[int] = set()
    for part in written.replace("–", "-").split(","):
        ends = _ends(part.strip())
        if ends is None or ends[0] > ends[1] or ends[1] > LAST_GRADE:
            raise ValueError(part.strip())
        levels.update(range(ends[0], ends[1] + 1))
    return sorted(levels)


def _ends(part: str) -> tuple[int, int] | None:
    """Return both ends of a range; a single level is a range of one.

    "PK-3" is a range: as one level it is written "PK3" or "Pre-K 3".
    """
    for cut, letter in enumerate(part):
        if letter != "-":
            continue
        first, last = grade(part[:cut].strip()), grade(part[cut + 1 :].strip())
        if first is not None and last is not None:
            return first, last
    single = grade(part)
    return None if single is None else (single, single)


def same_name(one: str | None, other: str | None) -> bool:
    """Return whether two names are the same except for letter case, accents and spaces."""
    return name_key(one or "") == name_key(other or "")


def name_key(name: str) -> str:
    """Return a name without letter case, accents and repeated spaces, for comparing.

    The marks of other scripts stay: there they make a different letter, as in か and が.
    """
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return " ".join(_ACCENTS.sub("", decomposed).casefold().split())


PARSERS: Final[dict[str, Callable[[Any, int], Any]]] = {
    "identifier": text,
    "text": text,
    "gender": text,
    "email": email,
    "date": birth_date,
    "graduation_year": graduation_year,
}
