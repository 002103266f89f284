"""The lists of v2 beside the students, one row for each student: few keys of them are known (C)."""

from collections.abc import Callable
from typing import Any

from rollbook.standins.people import Student, household
from rollbook.standins.veracross.school import TEACHERS, codes_of, grade_label

Neighbour = Callable[[Student], dict[str, Any]]


def v2_household(who: Student, number: int) -> dict[str, Any]:
    """Return a household (C); the address is that of its first student."""
    home = household(who)
    return {
        "household_pk": number,
        "address_1": home["street"],
        "city": home["city"],
        "state_province": home["state_province"],
        "postal_code": home["postal_code"],
        "household_phone": home["phone"],
    }


def _parent(who: Student) -> dict[str, Any]:
    last_name, _, first_name = household(who)["mother"].partition(", ")
    return {
        "person_pk": 500_000 + who.number,
        "household_fk": codes_of(who).household_id,
        "first_name": first_name,
        "last_name": last_name,
        "email_1": household(who)["guardian_email"],
    }


def _teacher(who: Student) -> dict[str, Any]:
    """Return a member of staff, whose nick name is spelt differently from that of students (C)."""
    person = 300 + who.dice[1] % len(TEACHERS)
    title, first_name, last_name = TEACHERS[person].split(" ", 2)
    return {
        "person_pk": person,
        "name_prefix": title,
        "first_name": first_name,
        "nick_first_name": None,
        "last_name": last_name,
        "roles": "Faculty",
    }


def _class(who: Student) -> dict[str, Any]:
    return {
        "class_pk": 70_000 + who.dice[1] % 40,
        "class_id": f"MATH-{who.dice[1] % 40}",
        "description": f"Mathematics {grade_label(who.grade_level)}",
        "teacher_fk": 300 + who.dice[1] % len(TEACHERS),
    }


def _enrollment(who: Student) -> dict[str, Any]:
    return {
        "enrollment_pk": 80_000 + who.number,
        "class_fk": 70_000 + who.dice[1] % 40,
        "student_fk": who.dcid,
        "currently_enrolled": True,
        "grade_level": grade_label(who.grade_level),
    }


NEIGHBOURS: dict[str, Neighbour] = {
    "facstaff": _teacher,
    "parents": _parent,
    "classes": _class,
    "enrollments": _enrollment,
}
