"""PowerSchool SIS: reads the active students of a district.

It uses the PowerQuery of our plugin where the school has installed it and the mapping can be read
by it, else the v1 API; both with the Client ID and Client Secret of a plugin.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from rollbook.roster.translation import gettext_noop as _
from rollbook.sources import powerschool_how_to as how_to
from rollbook.sources import powerschool_query as plugin_query
from rollbook.sources import reckoned_year
from rollbook.sources.base import (
    Connection,
    CredentialField,
    MappingRow,
    Pages,
    Source,
    Variant,
)
from rollbook.sources.checks import grades_of
from rollbook.sources.discovery import GradeInSis, Home, Sample
from rollbook.sources.http import Http
from rollbook.sources.list_by_key import ListByKey
from rollbook.sources.list_with_total import ListWithTotal
from rollbook.sources.missing_students import read_lists
from rollbook.sources.powerschool_api import NAME, District
from rollbook.sources.powerschool_discovery import (
    STEPS,
    check_connection,
    list_schools,
    sample_students,
)
from rollbook.sources.powerschool_plugin import plugin_zip
from rollbook.sources.powerschool_query import PluginQuery

SIS_ID_HOMES: Final = (
    Home("local_id", _("Student number"), _("the student's page > Demographics > Student Number")),
    Home("state_province_id", _("State student number"), _("the student's page > State/Province")),
)
EMAIL_HOMES: Final = (
    Home(
        "student_username",
        _("User name, where it is an e-mail address"),
        _("the student's page > Access Accounts > Student Username"),
    ),
    Home(
        "student_username@",
        _("User name with a domain"),
        _("the student's page > Access Accounts > Student Username"),
    ),
    Home(
        "person_email",
        _("E-mail of the person"),
        _("the student's page > Contacts > Email Addresses"),
        needs_plugin=True,
    ),
)
YEAR_HOMES: Final = (
    Home("classof", _("Class of"), _("the student's record > ClassOf"), needs_plugin=True),
    *reckoned_year.HOMES,
)


def pages(
    connection: Connection,
    fields: frozenset[str],
    *,
    pause: Callable[[float], object] | None = None,
) -> Pages:
    """Yield every page of the district's active students; see `base.Source`.

    `pause` replaces waiting in tests.
    """
    bounds = connection.bounds
    # The order matters when the reader stops early: `http` is closed first, which ends the waits of
    # the threads.
    with (
        ThreadPoolExecutor(bounds.parallel, "powerschool") as threads,
        Http(bounds, NAME, pause) as http,
    ):
        connection.interruption.add(http.close)
        district = District(connection, fields, http, threads)
        if plugin_query.reads(fields):
            query = PluginQuery(connection, fields, district)
            if query.answers():
                return (yield from read_lists([ListByKey(query, bounds)], query, connection))
        if only_by_query := plugin_query.needs(fields):
            raise plugin_query.plugin_missing(only_by_query)
        students = ListWithTotal(district, bounds)
        return (yield from read_lists([students], district, connection))


def count_grades(connection: Connection, schools: frozenset[str]) -> list[GradeInSis]:
    """Return the grades of these schools; reads the list of students once, with few fields."""
    fields = ("id", "grade_level", "school_number")
    return grades_of(pages(connection, frozenset(fields)), fields, schools)


def sample(connection: Connection, schools: frozenset[str]) -> Sample:
    """Return about 100 active students; see `base.Source`."""
    return sample_students(connection, schools, SOURCE.variants[0].mapping)


SOURCE: Final = Source(
    slug="powerschool",
    label=NAME,
    grade_field="grade_level",
    pages=pages,
    school_field="school_number",
    check_connection=check_connection,
    list_schools=list_schools,
    count_grades=count_grades,
    sample_students=sample,
    plugin=plugin_zip,
    variants=(
        Variant(
            key="",
            label=NAME,
            steps=STEPS,
            how_to=how_to.STEPS,
            hint=_(
                "In PowerSchool, install and enable a plugin with API access. Its Data Provider "
                "Configuration page shows the Client ID and the Client Secret."
            ),
            credentials=(
                CredentialField(
                    key="client_id",
                    label=_("Client ID"),
                    kind="text",
                    help=_("Shown in PowerSchool under the plugin's Data Provider Configuration."),
                ),
                CredentialField(
                    key="client_secret",
                    label=_("Client Secret"),
                    kind="secret",
                    help=_("Shown beside the Client ID. It is stored encrypted."),
                ),
                CredentialField(
                    key="client_url",
                    label=_("Client URL"),
                    kind="url",
                    help=_("The address at which you open PowerSchool in the browser."),
                    placeholder="https://powerschool.example.org",
                ),
            ),
            mapping=(
                MappingRow(
                    source_field="id",
                    field="sis_id",
                    required=True,
                    label=_("ID (DCID)"),
                    where=_("given by PowerSchool itself; nobody edits it"),
                    homes=SIS_ID_HOMES,
                ),
                MappingRow(
                    source_field="email",
                    field="email",
                    required=True,
                    label=_("Email"),
                    where=_("the student's page > Contacts > the student's own e-mail"),
                    homes=EMAIL_HOMES,
                    takes_any=True,
                ),
                MappingRow(
                    source_field="first_name",
                    field="first_name",
                    required=True,
                    label=_("First name"),
                    where=_("the student's page > Demographics > Name"),
                ),
                MappingRow(
                    source_field="last_name",
                    field="last_name",
                    required=True,
                    label=_("Last name"),
                    where=_("the student's page > Demographics > Name"),
                ),
                MappingRow(
                    source_field="projected_graduation_year",
                    field="graduation_year",
                    required=True,
                    label=_("Projected graduation year"),
                    where=_("the student's page > Scheduling Setup > Year of Graduation"),
                    homes=YEAR_HOMES,
                    takes_any=True,
                ),
                MappingRow(
                    source_field="birth_date",
                    field="birth_date",
                    required=False,
                    label=_("Date of birth"),
                    where=_("the student's page > Demographics > Date of Birth"),
                ),
                MappingRow(
                    source_field="gender",
                    field="gender",
                    required=False,
                    label=_("Gender"),
                    where=_("the student's page > Demographics > Gender"),
                ),
                MappingRow(
                    source_field="local_id",
                    field="student_number",
                    required=False,
                    label=_("Student number"),
                    where=_("the student's page > Demographics > Student Number"),
                ),
                MappingRow(
                    source_field="home_room",
                    field="home_room",
                    required=False,
                    label=_("Home room"),
                    where=_("the student's page > Scheduling Setup > Home Room"),
                ),
            ),
        ),
    ),
)
