"""The tables behind `/ws/schema/table`: their names, columns with types, keys and rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from rollbook.standins.people import FIRST_DCID
from rollbook.standins.powerschool import table_rows as rows
from rollbook.standins.powerschool.district import District
from rollbook.standins.powerschool.student_json import core_fields, locator_fields, own_fields


class Table(NamedTuple):
    """One table. `columns` maps each canonical name to number, text, date, boolean or clob."""

    name: str
    columns: Mapping[str, str]
    keys: Callable[[District], Sequence[int]]
    row: Callable[[District, int], rows.Row]
    offset: int = 0
    """A key plus this is the DCID that is shown and that `/{id}` takes."""
    brief: Mapping[str, str] = {}
    """Lower-case columns whose value is in the roster's `Brief`, so that no row has to be made."""
    primary_key: str = "DCID"
    extension: bool = False

    def key_of(self, number: int) -> int:
        """Return the DCID of a key."""
        return number + self.offset

    def number_of(self, dcid: int) -> int:
        """Return the key of a DCID."""
        return dcid - self.offset


def _columns(text: str) -> dict[str, str]:
    """Return the columns of `Name:kind` words; a word without a kind is a text column."""
    kinds = {"n": "number", "d": "date", "b": "boolean", "c": "clob", "": "text"}
    columns = {}
    for word in text.split():
        name, _, kind = word.partition(":")
        columns[name] = kinds[kind]
    return columns


_TABLES = (
    Table(
        "Students",
        _columns("""
            DCID:n ID:n Student_Number:n State_StudentNumber First_Name Middle_Name Last_Name
            LastFirst DOB:d Gender Grade_Level:n Sched_YearOfGraduation:n ClassOf:n Enroll_Status:n
            SchoolID:n EntryDate:d ExitDate:d EntryCode ExitCode Student_Web_ID Web_ID Home_Room
            Next_School:n Sched_NextYearGrade:n Person_ID:n Transaction_Date:d Street City Zip
            Home_Phone Mother Father GuardianEmail SSN Alert_Medical:c
        """),
        rows.student_keys,
        rows.student_row,
        offset=FIRST_DCID - 1,
        brief={
            "enroll_status": "enroll_status",
            "grade_level": "grade_level",
            "schoolid": "school_number",
        },
    ),
    Table(
        "Person",
        _columns("ID:n DCID:n FirstName MiddleName LastName IsActive:b WhenModified:d"),
        rows.student_keys,
        rows.person_row,
        offset=800_000,
        primary_key="ID",
    ),
    Table(
        "EmailAddress",
        _columns("EmailAddressID:n EmailAddress WhenModified:d"),
        rows.students_with_email,
        rows.email_row,
        offset=600_000,
        primary_key="EmailAddressID",
    ),
    Table(
        "PersonEmailAddressAssoc",
        _columns("""
            PersonEmailAddressAssocID:n PersonID:n EmailAddressID:n IsPrimaryEmailAddress:b
            EmailAddressPriorityOrder:n WhenModified:d
        """),
        rows.students_with_email,
        rows.email_link_row,
        offset=700_000,
        primary_key="PersonEmailAddressAssocID",
    ),
    Table(
        "Log",
        _columns("DCID:n ID:n StudentID:n LogTypeID:n Entry_Date:d SchoolID:n Subject Entry:c"),
        lambda district: [n for n in district.roster.numbers() if n % 20 == 1],
        rows.log_row,
        offset=300_000,
    ),
    Table(
        "StudentCoreFields",
        _columns("StudentsDCID:n PSCore_Legal_First_Name Graduation_Year"),
        lambda d: [n for n in d.roster.numbers() if core_fields(d.roster.student(n), d)],
        rows.extension_row(core_fields),
        offset=FIRST_DCID - 1,
        primary_key="StudentsDCID",
        extension=True,
    ),
    Table(
        "U_Students_Extension",
        _columns("StudentsDCID:n Student_Email Locker_Number"),
        rows.student_keys,
        rows.extension_row(own_fields),
        offset=FIRST_DCID - 1,
        primary_key="StudentsDCID",
        extension=True,
    ),
    Table(
        "C_StudentLocator",
        _columns("StudentsDCID:n Room"),
        lambda district: [n for n in district.roster.numbers() if n % 5 == 0],
        rows.extension_row(locator_fields),
        offset=FIRST_DCID - 1,
        primary_key="StudentsDCID",
        extension=True,
    ),
    Table(
        "Schools",
        _columns("DCID:n ID:n School_Number:n Name Abbreviation Low_Grade:n High_Grade:n"),
        lambda district: [school.dcid for school in district.school_by_number.values()],
        rows.school_row,
    ),
    Table(
        "Users",
        _columns("DCID:n First_Name Last_Name LastFirst Email_Addr TeacherNumber HomeSchoolID:n"),
        lambda district: [person.dcid for person in district.staff],
        rows.user_row,
    ),
    Table(
        "Courses",
        _columns("DCID:n ID:n Course_Number Course_Name"),
        lambda district: [course.dcid for course in district.courses],
        rows.course_row,
    ),
    Table(
        "Terms",
        _columns(
            "DCID:n ID:n Name Abbreviation YearID:n Portion:n FirstDay:d LastDay:d SchoolID:n"
        ),
        lambda district: [term.dcid for term in district.terms],
        rows.term_row,
    ),
    Table(
        "Sections",
        _columns(
            "DCID:n ID:n Course_Number Section_Number Expression Teacher:n TermID:n SchoolID:n"
        ),
        lambda district: [section.dcid for section in district.sections],
        rows.section_row,
    ),
    Table(
        "CC",
        _columns(
            "DCID:n ID:n StudentID:n SectionID:n Course_Number TermID:n SchoolID:n DateEnrolled:d "
            "DateLeft:d Expression"
        ),
        rows.enrolment_keys,
        rows.enrolment_row,
    ),
    Table(
        "Gen",
        _columns("DCID:n ID:n Cat Name Value ValueT:c"),
        lambda district: [1, 2, 3, 4, 5],
        rows.gen_row,
    ),
)
TABLES = {table.name.lower(): table for table in _TABLES}
CLOSED = ("teachers",)
"""Views, which this endpoint answers with 405 (WR, measured)."""
