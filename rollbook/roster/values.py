"""Text of a source → value in canonical form, so that the same data spelled otherwise is no change.

A parser takes whatever JSON or a spreadsheet holds and returns the value, None for blank, or raises Unreadable with a problem's code.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from math import isfinite
from typing import Any, Final

FIRST_YEAR, LAST_YEAR = 1900, 2150
LONGEST_EMAIL = 254  # RFC 5321, path limit
SHORT = 320  # characters of a value that is never long, such as a date
LONGEST_NUMBER = 1_000  # bits: 301 digits, more than any field takes
COMPOSED = 4  # NFC makes one character of up to four
PRE_KINDERGARTEN, KINDERGARTEN, LAST_GRADE = -1, 0, 12

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
)  # an Excel file can't hold the last two either
_ACCENTS = re.compile("[\u0300-\u036f]")
_EMAIL = re.compile(r'[^@\s<>()\[\]\\,;:"]+@[^@\s.<>()\[\]\\,;:"]+(\.[^@\s.<>()\[\]\\,;:"]+)+')
_ISO_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_GRADE_NUMBER = re.compile(
    r"(?:grade|year|yr|gr)?\.?\s*0*(\d{1,2})(?:\.0|st|nd|rd|th)?(?:\s*grade)?"
)
_GRADE_PRE_K = re.compile(
    r"(?:pk|pre[\s-]?k|pre[\s-]?kindergarten|prekindergarten|preschool|nursery)\s*-?\s*([345])?"
)
# "pr" is preschool in the codes that OneRoster uses (CEDS). Their "ps" is postsecondary, and preschool elsewhere: it stays unknown.
_GRADE_WORDS: Final[dict[str, int]] = {
    **dict.fromkeys(("jk", "junior kindergarten", "pr"), -1),
    **dict.fromkeys(
        (
            "k",
            "kg",
            "kindergarten",
            "kinder",
            "sk",
            "senior kindergarten",
            "tk",
            "transitional kindergarten",
        ),
        0,
    ),
    **{
        "first": 1,
        "second": 2,
        "third": 3,
        "fourth": 4,
        "fifth": 5,
        "sixth": 6,
        "seventh": 7,
        "eighth": 8,
        "ninth": 9,
        "tenth": 10,
    },
    **{"eleventh": 11, "twelfth": 12, "freshman": 9, "sophomore": 10, "junior": 11, "senior": 12},
    **dict.fromkeys(("pg", "post graduate", "post-graduate", "postgraduate"), 13),
}


FAST_NUMBER = 10**15  # below it a whole number needs no further look


class Unreadable(Exception):
    """A value can't be taken. `code` is a key of `problems.PROBLEMS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def text(value: Any, limit: int) -> str | None:
    """Unicode NFC, outer spaces off, inner runs of white space as one space; numbers as they are written."""
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
        if (
            len(value) > limit * COMPOSED
        ):  # normalising a run of accents takes time by the square of its length
            raise Unreadable("text_too_long")
        value = unicodedata.normalize("NFC", value)
    elif "  " in value or value[:1] == " " or value[-1:] == " ":
        value = " ".join(value.split())
    if len(value) > limit:
        raise Unreadable("text_too_long")
    return value or None


def _written(value: Any) -> str | None:
    """A number as a person would write it: a spreadsheet's 20418.0 is 20418."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if value.bit_length() > LONGEST_NUMBER:
            raise Unreadable("text_too_long")
        return format(value, "d")
    if isinstance(value, float) and isfinite(value):
        return (
            format(int(value), "d") if value.is_integer() and abs(value) < 10**15 else repr(value)
        )
    if isinstance(value, date):
        return value.isoformat()
    raise Unreadable("wrong_type")


def _short(value: Any, code: str) -> str | None:
    """The text of a value that is never long: what is longer is as unreadable as any other nonsense."""
    try:
        return text(value, SHORT)
    except Unreadable as bad:
        raise Unreadable(code) if bad.code == "text_too_long" else bad from None


def email(value: Any, limit: int) -> str | None:
    """An address as it was written, checked for its shape only. Raises Unreadable("email_invalid")."""
    written = _short(value, "email_invalid")
    if written is None:
        return None
    if len(written) > min(limit, LONGEST_EMAIL) or not _EMAIL.fullmatch(written) or ".." in written:
        raise Unreadable("email_invalid")
    if not written.isascii() and (not written.isprintable() or len(email_key(written)) > limit):
        raise Unreadable(
            "email_invalid"
        )  # a zero-width space came in by copy and paste; or small letters that need more room
    return written


def email_key(address: str) -> str:
    """What makes two spellings of an address one: letter case aside, in Unicode NFC."""
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
    """A date written year-month-day, also with a time behind it. Raises Unreadable("date_invalid")."""
    written = _short(value, "date_invalid")
    return None if written is None else _date(written)


@lru_cache(maxsize=4_096)
def _graduation_year(written: str) -> int | None:
    if not re.fullmatch(r"[0-9]{1,4}(\.0)?", written):
        raise Unreadable("graduation_year_invalid")
    year = int(float(written))
    if year == 0:  # PowerSchool's way of saying that none is set
        return None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Unreadable("graduation_year_invalid")
    return year


def graduation_year(value: Any, _limit: int = 0) -> int | None:
    """A year of four digits; 0 is blank. Raises Unreadable("graduation_year_invalid")."""
    written = _short(value, "graduation_year_invalid")
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
    """A grade level as a number: pre-kindergarten -1 and below, kindergarten 0, 1 to 12, postgraduates 13. None where it can't be told."""
    if type(value) is int:
        return value if -100 < value < 100 else None
    try:
        written = text(value, 100)
    except Unreadable:
        return None
    return None if written is None else _grade(written)


def grade_label(level: int) -> str:
    """How a grade level is written for people."""
    if level == KINDERGARTEN:
        return "K"
    if level == PRE_KINDERGARTEN:
        return "Pre-K"
    return "Pre-K 3" if level == PRE_KINDERGARTEN - 1 else str(level)


def parse_grades(written: str) -> list[int]:
    """Ranges and lists of grade levels such as "9-12", "K-5" or "PK,K,1". Raises ValueError naming the part that can't be read."""
    levels: set[int] = set()
    for part in written.replace("–", "-").split(","):
        ends = _ends(part.strip())
        if ends is None or ends[0] > ends[1] or ends[1] > LAST_GRADE:
            raise ValueError(part.strip())
        levels.update(range(ends[0], ends[1] + 1))
    return sorted(levels)


def _ends(part: str) -> tuple[int, int] | None:
    """Both ends of a range; a single level is a range of one. "PK-3" is the range: as one level it is written "PK3" or "Pre-K 3"."""
    for cut in (i for i, letter in enumerate(part) if letter == "-"):
        first, last = grade(part[:cut].strip()), grade(part[cut + 1 :].strip())
        if first is not None and last is not None:
            return first, last
    single = grade(part)
    return None if single is None else (single, single)


def same_name(one: str | None, other: str | None) -> bool:
    """Whether two names are the same to a person: letter case, accents and spaces aside."""
    return name_key(one or "") == name_key(other or "")


def name_key(name: str) -> str:
    """A name as it is compared: letter case, accents and spaces aside.

    The marks of other scripts stay: they make another letter there, as in か and が.
    """
    return " ".join(
        _ACCENTS.sub("", unicodedata.normalize("NFKD", name.casefold())).casefold().split()
    )


PARSERS: Final[dict[str, Callable[[Any, int], Any]]] = {
    "identifier": text,
    "text": text,
    "gender": text,
    "email": email,
    "date": birth_date,
    "graduation_year": graduation_year,
}
