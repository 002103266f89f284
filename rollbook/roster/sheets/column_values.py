"""What the values of a spreadsheet's column look like, for a guess at the field that it fills."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from rollbook.roster.fields import ACTIVE
from rollbook.roster.sheets.cell_values import CLOSED_WORDS, DateOrder, active_flag
from rollbook.roster.sheets.contrary_words import (
    DATE_ENDINGS,
    KIND_WORDS,
    OTHER_SCHOOLS,
    PLAIN_WORDS,
)
from rollbook.roster.sheets.date_orders import read_date
from rollbook.roster.sheets.full_names import can_be_split
from rollbook.roster.sheets.headings import (
    ENROLL_STATUS,
    heading_key,
    heading_words,
    speaks_against_student,
    without_student,
)
from rollbook.roster.values.grades import grade
from rollbook.roster.values.parsing import Unreadable, email

MOST_OF: Final = 0.8  # the share of a column's values that must look like a field's values
NEARLY_ALL: Final = 0.95  # the same for birth dates, which other dates look like
_FEWEST: Final = 2  # values from which something is guessed
_FEWEST_COUNTING: Final = 3  # values from which 1, 2, 3 is a running number and not an ID
_MOST_GAPS: Final = 1.5  # numbers for each line of a list that counts
_YOUNGEST, _OLDEST = 2, 25  # years of age of students
_YEARS_BACK, _YEARS_AHEAD = 1, 20  # in which the students of a file graduate

_FEMALE: Final = ("f", "female", "girl", "woman", "mujer", "femenino", "女", "weiblich", "fille")
_MALE: Final = ("m", "male", "boy", "man", "hombre", "masculino", "男", "mannlich", "garcon")
GENDERS: Final = frozenset((*_FEMALE, *_MALE, "x", "nonbinary", "other", "u", "unknown"))

_COUNT: Final = re.compile("0|[1-9][0-9]{0,5}")
_YEAR: Final = re.compile(r"(?:class of )?(20\d\d)(?:\.0)?", re.IGNORECASE)
# Beside these a heading of a grade has no other word: "Math Grade" is a mark.
_GRADE_WORDS: Final = frozenset(
    (
        *("grade", "grades", "year", "level", "this", "s", "current", "now", "student"),
        *("pupil", "in", "group", "school", "name", "code"),
    )
)
_ACTIVE_WORDS: Final = frozenset(
    (
        *("active", "status", "is", "account", "student", "user", "pupil", "currently"),
        *("flag", "in", "school"),
    )
)
_FULL_NAME_WORDS: Final = frozenset(("name", "names", "full", "sortable", "first", "last", "legal"))
_ONLY_A_YEAR: Final = frozenset(("year", "current", "this", "yr", "the", "years", "ano"))


def merely_counts(values: Sequence[str]) -> bool:
    """Return whether a column counts its lines: 1, 2, 3 … in order, which are no IDs.

    It may begin with 0, have signs around (1., 1)), and have gaps where lines were deleted. 001 is
    an ID.
    """
    if len(values) < _FEWEST_COUNTING:
        return False
    bare = [value.removesuffix(".0").strip(".#()[] ") for value in values]
    if not all(map(_COUNT.fullmatch, bare)):
        return False
    numbers = [int(text) for text in bare]
    in_order = all(one < other for one, other in pairwise(numbers))
    has_few_gaps = numbers[-1] - numbers[0] < _MOST_GAPS * len(numbers)
    return in_order and numbers[0] in (0, 1) and has_few_gaps


def looks_right(heading: str, values: Sequence[str]) -> bool:
    """Return whether the values agree with a heading that means other things too.

    Any other heading needs no look at its values.
    """
    check = _DOUBTFUL.get(heading)
    return check is None or check(values)


def are_full_names(heading: str | None, values: Sequence[str]) -> bool:
    """Return whether a column has names such as "Smith, John", first and last name together."""
    words = set(without_student(heading_words(heading)))
    if not words & {"name", "names"} or not words <= _FULL_NAME_WORDS:
        return False
    return len(values) >= _FEWEST and _are(values, can_be_split)


def only_field_of(heading: str | None, values: Sequence[str], today: date) -> str | None:
    """Return the field that a column with an unknown heading fills, going by its values."""
    if len(values) < _FEWEST or speaks_against_student(heading):
        return None
    words = set(heading_words(heading))
    if _are_emails(values):
        return None if _says_more("email", words) else "email"
    if _are_birth_dates(values, today):
        is_other = _says_more("birth_date", words) or any(map(_is_compound_of_date, words))
        return None if is_other else "birth_date"
    if _are_graduation_years(values, today):
        is_other = words <= _ONLY_A_YEAR or not words.isdisjoint(OTHER_SCHOOLS)
        return None if is_other else "graduation_year"
    if _are_genders(values):
        return "gender"
    if words & {"grade", "year"} and words <= _GRADE_WORDS and _are(values, _is_grade):
        return "grade_level"
    if "active" in words and words <= _ACTIVE_WORDS and all(map(_is_active_flag, values)):
        return ACTIVE
    return None


def _says_more(field: str, words: set[str]) -> bool:
    """Return whether a heading says "email" or "date" beside a word that we don't know."""
    if words.isdisjoint(KIND_WORDS[field]):
        return False
    known = KIND_WORDS[field] | PLAIN_WORDS
    return any(word not in known and not word.isdecimal() for word in words)


