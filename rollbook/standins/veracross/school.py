"""The codes of the made-up school, their labels, and the codes of each student."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rollbook.standins import people
from rollbook.standins.people import Student

NONE = "<None>"
GENDERS = {"": 0, "M": 1, "F": 2, "X": 3}
GENDER_LABELS = {0: NONE, 1: "Male", 2: "Female", 3: "X"}
GRADES = range(-1, 14)
ROLES = {
    0: NONE,
    1: "Student",
    2: "Parent",
    3: "Faculty",
    5: "Former Student",
    6: "Alumni",
    7: "Future Student",
}
STATUSES = {0: NONE, 1: "Accepted", 3: "Enrolled", 4: "Withdrawn", 5: "Graduated"}
LEVELS = {0: NONE, 2: "Lower School", 3: "Middle School", 4: "Upper School"}
CAMPUSES = {0: NONE, 1: "Main Campus", 2: "North Campus"}
GROUPS = {0: NONE, 1: "Red", 2: "Blue", 3: "Green"}
ROOMS = {0: NONE, **{room: f"Room {room}" for room in range(11, 23)}}
TEACHERS = {
    300 + at: f"{title} Sample {name}"
    for at, (title, name) in enumerate(
        [("Ms.", "Advisor"), ("Mr.", "Beech"), ("Dr.", "Cedar"), ("Ms.", "Dogwood"), ("Mr.", "Elm")]
    )
}
CURRENT = 1
_ROLE_OF = {people.ACTIVE: 1, people.PRE_REGISTERED: 7, people.GRADUATED: 6}
_STATUS_OF = {people.ACTIVE: 3, people.PRE_REGISTERED: 1, people.GRADUATED: 5}


def grade_code(level: int) -> int:
    """Return the code of a grade, unrelated to the grade: Kindergarten is 20 (D), grade 2 is 1."""
    return (20 + 5 * level) % 29 if level in GRADES else 0


_LABELS: dict[str, dict[int, str]] = {
    "us": {-1: "Pre-K", 0: "Kindergarten"},
    "uk": {0: "Reception"},
    "au": {-1: "Kindy", 0: "Prep"},
    "ib": {-1: "EY1", 0: "KG1", 9: "G9", 11: "Grade 11 (IB1)", 12: "Grade 12 (IB2)"},
}
_WORD = {"us": "Grade", "uk": "Year", "au": "Year", "ib": "Grade"}


def grade_label(level: int, country: str = "us") -> str:
    """Return the label of a grade in the words of a country."""
    if level not in GRADES:
        return "None"
    return _LABELS[country].get(level, f"{_WORD[country]} {level}")


def role_of(enroll_status: int) -> int:
    """Return the role of a student with this status."""
    return _ROLE_OF.get(enroll_status, 5)


class Codes(NamedTuple):
    """The codes of one student, under v3's names."""

    gender: int
    grade_level: int
    school_level: int
    homeroom: int
    homeroom_teacher: int
    advisor: int
    campus: int
    role: int
    enrollment_status: int
    student_group: int
    household_id: int


def codes_of(who: Student) -> Codes:
    """Return the codes of a student; unset ones are 0 (I)."""
    here = who.enroll_status == people.ACTIVE
    return Codes(
        gender=GENDERS.get(who.gender, 0),
        grade_level=grade_code(who.grade_level),
        school_level=_school_level(who.grade_level),
        homeroom=11 + who.dice[1] % 12 if here else 0,
        homeroom_teacher=300 + who.dice[1] % 5 if here else 0,
        advisor=300 + who.dice[2] % 5 if here and who.dice[2] % 7 else 0,
        campus=1 + who.dice[3] % 2 if here else 0,
        role=role_of(who.enroll_status),
        enrollment_status=_STATUS_OF.get(who.enroll_status, 4),
        student_group=who.dice[4] % 4,
        household_id=9_000 + who.number // 2,
    )


def _school_level(grade: int) -> int:
    if grade not in GRADES:
        return 0
    if grade < 6:
        return 2
    return 3 if grade < 9 else 4


def value_list(field: str, labels: Mapping[int, str]) -> dict[str, Any]:
    """Return one value list of v3, with items in the school's order.

    Ids are numbers: D and S disagree, clients use numbers.
    """
    items = [
        {"id": code, "description": label, "category": 0, "sort_key": at}
        for at, (code, label) in enumerate(labels.items())
    ]
    return {
        "fields": [field],
        "items": items,
        "categories": [{"id": 0, "description": NONE, "sort_key": 0}],
    }


def _grade_labels(country: str) -> dict[int, str]:
    levels = range(14) if country == "uk" else range(-1, 13)
    return {0: "None", **{grade_code(level): grade_label(level, country) for level in levels}}


_NO_PARTS = {0: NONE}
_LISTS = {
    "gender": GENDER_LABELS,
    "school_level": LEVELS,
    "homeroom": ROOMS,
    "campus.id": CAMPUSES,
    "role": ROLES,
    "enrollment_status": STATUSES,
    "student_group": GROUPS,
    "name_prefix": _NO_PARTS,
    "name_suffix": _NO_PARTS,
    "campus": CAMPUSES,
}
LIST_ORDER = (
    "gender",
    "grade_level",
    "school_level",
    "homeroom",
    "campus.id",
    "role",
    "enrollment_status",
    "student_group",
)
SINGLE_ORDER = (
    "name_prefix",
    "name_suffix",
    "gender",
    "school_level",
    "grade_level",
    "homeroom",
    "campus",
    "enrollment_status",
)


def value_lists(fields: Sequence[str], country: str = "us") -> list[dict[str, Any]]:
    """Return the value lists of these fields."""
    lists = {**_LISTS, "grade_level": _grade_labels(country)}
    return [value_list(field, lists[field]) for field in fields]
