"""Made-up students. A student depends on seed and number only, not on the size of the school."""

from datetime import date, timedelta
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import NamedTuple

from rollbook.standins import names

SCHOOL_YEAR = 2027
"""The year in which this school year ends; grade 12 graduates in it."""
PRE_REGISTERED, ACTIVE, INACTIVE, TRANSFERRED, GRADUATED = -1, 0, 1, 2, 3
GRADUATED_SCHOOL, GRADUATED_GRADE = 999999, 99
FIRST_DCID = 1001
USUAL_EXITS = ("2027-06-18", "2028-06-16")
"""The last day of this school year, and of the next one for the pre-registered."""
_DICE = Struct("<8I")
_STATUS_BY_SLOT = {0: PRE_REGISTERED, 1: INACTIVE, 2: TRANSFERRED, 3: GRADUATED}
_GRADES = [-1] * 3 + [0] * 6 + [grade for grade in range(1, 13) for _ in range(7)]


class School(NamedTuple):
    """A school. `dcid` is its key, `number` is what students refer to; they differ on purpose."""

    dcid: int
    number: int
    name: str
    low_grade: int
    high_grade: int


SCHOOLS = (
    School(2, 100, "Maple Street Elementary School", -1, 5),
    School(3, 110, "Riverside Elementary School", -1, 5),
    School(4, 200, "Exampleton Middle School", 6, 8),
    School(5, 300, "Exampleton High School", 9, 12),
)
GRADUATES = School(9, GRADUATED_SCHOOL, "Graduated Students", 99, 99)
SCHOOL_BY_NUMBER = {school.number: school for school in (*SCHOOLS, GRADUATES)}


COUNTRIES = ("us", "uk", "au", "ib")
"""Whose grades: in the United Kingdom a year has the number of the American grade plus one."""
# How many schools share the students of each school of the usual district.
_SHARES = {100: 4, 110: 4, 200: 3, 300: 3}
MANY = sum(_SHARES.values())


def schools_of(number: int) -> tuple[School, ...]:
    """Return the schools of a district that has 1, 4 or 14. Raises ValueError."""
    if number == len(SCHOOLS):
        return SCHOOLS
    if number == 1:
        return (School(5, 300, "Exampleton School", -1, 13),)
    if number != MANY:
        raise ValueError(f"a district has 1, {len(SCHOOLS)} or {MANY} schools")
    schools: list[School] = []
    for school in SCHOOLS:
        for at in range(_SHARES[school.number]):
            dcid, place = 20 + len(schools), school.number + at
            name = f"{school.name} {at + 1}"
            schools.append(School(dcid, place, name, school.low_grade, school.high_grade))
    return tuple(schools)


def school_of(seed: int, number: int, usual: int, schools: int) -> int:
    """Return the number of a student's school in a district with so many, from the usual one."""
    if usual == GRADUATED_SCHOOL or schools == len(SCHOOLS):
        return usual
    return 300 if schools == 1 else usual + scramble(seed + 1, number) % _SHARES[usual]


def grade_in(country: str, grade: int) -> int:
    """Return a grade as it is counted in this country."""
    return grade + 1 if country == "uk" and grade != GRADUATED_GRADE else grade


class Brief(NamedTuple):
    """Status, grade and school of a student: all that a filter needs.

    Cheap enough to compute for a million students.
    """

    enroll_status: int
    grade_level: int
    school_number: int


class Student(NamedTuple):
    """One made-up student. "" means absent.

    Dates are ISO text, so that a hostile roster can have impossible ones.
    """

    number: int
    first_name: str
    middle_name: str
    last_name: str
    legal_first_name: str
    gender: str
    birth_date: str
    email: str
    username: str
    local_id: str
    state_id: str
    grade_level: int
    home_room: str
    graduation_year: int
    enroll_status: int
    school_number: int
    entry_date: str
    exit_date: str
    changed_on: str
    dice: tuple[int, ...]
    missing: tuple[str, ...] = ()
    """Keys that are left out of the answers for this student, such as "last_name"."""

    @property
    def dcid(self) -> int:
        """The key of the SIS. It differs from `internal_id`, so that a mix-up is noticed."""
        return self.number + FIRST_DCID - 1

    @property
    def internal_id(self) -> int:
        """PowerSchool's `Students.ID`, which is not the DCID."""
        return self.number + 400_000


def scramble(seed: int, number: int) -> int:
    """Return 32 mixed bits, cheap to compute, the same on every machine and Python version."""
    x = (number * 0x9E3779B1 + seed * 0x85EBCA6B + 0x27D4EB2F) & 0xFFFFFFFF
    x ^= x >> 16
    x = x * 0x7FEB352D & 0xFFFFFFFF
    x ^= x >> 15
    x = x * 0x846CA68B & 0xFFFFFFFF
    return x ^ (x >> 16)


def roll(seed: int, number: int, salt: int = 0) -> tuple[int, ...]:
    """Return eight random 32-bit numbers that belong to one person."""
    return _DICE.unpack(blake2b(b"%d/%d/%d" % (seed, number, salt), digest_size=32).digest())


