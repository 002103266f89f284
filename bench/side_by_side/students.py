"""The made-up students of the data server: each follows from its number, on two days."""

import datetime as dt
from typing import Any, Final

PAGE: Final = 100  # students a page, as PowerSchool has it
FIRST_DAY, SECOND_DAY = "v0", "v1"
_GIRLS: Final = (
    *("Olivia", "Emma", "Zoë", "Ava", "Sofía", "Mia", "Amélie", "Harper", "Evelyn", "Abigail"),
    *("Nora", "Lucía", "Aria", "Chloe", "Priya", "Mei", "Fatima", "Ingrid", "Noor"),
)
_BOYS: Final = (
    *("Liam", "Noah", "José", "Elijah", "Mateo", "Lucas", "Jürgen", "Ethan", "Henry", "Jack"),
    *("Owen", "Diego", "Arjun", "Wei", "Omar", "Søren", "Kwame"),
)
_FAMILIES: Final = (
    *("Smith", "Johnson", "O'Brien", "García", "Müller", "Nguyen", "Kim", "Patel", "Silva"),
    *("Rossi", "Dubois", "Van der Berg", "Kowalski", "Okafor", "Yamamoto", "Larsen", "Cohen"),
    *("Ali", "Muñoz", "Brown", "Taylor", "Walker", "Young"),
)
_MIDDLE: Final = ("Ann", "Lee", "Marie", "James", "Rose", "Lynn", "Ray")


def has_email(number: int, day: str) -> bool:
    """Return whether a student has an e-mail: one in twenty has none, the changed ones all do."""
    return is_changed(number, day) or _hash(number) % 20 != 7


def is_changed(number: int, day: str) -> bool:
    """Return whether a student has other values than on the first day: one in a hundred has."""
    return day == SECOND_DAY and number % 100 == 37


def student(number: int, day: str, school: int) -> dict[str, Any]:
    """Return the record of a student, counted from 1, as PowerSchool sends it."""
    chance = _hash(number)
    changed = is_changed(number, day)
    gender = "F" if chance & 1 else "M"
    first_names = _GIRLS if gender == "F" else _BOYS
    name = {
        "first_name": first_names[(chance >> 3) % len(first_names)],
        "last_name": _FAMILIES[(chance >> 9) % len(_FAMILIES)],
    }
    if chance % 10 < 7:
        name["middle_name"] = _MIDDLE[(chance >> 17) % len(_MIDDLE)]
    grade = (chance >> 14) % 13
    born = dt.date(2020 - grade, 1 + (chance >> 5) % 12, 1 + (chance >> 11) % 28)
    user = f"s{number:07d}"
    email = f"{user}@students.example.org"
    if changed:
        name["last_name"] += "-Jones"
        grade = (grade + 1) % 13
        email = f"{user}.new@students.example.org"
    return {
        "id": number,
        "local_id": 100_000 + number,
        "student_username": user,
        "name": name,
        "demographics": {
            "gender": gender,
            "birth_date": born.isoformat(),
            "projected_graduation_year": 2038 - grade,
        },
        "school_enrollment": _enrollment(grade, school),
        "schedule_setup": {"next_school": school, "sched_next_year_grade": min(12, grade + 1)},
        "contact_info": {"email": email} if has_email(number, day) else {},
    }


def _enrollment(grade: int, school: int) -> dict[str, Any]:
    return {
        "enroll_status": "A",
        "enroll_status_description": "Active",
        "enroll_status_code": 0,
        "grade_level": grade,
        "entry_date": "2026-08-17",
        "exit_date": "2027-06-11",
        "school_number": school,
        "school_id": school,
        "entry_code": "E1",
        "full_time_equivalency": {"fteid": 971, "name": "Full Time"},
    }


def school_sizes(students: int) -> list[int]:
    """Return how many of the students each school has."""
    schools = students // 8_000 + 2 if students >= 1_000 else 1
    each, rest = divmod(students, schools)
    return [each + (school < rest) for school in range(schools)]


def _hash(number: int) -> int:
    return (number * 2_654_435_761) & 0xFFFFFFFF
