"""The PowerQueries of the made-up plugin: the columns, tables and form of each."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from rollbook.standins.powerschool.district import District
from rollbook.standins.powerschool.table_rows import Row
from rollbook.standins.powerschool.tables import TABLES


class Filter(NamedTuple):
    """A condition of an uploaded query on a column of Students: `value` is a number or `:name`."""

    column: str
    operator: str
    value: str


class NamedQuery(NamedTuple):
    """A PowerQuery with one row for each student; `columns` maps each alias to table.column."""

    name: str
    description: str
    columns: Mapping[str, str]
    flattened: bool = True
    core_table: str = "Students"
    """"" for a query without coreTable: its rows carry no id."""
    arguments: Mapping[str, str] = {}
    """The required arguments, each with the column that it filters."""
    filters: tuple[Filter, ...] = ()
    """The conditions of an uploaded query."""
    required: tuple[str, ...] = ()
    """The arguments of an uploaded query."""

    def row(self, district: District, number: int) -> Row:
        """Return a row: alias → text. Null columns are left out of each row (SM, captured)."""
        rows: dict[str, Row] = {}
        answer: Row = {}
        for alias, table, column in _split(tuple(self.columns.items())):
            if table not in rows:
                rows[table] = TABLES[table].row(district, number)
            if column in rows[table]:
                answer[alias] = rows[table][column]
        return answer

    def place(self, name: str) -> str:
        """Return the alias for an alias or a table.column, in any case; "" if there is none."""
        lower = name.lower()
        return next((alias for alias, place in self.columns.items() if lower in (alias, place)), "")

    def kind(self, alias: str) -> str:
        """Return the type of a column."""
        table, _, column = self.columns[alias].partition(".")
        return {name.lower(): kind for name, kind in TABLES[table].columns.items()}[column]


@cache
def _split(columns: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str, str], ...]:
    places = [(alias, place.partition(".")) for alias, place in columns]
    return tuple((alias, table, column) for alias, (table, _, column) in places)


ROSTER = {
    "dcid": "students.dcid",
    "id": "students.id",
    "student_number": "students.student_number",
    "state_studentnumber": "students.state_studentnumber",
    "first_name": "students.first_name",
    "middle_name": "students.middle_name",
    "last_name": "students.last_name",
    "dob": "students.dob",
    "gender": "students.gender",
    "grade_level": "students.grade_level",
    "sched_yearofgraduation": "students.sched_yearofgraduation",
    "enroll_status": "students.enroll_status",
    "schoolid": "students.schoolid",
    "entrydate": "students.entrydate",
    "exitdate": "students.exitdate",
    "student_web_id": "students.student_web_id",
    "email": "emailaddress.emailaddress",
    "legal_first_name": "studentcorefields.pscore_legal_first_name",
}
_GROUPED = (
    "dcid",
    "student_number",
    "first_name",
    "last_name",
    "grade_level",
    "enroll_status",
    "schoolid",
    "email",
)
NAMED_QUERIES = {
    query.name: query
    for query in (
        NamedQuery("org.rollbook.students.roster.list", "Students with e-mail, flattened", ROSTER),
        NamedQuery(
            "org.rollbook.students.roster.grouped",
            "Students with e-mail, grouped by table",
            {alias: ROSTER[alias] for alias in _GROUPED},
            flattened=False,
        ),
        NamedQuery(
            "org.rollbook.students.email.list",
            "E-mails, flattened, without coreTable",
            {"dcid": ROSTER["dcid"], "email": ROSTER["email"]},
            core_table="",
        ),
        NamedQuery(
            "org.rollbook.students.name.grouped",
            "Names, grouped, without coreTable",
            {alias: ROSTER[alias] for alias in ("dcid", "first_name", "last_name")},
            False,
            "",
        ),
        NamedQuery(
            "org.rollbook.students.school.list",
            "Students of the schools given, flattened",
            ROSTER,
            arguments={"school_number": "schoolid"},
        ),
    )
}
