"""Veracross: reads a school's current students.

It uses the Data API (v3, OAuth) or the legacy API (v2, user name and password). The two differ in
everything but the school route. Both give records with v2's field names, and labels instead of
codes. Some facts come from its API description (spec).
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from rollbook.roster.translation import gettext_noop as _
from rollbook.sources import veracross_discovery as discovery
from rollbook.sources import veracross_how_to as how_to
from rollbook.sources.base import (
    AbsentRow,
    Choice,
    Connection,
    CredentialField,
    MappingRow,
    Pages,
    Source,
    Variant,
)
from rollbook.sources.checks import grades_of
from rollbook.sources.discovery import CheckStep, GradeInSis, Sample, SchoolInSis
from rollbook.sources.http import Http
from rollbook.sources.list_with_total import ListWithTotal
from rollbook.sources.list_without_total import ListWithoutTotal
from rollbook.sources.missing_students import read_lists
from rollbook.sources.veracross_api import (
    NAME,
    DataApi,
    DataApiSingles,
    LegacyApi,
    StudentsWithRole,
)
from rollbook.sources.veracross_discovery import (
    SCHOOL_FIELDS,
    V2_HOMES,
    V2_STEPS,
    V3_HOMES,
    V3_STEPS,
    schools_of,
)
from rollbook.sources.veracross_fields import SCHOOL
from rollbook.sources.veracross_statuses import without_left


def pages(
    connection: Connection,
    fields: frozenset[str],
    *,
    pause: Callable[[float], object] | None = None,
) -> Pages:
    """Yield every page of the school's current students; see `base.Source`.

    `pause` replaces waiting in tests.
    """
    bounds = connection.bounds
    # The order matters when the reader stops early: `http` is closed first, which ends the waits of
    # the threads.
    with (
        ThreadPoolExecutor(bounds.parallel, "veracross") as threads,
        Http(bounds, NAME, pause) as http,
    ):
        connection.interruption.add(http.close)
        if _is_v2(connection):
            legacy = LegacyApi(connection, fields, http, threads)
            students = ListWithTotal(legacy, bounds)
            return (yield from without_left(read_lists([students], legacy, connection)))
        data = DataApi(connection, fields, http)
        lists = _v3_lists(data, connection)
        singles = DataApiSingles(data, threads)
        return (yield from without_left(read_lists(lists, singles, connection)))


def _v3_lists(data: DataApi, connection: Connection) -> Iterator[ListWithoutTotal]:
    """Yield the list of the current students, then those of future students, if chosen.

    Which roles those have is known after the first list was read.
    """
    yield ListWithoutTotal(StudentsWithRole(data), connection.bounds)
    if connection.choices.get("future_students") == "yes":
        for role in data.future_roles():
            yield ListWithoutTotal(StudentsWithRole(data, role), connection.bounds)


def check_connection(connection: Connection) -> Iterator[CheckStep]:
    """Yield the steps of a connection test; see `base.Source`."""
    return discovery.check_connection(connection, _is_v2(connection))


def list_schools(connection: Connection) -> list[SchoolInSis]:
    """Return the schools that the current students are in; reads the list of students once."""
    return schools_of(pages(connection, frozenset(SCHOOL_FIELDS)))


def count_grades(connection: Connection, schools: frozenset[str]) -> list[GradeInSis]:
    """Return the grades of these schools; reads the list of students once."""
    return grades_of(pages(connection, frozenset(SCHOOL_FIELDS)), SCHOOL_FIELDS, schools)


def sample_students(connection: Connection, schools: frozenset[str]) -> Sample:
    """Return about 100 current students; see `base.Source`."""
    mapping = SOURCE.variant(connection.variant).mapping
    return discovery.sample_students(connection, schools, mapping, _is_v2(connection))


def _is_v2(connection: Connection) -> bool:
    return SOURCE.variant(connection.variant).key == "v2"


_ROWS: Final[Mapping[str, MappingRow]] = {
    row.source_field: row
    for row in (
        MappingRow(
            source_field="person_pk",
            field="sis_id",
            required=True,
            label="person_pk",
            where=_("given by Veracross itself; nobody edits it"),
        ),
        MappingRow(
            source_field="email_1",
            field="email",
            required=True,
            label="email_1",
            where=_("the student's record in Axiom > Email 1"),
        ),
        MappingRow(
            source_field="first_name",
            field="first_name",
            required=True,
            label="first_name",
            where=_("the student's record in Axiom > First Name"),
        ),
        MappingRow(
            source_field="last_name",
            field="last_name",
            required=True,
            label="last_name",
            where=_("the student's record in Axiom > Last Name"),
        ),
        MappingRow(
            source_field="graduation_year",
            field="graduation_year",
            required=True,
            label="graduation_year",
            where=_("the student's record in Axiom > Graduation Year"),
        ),
        MappingRow(
            source_field="email_2",
            field="personal_email",
            required=False,
            label=_("Personal Email Address"),
            where=_("the student's record in Axiom > Email 2"),
        ),
        MappingRow(
            source_field="middle_name",
            field="middle_name",
            required=False,
            label=_("Middle name"),
            where=_("the student's record in Axiom > Middle Name"),
        ),
        MappingRow(
            source_field="preferred_name",
            field="preferred_name",
            required=False,
            label=_("Preferred name"),
            where=_("the student's record in Axiom > Preferred Name"),
        ),
        MappingRow(
            source_field="current_grade",
            field="grade_level",
            required=False,
            label=_("Current grade"),
            where=_("the student's record in Axiom > Current Grade"),
        ),
        MappingRow(
            source_field="birthday",
            field="birth_date",
            required=False,
            label=_("Date of birth"),
            where=_("the student's record in Axiom > Birthday"),
        ),
        MappingRow(
            source_field="gender",
            field="gender",
            required=False,
            label=_("Gender"),
            where=_("the student's record in Axiom > Gender"),
        ),
    )
}
# Of kind `url`: it decides where secrets are sent, so changing it clears them.
_GRADES_NOTE: Final = _(
    "After the roll-over, Veracross may give next year's grades before the school year has ended. "
    "Then every class moves up in one run, and the report has one line for each. Look at a test "
    "run first."
)
_CLIENT: Final = CredentialField(
    key="client",
    label=_("Client"),
    kind="url",
    help=_("The short name of your school at Veracross, as in axiom.veracross.com/acs."),
    placeholder="acs",
)

SOURCE: Final = Source(
    slug="veracross",
    label=NAME,
    grade_field="current_grade",
    pages=pages,
    school_field=SCHOOL,
    check_connection=check_connection,
    list_schools=list_schools,
    count_grades=count_grades,
    sample_students=sample_students,
    variants=(
        Variant(
            key="v2",
            label=_("API v2 (legacy)"),
            steps=V2_STEPS,
            how_to=how_to.V2_STEPS,
            hint=_(
                "For a user name and a password that Veracross gave you. If you have a Client ID "
                "and a Client Secret, choose API v3."
            ),
            credentials=(
                CredentialField(
                    key="user_name",
                    label=_("User Name"),
                    kind="text",
                    help=_("The API user that Veracross made for you."),
                    placeholder="api.school",
                ),
                CredentialField(
                    key="password",
                    label=_("Password"),
                    kind="secret",
                    help=_("The password of this API user. It is stored encrypted."),
                ),
                _CLIENT,
            ),
            mapping=tuple(
                replace(row, homes=V2_HOMES.get(row.field, ())) for row in _ROWS.values()
            ),
            grades_note=_GRADES_NOTE,
        ),
        Variant(
            key="v3",
            label=_("API v3"),
            steps=V3_STEPS,
            how_to=how_to.V3_STEPS,
            grades_note=_GRADES_NOTE,
            absent=(
                AbsentRow(
                    field="personal_email",
                    label=_("Personal Email Address"),
                    why=_(
                        "Personal Email Address is missing: API v3 lists one e-mail for each "
                        "student, and the scope students:list adds no other. API v2 has both."
                    ),
                ),
            ),
            hint=_(
                "Make an OAuth application for Rollbook in Veracross and switch on its scopes "
                "students:list and students:read. If Veracross gave you a user name and a "
                "password instead, choose API v2."
            ),
            credentials=(
                CredentialField(
                    key="user_name",
                    label=_("Client ID"),
                    kind="text",
                    help=_("Shown by the OAuth application in Veracross."),
                ),
                CredentialField(
                    key="password",
                    label=_("Client Secret"),
                    kind="secret",
                    help=_("Shown beside the Client ID. It is stored encrypted."),
                ),
                replace(_CLIENT, label=_("School Route")),
            ),
            # v3's list of students has no second e-mail (spec).
            mapping=tuple(
                replace(row, homes=V3_HOMES.get(row.field, ()))
                for row in _ROWS.values()
                if row.source_field != "email_2"
            ),
            choices=(
                Choice(
                    key="future_students",
                    label=_("Include future students"),
                    options=(("no", _("No")), ("yes", _("Yes"))),
                    help=_("Students who are accepted and don't attend yet."),
                ),
            ),
        ),
    ),
)
