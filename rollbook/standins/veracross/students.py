"""One student as each version of the API sends it, with Veracross's own values for "not set"."""

from typing import Any

from rollbook.standins.homes import EVERYWHERE, Homes
from rollbook.standins.people import USUAL_EXITS, Student, household
from rollbook.standins.veracross.school import (
    CAMPUSES,
    GENDER_LABELS,
    GROUPS,
    LEVELS,
    NONE,
    ROLES,
    ROOMS,
    STATUSES,
    TEACHERS,
    codes_of,
    grade_label,
)

_MISSING = {"birth_date": ("birthday",), "grade_level": ("grade_level", "current_grade")}
"""The keys that a hostile student may lack, under Veracross's names."""


def v3_student(who: Student, homes: Homes = EVERYWHERE) -> dict[str, Any]:
    """Return an element of v3's list, fields in the order of the API description (S)."""
    codes = codes_of(who)
    return _without_missing(
        who,
        {
            "id": who.dcid,
            "first_name": who.first_name,
            "middle_name": who.middle_name or None,
            "last_name": who.last_name,
            "preferred_name": who.legal_first_name or None,
            "household_id": codes.household_id,
            "gender": codes.gender,
            "email_1": homes.email_in("contact_info", who) or None,
            "grade_level": codes.grade_level,
            "school_level": codes.school_level,
            "graduation_year": homes.year_in("sched", who) or None,
            "homeroom": codes.homeroom,
            "homeroom_teacher": _person(codes.homeroom_teacher),
            "advisor": _person(codes.advisor),
            "campus": {"description": CAMPUSES[codes.campus], "id": codes.campus},
            "username": homes.username(who),
            "entry_date": who.entry_date,
            "exit_date": _exit_date(who),
            "birthday": who.birth_date or None,
            "roles": _roles(who, codes.role),
            "last_modified_date": _modified(who),
            "enrollment_status": codes.enrollment_status,
            "house": {"id": None, "name": None},
            "student_group": codes.student_group,
        },
    )


def v3_single(who: Student, homes: Homes = EVERYWHERE) -> dict[str, Any]:
    """Return the student of v3's single read.

    It has prefix, suffix and location in addition, three fields less, and the campus as a code (S).
    """
    student = {
        "name_prefix": 0,
        "name_suffix": 0,
        **v3_student(who, homes),
        "current_location": None,
    }
    for name in ("roles", "house", "student_group"):
        del student[name]
    return student | {"campus": codes_of(who).campus}


def v2_student(
    who: Student, roles_as_list: bool = False, homes: Homes = EVERYWHERE
) -> dict[str, Any]:
    """Return a student of v2: labels instead of codes, 0 for unset keys (I).

    Clients disagree whether it is `role` or `roles`; the stand-in can send either (C).
    """
    role = ROLES[codes_of(who).role]
    roles = {"roles": [{"description": role}]} if roles_as_list else {"role": role}
    return _without_missing(who, {**_v2_person(who, homes), **roles, **_v2_enrollment(who, homes)})


def _v2_person(who: Student, homes: Homes) -> dict[str, Any]:
    """Return names, addresses, advisor and homeroom: the fields before the role."""
    codes = codes_of(who)
    return {
        "household_fk": codes.household_id,
        "person_pk": who.dcid,
        "legacy_id": None,
        "legacy_student_id": who.local_id,
        "name_prefix": None,
        "first_name": who.first_name,
        "first_nick_name": who.legal_first_name or None,
        "preferred_name": who.legal_first_name or None,
        "middle_name": who.middle_name or None,
        "last_name": who.last_name,
        "name_suffix": None,
        "birthday": who.birth_date or None,
        "gender": _label(GENDER_LABELS, codes.gender),
        "ethnicity": None,
        "email_1": homes.email_in("contact_info", who) or None,
        "display_email_1": bool(homes.email_in("contact_info", who)),
        "email_2": (who.email if homes.email == "email_2" else personal_email(who)) or None,
        "display_email_2": False,
        "home_phone": household(who)["phone"],
        "display_home_phone": False,
        "mobile_phone": None,
        "display_mobile_phone": False,
        "advisor_fk": codes.advisor,
        "advisor_name": TEACHERS.get(codes.advisor),
        "homeroom_teacher_fk": codes.homeroom_teacher,
        "homeroom_teacher_name": TEACHERS.get(codes.homeroom_teacher),
        "homeroom": codes.homeroom,
    }


def _v2_enrollment(who: Student, homes: Homes) -> dict[str, Any]:
    """Return grade, status, campus, room and parents: the fields after the role."""
    codes = codes_of(who)
    return {
        "current_grade": _label({0: grade_label(who.grade_level)}, 0),
        "grade_applying_for": None,
        "year_applying_for": 0,
        "resident_status_applying_for": False,
        "student_group_applying_for": False,
        "campus_applying_for": False,
        "school_level": _label(LEVELS, codes.school_level),
        "enrollment_status": STATUSES[codes.enrollment_status],
        "new_student": who.dice[5] % 8 == 0,
        "graduation_year": homes.year_in("sched", who),
        "resident_status": None,
        "campus": _label(CAMPUSES, codes.campus),
        "dorm": None,
        "room_number": _label(ROOMS, codes.homeroom),
        "floor_number": 0,
        "bed_number": 0,
        "mailbox_number": None,
        "student_group": _label(GROUPS, codes.student_group),
        "parent_1_fk": 500_000 + who.number,
        "parent_2_fk": 600_000 + who.number,
        "parent_3_fk": 0,
        "parent_4_fk": 0,
        "username": homes.username(who),
        "update_date": who.changed_on,
    }


def v2_relationships(who: Student) -> list[dict[str, Any]]:
    """Return the parents. The keys of a row are undocumented, so they are our choice."""
    family = household(who)
    return [
        {
            "person_fk": who.dcid,
            "related_person_fk": base + who.number,
            "relationship": relation,
            "name": family[parent],
        }
        for base, relation, parent in ((500_000, "Mother", "mother"), (600_000, "Father", "father"))
    ]


def personal_email(who: Student) -> str:
    """Return the private e-mail, which half of the students have, or ""."""
    return f"{who.username}@home.example" if who.dice[6] % 2 else ""


def _person(person: int) -> dict[str, Any]:
    return {"name": TEACHERS.get(person), "id": person or None}


def _label(labels: dict[int, str], code: int) -> str | None:
    label = labels[code]
    return None if label in (NONE, "None") else label


def _roles(who: Student, role: int) -> str:
    return ", ".join([ROLES[role], *(["Sibling"] if who.dice[7] % 3 else [])])


def _exit_date(who: Student) -> str | None:
    """Return the exit date; a student who attends has one only where his last day is known."""
    is_usual = who.exit_date in USUAL_EXITS
    return None if who.enroll_status <= 0 and is_usual else who.exit_date


def _modified(who: Student) -> str:
    return f"{who.changed_on}T{who.dice[0] % 24:02d}:{who.dice[1] % 60:02d}:{who.dice[2] % 60:02d}Z"


def _without_missing(who: Student, fields: dict[str, Any]) -> dict[str, Any]:
    for key in who.missing:
        for name in _MISSING.get(key, (key,)):
            fields.pop(name, None)
    return fields
