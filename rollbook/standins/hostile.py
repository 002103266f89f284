"""The hostile roster: every fourth student has one value that real rosters have and breaks code."""

import unicodedata
from collections.abc import Callable
from typing import Any

from rollbook.standins.people import Student

Twist = Callable[[Student, Student], dict[str, Any]]
"""Takes the student and the one before; returns the changed fields."""

TWISTS: dict[str, Twist] = {
    "emoji": lambda s, _: {"first_name": f"{s.first_name} 🦊👩🏽‍🚀"},
    "right_to_left": lambda s, _: {"first_name": "فاطمة", "last_name": "אֶבְרָהָם"},
    "long_name": lambda s, _: {"last_name": "Abcdefghij" * 30},
    "formula": lambda s, _: {"last_name": '=HYPERLINK("http://evil.example","x")'},
    "markup": lambda s, _: {
        "first_name": "<script>alert('x')</script>",
        "last_name": '"; DROP TABLE students; --',
    },
    "twin": lambda s, before: {"last_name": before.last_name, "birth_date": before.birth_date},
    "blank_email": lambda s, _: {"email": ""},
    "no_last_name": lambda s, _: {"missing": ("last_name",)},
    "no_birth_date": lambda s, _: {"missing": ("birth_date",)},
    "no_grade_level": lambda s, _: {"missing": ("grade_level",)},
    "leading_zeros": lambda s, _: {"local_id": f"00{s.number}"},
    "numeric_name": lambda s, _: {"last_name": "1984", "first_name": "007"},
    "leap_day": lambda s, _: {"birth_date": f"{2004 + s.number % 4 * 4}-02-29"},
    "no_graduation_year": lambda s, _: {"graduation_year": 0},
    "composed": lambda s, _: {"last_name": unicodedata.normalize("NFC", "Núñez-Lê")},
    "combining": lambda s, _: {"last_name": unicodedata.normalize("NFD", "Núñez-Lê")},
    "upper_case_email": lambda s, _: {"email": s.email.upper()},
    "shared_email": lambda s, before: {"email": before.email},
    "control_characters": lambda s, _: {
        "first_name": f"{s.first_name}\x00",
        "last_name": f"{s.last_name}\r\n\x1b[1m",
    },
    "impossible_date": lambda s, _: {"birth_date": "2011-02-30"},
    "numeric_username": lambda s, _: {"username": str(70_000 + s.number)},
    "spaces": lambda s, _: {"first_name": f"  {s.first_name} ", "email": f" {s.email} "},
    "odd_gender": lambda s, _: {"gender": "X"},
    "not_an_email": lambda s, _: {"email": f"see office {s.number}"},
}
_ORDER = tuple(TWISTS)


def twist_of(number: int) -> str:
    """Return the name of the twist of student `number`, or ""."""
    return _ORDER[number // 4 % len(_ORDER)] if number % 4 == 2 else ""


def spoil(who: Student, before: Student) -> Student:
    """Return the student with its twist; `before` is the student with the number before."""
    name = twist_of(who.number)
    return who._replace(**TWISTS[name](who, before)) if name else who
