"""How the rows of each table behind `/ws/schema/table` are made."""

from array import array
from collections.abc import Callable, Mapping, Sequence

from rollbook.standins.people import Student, household
from rollbook.standins.powerschool.district import ENROLMENTS, District

Row = dict[str, str]
"""Lower-case column → text. Absent columns are left out here; answers of tables have "" (EP)."""


def _without_empty(row: Mapping[str, object]) -> Row:
    return {column: str(value) for column, value in row.items() if value not in ("", None)}


def student_keys(district: District) -> Sequence[int]:
    return district.roster.numbers()


def student_row(district: District, number: int) -> Row:
    """Return a row of Students. `id` is never `dcid`, so that a mix-up in a client is noticed."""
    who = district.roster.student(number)
    home = household(who)
    row = _without_empty(
        {
            "dcid": who.dcid,
            "id": who.internal_id,
            "student_number": who.local_id,
            "state_studentnumber": who.state_id,
            "first_name": who.first_name,
            "middle_name": who.middle_name,
            "last_name": who.last_name,
            "lastfirst": f"{who.last_name}, {who.first_name} {who.middle_name[:1]}".strip(),
            "dob": who.birth_date,
            "gender": who.gender,
            "grade_level": who.grade_level,
            "sched_yearofgraduation": district.homes.year_in("sched", who),
            "classof": district.homes.year_in("classof", who),
            "enroll_status": who.enroll_status,
            "schoolid": who.school_number,
            "entrydate": who.entry_date,
            "exitdate": who.exit_date,
            "entrycode": "NONE",
            "student_web_id": district.homes.username(who),
            "web_id": f"p{who.username}",
            "home_room": who.home_room,
            "next_school": 999999 if who.grade_level >= 12 else who.school_number,
            "person_id": person_id(who),
            "sched_nextyeargrade": 99 if who.grade_level >= 12 else who.grade_level + 1,
            "transaction_date": who.changed_on,
            "street": home["street"],
            "city": home["city"],
            "zip": home["postal_code"],
            "home_phone": home["phone"],
            "mother": home["mother"],
            "father": home["father"],
            "guardianemail": home["guardian_email"],
        }
    )
    for key in who.missing:
        row.pop("dob" if key == "birth_date" else key, None)
    return row


def person_id(who: Student) -> int:
    """Return the key of the student in Person."""
    return who.number + 800_000


def person_row(district: District, key: int) -> Row:
    who = district.roster.student(key)
    return _without_empty(
        {
            "id": person_id(who),
            "dcid": person_id(who),
            "firstname": who.first_name,
            "middlename": who.middle_name,
            "lastname": who.last_name,
            "isactive": 1,
            "whenmodified": who.changed_on,
        }
    )


def students_with_email(district: District) -> Sequence[int]:
    """Return the numbers of the students who have an e-mail."""
    roster = district.roster
    return district.index(
        "students with e-mail",
        lambda: array(
            "L",
            (n for n in roster.numbers() if district.homes.email_in("person", roster.student(n))),
        ),
    )


def email_row(district: District, key: int) -> Row:
    who = district.roster.student(key)
    return _without_empty(
        {
            "emailaddressid": who.number + 600_000,
            "emailaddress": district.homes.email_in("person", who),
            "whenmodified": who.changed_on,
        }
    )


def email_link_row(district: District, key: int) -> Row:
    who = district.roster.student(key)
    return _without_empty(
        {
            "personemailaddressassocid": who.number + 700_000,
            "personid": person_id(who),
            "isprimaryemailaddress": 1,
            "emailaddressid": who.number + 600_000,
            "emailaddresspriorityorder": 1,
            "whenmodified": who.changed_on,
        }
    )


def school_row(district: District, key: int) -> Row:
    school = next(school for school in district.school_by_number.values() if school.dcid == key)
    return _without_empty(
        {
            "dcid": school.dcid,
            "id": school.dcid + 40,
            "school_number": school.number,
            "name": school.name,
            "low_grade": school.low_grade,
            "high_grade": school.high_grade,
            "abbreviation": "".join(word[0] for word in school.name.split()),
        }
    )


def user_row(district: District, key: int) -> Row:
    person = district.staff[key - 51]
    return _without_empty(
        {
            "dcid": person.dcid,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "lastfirst": f"{person.last_name}, {person.first_name}",
            "email_addr": person.email,
            "teachernumber": person.local_id,
            "homeschoolid": person.school.number,
        }
    )


def course_row(district: District, key: int) -> Row:
    course = district.courses[key - 31]
    return {
        "dcid": str(course.dcid),
        "id": str(course.dcid + 900),
        "course_number": course.number,
        "course_name": course.name,
    }


def term_row(district: District, key: int) -> Row:
    term = next(term for term in district.terms if term.dcid == key)
    return _without_empty(
        {
            "dcid": term.dcid,
            "id": term.local_id,
            "name": term.name,
            "abbreviation": term.abbreviation,
            "yearid": 36,
            "portion": term.portion,
            "firstday": term.start_date,
            "lastday": term.end_date,
            "schoolid": term.school.number,
        }
    )


def section_row(district: District, key: int) -> Row:
    section = next(section for section in district.sections if section.dcid == key)
    return _without_empty(
        {
            "dcid": section.dcid,
            "id": section.dcid + 5,
            "course_number": section.course.number,
            "section_number": section.number,
            "expression": section.expression,
            "teacher": section.staff.dcid,
            "termid": section.term.local_id,
            "schoolid": section.term.school.number,
        }
    )


def enrolment_keys(district: District) -> Sequence[int]:
    """Return the keys of CC, the table of class enrolments."""

    def build() -> Sequence[int]:
        roster = district.roster
        here = (n for n in roster.numbers() if roster.brief(n).enroll_status == 0)
        return array("L", (n * 10 + at for n in here for at in range(ENROLMENTS)))

    return district.index("cc", build)


def enrolment_row(district: District, key: int) -> Row:
    enrolment = district.enrolment(key)
    if not enrolment:
        return {}
    who, section = enrolment.student, enrolment.section
    return _without_empty(
        {
            "dcid": key,
            "id": key + 7,
            "studentid": who.internal_id,
            "sectionid": section.dcid + 5,
            "course_number": section.course.number,
            "termid": section.term.local_id,
            "schoolid": who.school_number,
            "dateenrolled": who.entry_date,
            "dateleft": "2027-06-18",
            "expression": section.expression,
        }
    )


def gen_row(district: District, key: int) -> Row:
    names = ("Active", "Transferred Out", "Graduated", "Withdrawn", "Promoted")
    return {
        "dcid": str(key),
        "id": str(key),
        "cat": "exitcodes",
        "name": names[key - 1],
        "value": f"Made-up {key}",
        "valuet": f"Longer text for {names[key - 1]}",
    }


def log_row(district: District, key: int) -> Row:
    who = district.roster.student(key)
    return _without_empty(
        {
            "dcid": who.number + 300_000,
            "id": who.number + 300_000,
            "studentid": who.internal_id,
            "logtypeid": 2700 + key % 3,
            "entry_date": who.changed_on,
            "schoolid": who.school_number,
            "subject": "Made-up entry",
            "entry": "Longer made-up text.",
        }
    )


def extension_row(
    fields: Callable[[Student, District], dict[str, str]],
) -> Callable[[District, int], Row]:
    """Return a function that makes the rows of an extension with these fields."""

    def row(district: District, key: int) -> Row:
        who = district.roster.student(key)
        return {"studentsdcid": str(who.dcid), **fields(who, district)}

    return row