def brief(seed: int, number: int, joined: bool = False) -> Brief:
    """Return status, grade and school of a student.

    Of every hundred, one each is pre-registered, inactive, transferred and graduated.
    """
    status = ACTIVE if joined else _STATUS_BY_SLOT.get((number * 61 + seed * 17 + 40) % 100, ACTIVE)
    if status == GRADUATED:
        return Brief(status, GRADUATED_GRADE, GRADUATED_SCHOOL)
    x = scramble(seed, number)
    grade = _GRADES[x % len(_GRADES)]
    if grade >= 9:
        return Brief(status, grade, 300)
    if grade >= 6:
        return Brief(status, grade, 200)
    return Brief(status, grade, 110 if x & 0x100000 else 100)


def student(seed: int, number: int, clean: bool = False, joined_on: str = "") -> Student:
    """Return student `number`.

    Unless `clean`, one in 200 has no e-mail and one in 400 no graduation year.
    """
    status, grade, school_number = brief(seed, number, bool(joined_on))
    dice = roll(seed, number)
    gender, first, first_ascii = _first_name(dice[0], dice[1])
    last, last_ascii = _last_name(dice[2], dice[3])
    middle = _first_name(dice[0], dice[4])[1] if dice[4] % 3 else ""
    legal = _first_name(dice[0], dice[5])[1] if dice[5] % 12 == 0 else ""
    graduation_year = (
        SCHOOL_YEAR - 1 - dice[6] % 3 if status == GRADUATED else SCHOOL_YEAR + 12 - grade
    )
    flaw = 0 if clean else (number + seed * 37) % 400
    birth_year = graduation_year - 19
    early = status == PRE_REGISTERED
    exited = status in (INACTIVE, TRANSFERRED, GRADUATED)
    return Student(
        number=number,
        first_name=first,
        middle_name=middle,
        last_name=last,
        legal_first_name=legal,
        gender=gender,
        birth_date=_day(birth_year, 9, 1, dice[6] % 365),
        email="" if flaw in (57, 257) else f"{first_ascii}.{last_ascii}{number}@school.example",
        username=f"{first_ascii[:1]}{last_ascii[:12]}{number}",
        local_id=str(20_000 + number),
        state_id=str(9_900_000_000 + number * 7),
        grade_level=grade,
        home_room=f"B{dice[0] % 30 + 1}",
        graduation_year=0 if flaw == 123 else graduation_year,
        enroll_status=status,
        school_number=school_number,
        entry_date=joined_on or ("2027-08-30" if early else "2026-09-01"),
        exit_date=_day(2026, 6, 12, dice[7] % 120)
        if exited
        else USUAL_EXITS[1]
        if early
        else USUAL_EXITS[0],
        changed_on=joined_on or _day(2026, 7, 1, dice[7] % 60),
        dice=dice,
    )


def rename(seed: int, who: Student, salt: int) -> dict[str, str]:
    """Return a new last or first name that differs from the old one."""
    dice = roll(seed, who.number, salt)
    if dice[0] % 2:
        new = names.LAST[dice[1] % len(names.LAST)]
        return {"last_name": new if new != who.last_name else f"{new} Young"}
    new = _first_name(who.dice[0], dice[2])[1]
    return {"first_name": new if new != who.first_name else f"{new}-Lee"}


def household(who: Student) -> dict[str, str]:
    """Return address, telephone and parents. Made on request: most answers do not need them."""
    d = who.dice
    last = who.last_name
    return {
        "street": f"{d[1] % 900 + 1} {names.STREETS[d[3] % len(names.STREETS)]} Rd",
        "city": names.TOWNS[d[5] % len(names.TOWNS)],
        "state_province": "VT" if d[5] % 10 else "MB",
        "postal_code": str(5001 + d[6] % 90_000).zfill(5) if d[5] % 10 else "R3P 3B4",
        "phone": f"555-01{d[7] % 100:02d}" if d[7] % 3 else f"80255501{d[7] % 100:02d}",
        "mother": f"{last}, {names.GIRLS[d[4] % len(names.GIRLS)]}",
        "father": f"{last}, {names.BOYS[d[2] % len(names.BOYS)]}",
        "guardian_email": f"family{who.number}@home.example",
    }


def _first_name(gender_die: int, die: int) -> tuple[str, str, str]:
    if gender_die % 2:
        at = die % len(names.GIRLS)
        return "F", names.GIRLS[at], names.GIRLS_ASCII[at]
    at = die % len(names.BOYS)
    return "M", names.BOYS[at], names.BOYS_ASCII[at]


def _last_name(die: int, second_die: int) -> tuple[str, str]:
    """Return a last name and its ASCII letters; one in nine is double-barrelled."""
    at = die % len(names.LAST)
    last, last_ascii = names.LAST[at], names.LAST_ASCII[at]
    if second_die % 9:
        return last, last_ascii
    second_at = (second_die >> 8) % len(names.LAST)
    return f"{last} {names.LAST[second_at]}", last_ascii + names.LAST_ASCII[second_at]


@lru_cache(maxsize=16_384)
def _day(year: int, month: int, day: int, after: int) -> str:
    return (date(year, month, day) + timedelta(days=after)).isoformat()
