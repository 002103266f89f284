"""The tables behind `/ws/schema/table`: names, columns with types, and how each row is made."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from rollbook.standins.people import FIRST_DCID, GRADUATES, SCHOOLS, Student, household
from rollbook.standins.powerschool.district import ENROLMENTS, District
from rollbook.standins.powerschool.student_json import core_fields, locator_fields, own_fields

Row = dict[str, str]
"""Lower-case column → text. Absent columns are left out: our choice, real tables may send null."""


class Table(NamedTuple):
    """`columns` maps the canonical name to number, text, date, boolean or clob."""

    name: str
    columns: Mapping[str, str]
    keys: Callable[[District], Sequence[int]]
    row: Callable[[District, int], Row]
    key_of: Callable[[int], int] = lambda key: key
    """From our key to the DCID that is shown, and which `/{id}` takes."""
    number_of: Callable[[int], int] = lambda dcid: dcid
    brief: Mapping[str, str] = {}
    """Lower-case columns that the roster's brief answers without making the row."""
    primary_key: str = "DCID"
    extension: bool = False


def _columns(text: str) -> dict[str, str]:
    """`Name:kind` words; without a kind it is text."""
    kinds = {"n": "number", "d": "date", "b": "boolean", "c": "clob", "": "text"}
    return {name: kinds[kind] for name, _, kind in (word.partition(":") for word in text.split())}


def _without_empty(row: Mapping[str, object]) -> Row:
    return {column: str(value) for column, value in row.items() if value not in ("", None)}


def _student_keys(district: District) -> Sequence[int]:
    return district.roster.numbers()


def _student_row(district: District, number: int) -> Row:
    """`id` is never `dcid` here, so that a client that mixes them up is seen."""
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
            "sched_yearofgraduation": who.graduation_year,
            "classof": who.graduation_year,
            "enroll_status": who.enroll_status,
            "schoolid": who.school_number,
            "entrydate": who.entry_date,
            "exitdate": who.exit_date,
            "entrycode": "NONE",
            "student_web_id": who.username,
            "web_id": f"p{who.username}",
            "home_room": f"B{who.dice[0] % 30 + 1}",
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
    return who.number + 800_000


def _person_row(district: District, key: int) -> Row:
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


def _with_email(district: District) -> Sequence[int]:
    roster = district.roster
    return district.index(
        "students with e-mail",
        lambda: array("L", (n for n in roster.numbers() if roster.student(n).email)),
    )


def _email_row(district: District, key: int) -> Row:
    who = district.roster.student(key)
    return _without_empty(
        {
            "emailaddressid": who.number + 600_000,
            "emailaddress": who.email,
            "whenmodified": who.changed_on,
        }
    )


def _email_link_row(district: District, key: int) -> Row:
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


def _school_row(district: District, key: int) -> Row:
    school = next(school for school in (*SCHOOLS, GRADUATES) if school.dcid == key)
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


def _user_row(district: District, key: int) -> Row:
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


def _course_row(district: District, key: int) -> Row:
    course = district.courses[key - 31]
    return {
        "dcid": str(course.dcid),
        "id": str(course.dcid + 900),
        "course_number": course.number,
        "course_name": course.name,
    }


def _term_row(district: District, key: int) -> Row:
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


def _section_row(district: District, key: int) -> Row:
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


def _cc_keys(district: District) -> Sequence[int]:
    def build() -> Sequence[int]:
        roster = district.roster
        here = (n for n in roster.numbers() if roster.brief(n).enroll_status == 0)
        return array("L", (n * 10 + at for n in here for at in range(ENROLMENTS)))

    return district.index("cc", build)


def _cc_row(district: District, key: int) -> Row:
    found = district.enrolment(key)
    if not found:
        return {}
    who, section = found.student, found.section
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


def _gen_row(district: District, key: int) -> Row:
    names = ("Active", "Transferred Out", "Graduated", "Withdrawn", "Promoted")
    return {
        "dcid": str(key),
        "id": str(key),
        "cat": "exitcodes",
        "name": names[key - 1],
        "value": f"Made-up {key}",
        "valuet": f"Longer text for {names[key - 1]}",
    }


def _log_row(district: District, key: int) -> Row:
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


def _extension_row(fields: Callable[[Student], dict[str, str]]) -> Callable[[District, int], Row]:
    def row(district: District, key: int) -> Row:
        who = district.roster.student(key)
        return {"studentsdcid": str(who.dcid), **fields(who)}

    return row


def _student_table(
    name: str,
    columns: str,
    row: Callable[[District, int], Row],
    *,
    offset: int = FIRST_DCID - 1,
    keys: Callable[[District], Sequence[int]] = _student_keys,
    brief: Mapping[str, str] = MappingProxyType({}),
    primary_key: str = "DCID",
    extension: bool = False,
) -> Table:
    """A table with one row for each student, shown under `number + offset`."""
    return Table(
        name,
        _columns(columns),
        keys,
        row,
        lambda key: key + offset,
        lambda dcid: dcid - offset,
        brief,
        primary_key,
        extension,
    )