def _is_compound_of_date(word: str) -> bool:
    return any(word.endswith(ending) and word != ending for ending in DATE_ENDINGS)


def are_addresses(values: Sequence[str]) -> bool:
    """Return whether most values are e-mail addresses, which are no IDs."""
    return bool(values) and _are(values, _is_email)


def _are(values: Sequence[str], check: Callable[[str], bool], share: float = MOST_OF) -> bool:
    return sum(map(check, values)) >= share * len(values)


def _are_emails(values: Sequence[str]) -> bool:
    """Return whether these are addresses, each of one student: siblings share their parents'."""
    different = {value.casefold() for value in values}
    return _are(values, _is_email) and len(different) >= NEARLY_ALL * len(values)


def _is_email(value: str) -> bool:
    try:
        return email(value, 320) is not None
    except Unreadable:
        return False


def _are_birth_dates(values: Sequence[str], today: date) -> bool:
    """Return whether the dates, read in one order, are those of people aged 2 to 25."""
    if any(value.isdigit() for value in values):  # 20091213 may be a number like any other
        return False

    def fit(order: DateOrder) -> bool:
        days = [read_date(value, order) for value in values]
        of_age = [day for day in days if day is not None and _is_of_age(day, today)]
        return len(of_age) >= NEARLY_ALL * len(values)

    return any(map(fit, DateOrder))


def are_dates_of_others(values: Sequence[str], today: date) -> bool:
    """Return whether a column has dates, and none of them makes a student's age in any order."""
    days = [day for value in values for order in DateOrder if (day := read_date(value, order))]
    return len(values) >= _FEWEST and bool(days) and not any(_is_of_age(day, today) for day in days)


def _is_of_age(day: date, today: date) -> bool:
    age = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    return _YOUNGEST <= age <= _OLDEST


def _are_graduation_years(values: Sequence[str], today: date) -> bool:
    """Return whether these are years to come, written plainly.

    "2026-27" and "2026-08-15" are more often a school year and a date.
    """
    years = range(today.year - _YEARS_BACK, today.year + _YEARS_AHEAD)

    def is_one(value: str) -> bool:
        match = _YEAR.fullmatch(value)
        return match is not None and int(match[1]) in years

    return _are(values, is_one)


def _are_genders(values: Sequence[str]) -> bool:
    """Return whether these are words for genders. Both usual ones come: "X" alone marks a list."""
    keys = set(map(heading_key, values))
    return (
        not keys.isdisjoint(_FEMALE)
        and not keys.isdisjoint(_MALE)
        and _are(values, lambda value: heading_key(value) in GENDERS)
    )


def _is_grade(value: str) -> bool:
    return grade(value) is not None


def _is_active_flag(value: str) -> bool:
    try:
        return active_flag(value) is not None
    except Unreadable:
        return False


def _are_enroll_statuses(values: Sequence[str]) -> bool:
    """Return whether these are PowerSchool's codes, or words of a status."""
    try:
        return all(active_flag(value, ENROLL_STATUS) is not None for value in values)
    except Unreadable:
        return False


def _are_statuses(values: Sequence[str]) -> bool:
    """Return whether the words of a status say who is active.

    Figures don't: 0 is active in some systems and inactive in others. One word that closes accounts
    is enough, so that the students it stands for never get an open one.
    """
    words = {value.casefold() for value in values}
    if any(word.lstrip("-").isdigit() for word in words):
        return False
    return bool(words) and (not words.isdisjoint(CLOSED_WORDS) or all(map(_is_active_flag, words)))


def _have_a_year(values: Sequence[str]) -> bool:
    return any(_YEAR.fullmatch(value) for value in values)


def _have_an_email(values: Sequence[str]) -> bool:
    return any(map(_is_email, values))


# Headings that mean other things too, and what their values have to be.
_DOUBTFUL: Final[dict[str, Callable[[Sequence[str]], bool]]] = {
    **dict.fromkeys(("class", "cohort", "classyear", "graduation", "graduationdate"), _have_a_year),
    **dict.fromkeys(("username", "login"), _have_an_email),
    "grades": lambda values: _are(values, _is_grade),
    "status": _are_statuses,
    ENROLL_STATUS: _are_enroll_statuses,
}
