"""Schools, staff, courses, sections, terms and class enrolments as `/ws/v1` sends them."""

from typing import Any

from rollbook.standins.people import School
from rollbook.standins.powerschool.answers import as_number, lone
from rollbook.standins.powerschool.district import Course, Enrolment, Section, Staff, Term

SCHOOL_EXPANSIONS = ("school_boundary", "full_time_equivalencies", "school_fees_setup")
STAFF_EXPANSIONS = ("addresses", "emails", "phones", "school_affiliations")
SECTION_EXPANSIONS = ("term",)


def available(expansions: tuple[str, ...]) -> dict[str, Any]:
    """Return the keys that name the available expansions and extensions."""
    return {"@expansions": ", ".join(expansions), "@extensions": ""}


def school_json(school: School, expansions: tuple[str, ...]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": school.dcid,
        "name": school.name,
        "school_number": school.number,
        "low_grade": school.low_grade,
        "high_grade": school.high_grade,
        "alternate_school_number": 0,
        "addresses": {
            "physical": {
                "street": "1 School Rd",
                "city": "Exampleton",
                "state_province": "VT",
                "postal_code": as_number("05001"),
            }
        },
        "phones": {"main": {"number": f"555-03{school.dcid:02d}"}},
        "principal": {"name": {"first_name": "Pat", "last_name": "Principal"}},
    }
    parts = {
        "school_boundary": "",
        "school_fees_setup": "",
        "full_time_equivalencies": {
            "full_time_equivalency": lone([{"fteid": 101, "name": "Full Time"}], True)
        },
    }
    return answer | {name: parts[name] for name in expansions}


def staff_json(person: Staff, expansions: tuple[str, ...]) -> dict[str, Any]:
    """Return staff; `local_id` is a number when it looks like one (SW: 5 and "Jeremy.J")."""
    answer: dict[str, Any] = {
        "id": person.dcid,
        "users_dcid": person.dcid,
        "local_id": as_number(person.local_id),
        "name": {"first_name": person.first_name, "last_name": person.last_name},
        "teacher_username": person.email.partition("@")[0],
    }
    affiliation = {"school_id": person.school.dcid, "type": 1, "status": 1}
    parts = {
        "addresses": "",
        "emails": {"work_email": person.email},
        "phones": {"work_phone": person.phone},
        "school_affiliations": {"school_affiliation": lone([affiliation], True)},
    }
    return answer | {name: parts[name] for name in expansions}


def course_json(course: Course, expansions: tuple[str, ...]) -> dict[str, Any]:
    return {
        "id": course.dcid,
        "course_number": as_number(course.number),
        "course_name": course.name,
    }


def term_json(term: Term, expansions: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "id": term.dcid,
        "local_id": term.local_id,
        "name": term.name,
        "abbreviation": term.abbreviation,
        "portion": term.portion,
        "start_year": 2026,
        "start_date": term.start_date,
        "end_date": term.end_date,
        "school_id": term.school.dcid,
    }


def section_json(section: Section, expansions: tuple[str, ...]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": section.dcid,
        "school_id": section.term.school.dcid,
        "course_id": section.course.dcid,
        "term_id": section.term.dcid,
        "section_number": as_number(section.number),
        "expression": section.expression,
        "staff_id": section.staff.dcid,
        "gradebooktype": "PTP",
    }
    return answer | ({"term": term_json(section.term)} if "term" in expansions else {})


def enrolment_json(enrolment: Enrolment) -> dict[str, Any]:
    """Return a class enrolment; `dropped` is a JSON boolean (SM, captured)."""
    return {
        "id": enrolment.dcid,
        "section_id": enrolment.section.dcid,
        "student_id": enrolment.student.dcid,
        "entry_date": enrolment.student.entry_date,
        "exit_date": "2027-06-18",
        "dropped": False,
    }