_TABLES = (
    _student_table(
        "Students",
        "DCID:n ID:n Student_Number:n State_StudentNumber First_Name Middle_Name Last_Name LastFirst DOB:d Gender "
        "Grade_Level:n Sched_YearOfGraduation:n ClassOf:n Enroll_Status:n SchoolID:n EntryDate:d ExitDate:d EntryCode "
        "ExitCode Student_Web_ID Web_ID Home_Room Next_School:n Sched_NextYearGrade:n Person_ID:n Transaction_Date:d "
        "Street City Zip Home_Phone Mother Father GuardianEmail SSN Alert_Medical:c",
        _student_row,
        brief={
            "enroll_status": "enroll_status",
            "grade_level": "grade_level",
            "schoolid": "school_number",
        },
    ),
    _student_table(
        "Person",
        "ID:n DCID:n FirstName MiddleName LastName IsActive:b WhenModified:d",
        _person_row,
        offset=800_000,
        primary_key="ID",
    ),
    _student_table(
        "EmailAddress",
        "EmailAddressID:n EmailAddress WhenModified:d",
        _email_row,
        offset=600_000,
        keys=_with_email,
        primary_key="EmailAddressID",
    ),
    _student_table(
        "PersonEmailAddressAssoc",
        "PersonEmailAddressAssocID:n PersonID:n EmailAddressID:n IsPrimaryEmailAddress:b EmailAddressPriorityOrder:n "
        "WhenModified:d",
        _email_link_row,
        offset=700_000,
        keys=_with_email,
        primary_key="PersonEmailAddressAssocID",
    ),
    _student_table(
        "Log",
        "DCID:n ID:n StudentID:n LogTypeID:n Entry_Date:d SchoolID:n Subject Entry:c",
        _log_row,
        offset=300_000,
        keys=lambda district: [n for n in district.roster.numbers() if n % 20 == 1],
    ),
    _student_table(
        "StudentCoreFields",
        "StudentsDCID:n PSCore_Legal_First_Name",
        _extension_row(core_fields),
        keys=lambda d: [n for n in d.roster.numbers() if d.roster.student(n).legal_first_name],
        primary_key="StudentsDCID",
        extension=True,
    ),
    _student_table(
        "U_Students_Extension",
        "StudentsDCID:n Student_Email Locker_Number",
        _extension_row(own_fields),
        primary_key="StudentsDCID",
        extension=True,
    ),
    _student_table(
        "C_StudentLocator",
        "StudentsDCID:n Room",
        _extension_row(locator_fields),
        keys=lambda district: [n for n in district.roster.numbers() if n % 5 == 0],
        primary_key="StudentsDCID",
        extension=True,
    ),
    Table(
        "Schools",
        _columns("DCID:n ID:n School_Number:n Name Abbreviation Low_Grade:n High_Grade:n"),
        lambda district: [school.dcid for school in (*SCHOOLS, GRADUATES)],
        _school_row,
    ),
    Table(
        "Users",
        _columns("DCID:n First_Name Last_Name LastFirst Email_Addr TeacherNumber HomeSchoolID:n"),
        lambda district: [person.dcid for person in district.staff],
        _user_row,
    ),
    Table(
        "Courses",
        _columns("DCID:n ID:n Course_Number Course_Name"),
        lambda district: [course.dcid for course in district.courses],
        _course_row,
    ),
    Table(
        "Terms",
        _columns(
            "DCID:n ID:n Name Abbreviation YearID:n Portion:n FirstDay:d LastDay:d SchoolID:n"
        ),
        lambda district: [term.dcid for term in district.terms],
        _term_row,
    ),
    Table(
        "Sections",
        _columns(
            "DCID:n ID:n Course_Number Section_Number Expression Teacher:n TermID:n SchoolID:n"
        ),
        lambda district: [section.dcid for section in district.sections],
        _section_row,
    ),
    Table(
        "CC",
        _columns(
            "DCID:n ID:n StudentID:n SectionID:n Course_Number TermID:n SchoolID:n DateEnrolled:d "
            "DateLeft:d Expression"
        ),
        _cc_keys,
        _cc_row,
    ),
    Table(
        "Gen",
        _columns("DCID:n ID:n Cat Name Value ValueT:c"),
        lambda district: [1, 2, 3, 4, 5],
        _gen_row,
    ),
)
TABLES = {table.name.lower(): table for table in _TABLES}
CLOSED = ("teachers",)
"""Views: 405 at this endpoint (WR, measured)."""
