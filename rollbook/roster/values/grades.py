"""What the name of a grade means, in the words of English-speaking schools.

A level is the number that the school itself uses: pre-kindergarten -1 and below, kindergarten 0,
then 1 to 13. So *Year 9*, *Grade 9* and *Form 9* are all level 9, although their students differ by
a year of age.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from rollbook.roster.values.parsing import Unreadable, text

# Grade 13 is the last year of British schools, or the year of postgraduates.
PRE_KINDERGARTEN, KINDERGARTEN, LAST_GRADE = -1, 0, 13
AT_SCHOOL: Final = "\n"  # in no name of a grade
NAME_LIMIT: Final = 100  # characters of the name of a grade

_KIND: Final = r"(?:grade|gr|g|year|yr|y|form|class|std|standard)"
_NUMBER: Final = re.compile(
    rf"(?:{_KIND}\.?\s*)?0*(\d{{1,2}})(?:\.0|st|nd|rd|th)?(?:\s*(?:grade|form|class))?"
)
_PRE_KINDERGARTEN: Final = re.compile(
    r"(?:pk|pre[\s-]?k|pre[\s-]?kindergarten|prekindergarten|preschool|nursery)\s*-?\s*([345])?"
)
_ROMAN: Final = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii")
_AFTER_KIND: Final = re.compile(r"(?:grade|year|form|class|std|standard)\.?\s+([a-z]+)")
# Not "first year": in Ireland and in older British words that is the first of secondary school.
_BEFORE_KIND: Final = re.compile(r"([a-z]+)\s+(?:grade|form|class)")
# A part of the school before the grade, as in "US - 10" and "Upper School 11".
_SCHOOL_PART: Final = re.compile(
    r"(?:[a-z]{2}\s*[-–:]|(?:upper|middle|lower|high|elementary|primary|secondary|junior|senior)"
    r"\s+school\s*[-–:]?)\s*(.+)"
)
# Words after the grade, as in "Grade 9 - Boarding" and "Grade 12 (IB2)".
_WORDS_AFTER: Final = re.compile(r"(.+?)\s*(?:\s[-–]\s+[a-z][a-z ]*|\(.*\))")

_ORDINALS: Final = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh"),
    *("eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth"),
)
_NUMERALS: Final = (
    *("one", "two", "three", "four", "five", "six", "seven"),
    *("eight", "nine", "ten", "eleven", "twelve", "thirteen"),
)
_WORDS: Final[dict[str, int]] = {
    # "pr" is preschool in the codes that OneRoster uses (CEDS). "ps" is postsecondary there and
    # preschool elsewhere, so it stays unknown. So do "Kindy", "KG1" and "EY1", which are years of
    # other ages from one country to the next.
    **dict.fromkeys(("jk", "junior kindergarten", "pr", "lkg", "lower kindergarten"), -1),
    **dict.fromkeys(("k", "kg", "kindergarten", "kinder", "sk", "senior kindergarten"), 0),
    **dict.fromkeys(("tk", "transitional kindergarten", "ukg", "upper kindergarten"), 0),
    # The year before Year 1: in England, and in Victoria and Queensland.
    **dict.fromkeys(("reception", "reception year", "year r", "foundation", "prep"), 0),
    **{word: number for number, word in enumerate(_ORDINALS[:12], start=1)},
    **{"freshman": 9, "sophomore": 10, "junior": 11, "senior": 12},
    **dict.fromkeys(("lower sixth", "lower sixth form"), 12),
    **dict.fromkeys(("upper sixth", "upper sixth form"), 13),
    **dict.fromkeys(("pg", "pg year", "post graduate", "post-graduate", "postgraduate"), 13),
}
# The two years after Year 11, not a sixth year.
_TWO_YEARS: Final = frozenset(("sixth form", "6th form", "form 6", "form vi", "form six"))


def grade(value: Any) -> int | None:
    """Return the level that the name of a grade means; None where that isn't certain.

    Never raises, whatever it is given.
    """
    if type(value) is int:
        return value if -100 < value < 100 else None
    try:
        written = text(value, NAME_LIMIT)
    except Unreadable:
        return None
    return None if written is None else _grade(written)


def level_of(value: Any, meanings: Mapping[str, int | None], school: str = "") -> int | None:
    """Return the level of a grade: what a person chose for its name, else what the name means.

    `meanings` are by the name in lower case, or by `name_at` for one `school`, which goes first;
    None is a name that is no school year. Never raises.
    """
    if meanings:
        try:
            name = (text(value, NAME_LIMIT) or "").casefold()
        except Unreadable:
            return None
        for key in (name_at(name, school), name):
            if key in meanings:
                return meanings[key]
    return grade(value)


def name_at(name: str, school: str) -> str:
    """Return the key of a meaning that the name of a grade has at one school only."""
    return f"{name.casefold()}{AT_SCHOOL}{school}"


@lru_cache(maxsize=4_096)
def _grade(written: str) -> int | None:
    word = written.casefold()
    if word in _TWO_YEARS:
        return None
    bare = word.removeprefix("grade ").removesuffix(" grade")
    if bare in _WORDS:
        return _WORDS[bare]
    if match := _PRE_KINDERGARTEN.fullmatch(bare):
        return {None: -1, "5": -1, "4": -1, "3": -2}[match[1]]
    if re.fullmatch(r"-[0-9]{1,2}", word):
        return int(word)
    if match := _NUMBER.fullmatch(word):
        return int(match[1])
    in_words = _number_in_words(word)
    if in_words is not None:
        return in_words
    for pattern in (_SCHOOL_PART, _WORDS_AFTER):
        if match := pattern.fullmatch(word):
            return _grade(match[1])
    return None


def _number_in_words(word: str) -> int | None:
    """Return the number of "grade xii", "xii", "year one" or "fourth form".

    A lone Roman number of one letter, such as "V" or "X", may be something else.
    """
    if len(word) > 1 and word in _ROMAN:
        return _ROMAN.index(word) + 1
    if match := _AFTER_KIND.fullmatch(word):
        for numbers in (_ROMAN, _NUMERALS):
            if match[1] in numbers:
                return numbers.index(match[1]) + 1
    if (match := _BEFORE_KIND.fullmatch(word)) and match[1] in _ORDINALS:
        return _ORDINALS.index(match[1]) + 1
    return None


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
