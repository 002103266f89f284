"""Searching students: `q` of `/ws/v1`, with an index that is computed once for each search."""

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from rollbook.standins.people import GRADUATES, Student
from rollbook.standins.powerschool.district import District
from rollbook.standins.powerschool.fiql import QueryError, Test, condition, parse
from rollbook.standins.roster import Roster

Read = Callable[[Roster, int], str | int | None]


def _of(read: Callable[[Student], str | int]) -> Read:
    return lambda roster, number: read(roster.student(number))


def _status(roster: Roster, number: int) -> int:
    return roster.brief(number).enroll_status


def _letter(roster: Roster, number: int) -> int:
    """Return the status as a letter; one without a letter counts as Inactive (LAS, MD, GB)."""
    status = roster.brief(number).enroll_status
    return status if -1 <= status <= 4 else 1


def _grade(roster: Roster, number: int) -> int:
    return roster.brief(number).grade_level


def _school(roster: Roster, number: int) -> int:
    return roster.brief(number).school_number


def _school_id(roster: Roster, number: int) -> int | None:
    school_number = roster.brief(number).school_number
    schools = (*roster.schools, GRADUATES)
    return next((school.dcid for school in schools if school.number == school_number), None)


def _local_id(who: Student) -> str | int:
    return int(who.local_id) if who.local_id.isdecimal() else -1


FIELDS: dict[str, tuple[str, Read]] = {
    "school_enrollment.enroll_status_code": ("number", _status),
    "school_enrollment.enroll_status": ("letter", _letter),
    "school_enrollment.grade_level": ("number", _grade),
    "school_enrollment.school_number": ("number", _school),
    "school_enrollment.school_id": ("number", _school_id),
    "school_enrollment.entry_date": ("date", _of(lambda who: who.entry_date)),
    "school_enrollment.exit_date": ("date", _of(lambda who: who.exit_date)),
    "student_username": ("text", _of(lambda who: who.username)),
    "local_id": ("number", _of(_local_id)),
    "state_province_id": ("text", _of(lambda who: who.state_id)),
    "id": ("number", _of(lambda who: who.dcid)),
    "name.first_name": ("text", _of(lambda who: who.first_name)),
    "name.middle_name": ("text", _of(lambda who: who.middle_name)),
    "name.last_name": ("text", _of(lambda who: who.last_name)),
}
"""The first seven are from OD via LAS. Letters and field names in any case (LAS, CB)."""


def find_students(district: District, q: str, school_number: int | None = None) -> Sequence[int]:
    """Return the numbers of the students that match. Raises QueryError or WrongType."""
    tests = _tests(q)
    if school_number is not None:
        tests.insert(0, (_school, lambda value: value == school_number))
    if not tests:
        return district.index(("all students",), district.roster.numbers)
    return district.index(("students", q, school_number), lambda: _scan(district.roster, tests))


def _tests(q: str) -> list[tuple[Read, Test]]:
    tests = []
    for term in parse(q):
        if term.field.lower() not in FIELDS:
            raise QueryError(f"Invalid field {term.field}")
        kind, read = FIELDS[term.field.lower()]
        tests.append((read, condition(term, kind)))
    return tests


def find_items(shown: Sequence[dict[str, Any]], q: str) -> list[int]:
    """Return the positions of the items that match, by the dotted names of their keys.

    For lists other than students; our choice, because PY searches this way.

    Raises QueryError or WrongType.
    """
    terms = parse(q)
    flat = [_flat(item) for item in shown]
    kinds = {
        name: "number" if isinstance(value, int) else "text"
        for item in flat
        for name, value in item.items()
    }
    tests = []
    for term in terms:
        if term.field.lower() not in kinds:
            raise QueryError(f"Invalid field {term.field}")
        tests.append((term.field.lower(), condition(term, kinds[term.field.lower()])))
    return [at for at, item in enumerate(flat) if all(test(item.get(name)) for name, test in tests)]


def _flat(item: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return the values of an item by dotted, lower-case name."""
    fields: dict[str, Any] = {}
    for name, value in item.items():
        if isinstance(value, dict):
            fields |= _flat(value, f"{before}{name}.")
        else:
            fields[f"{before}{name}".lower()] = value
    return fields


def _scan(roster: Roster, tests: list[tuple[Read, Test]]) -> Sequence[int]:
    numbers = roster.numbers()
    for read, test in tests:
        numbers = array("L", (number for number in numbers if test(read(roster, number))))
    return numbers
