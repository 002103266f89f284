"""Makes our plugin for PowerSchool: a zip with plugin.xml and a PowerQuery.

The query returns the fields of a mapping for active students, in the order of their DCID. It reads
the fields that it returns and what joins them, and nothing else. The form of both files is that of
PowerSchool's developer documentation.
"""

import io
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from rollbook.sources.base import EXTENSION_FIELD
from rollbook.sources.powerschool_fields import USER_NAME, FurtherFields
from rollbook.sources.reckoned_year import LAST_GRADES

QUERY: Final = "org.rollbook.roster.students.active"  # five parts, as PowerSchool requires
QUERY_FILE: Final = "queries_root/rollbook.named_queries.xml"
NAMESPACE: Final = "http://plugin.powerschool.pearson.com"
PUBLISHER, CONTACT = "Rollbook", "rollbook@rollbook.example"
ID_FIELD: Final = "id"
# Where the query finds each source field, as TABLE.Column. The alias of a column is the source
# field itself, so a row is a record.
PLACES: Final = {
    "id": "STUDENTS.DCID",
    "local_id": "STUDENTS.Student_Number",
    "state_province_id": "STUDENTS.State_StudentNumber",
    "student_username": "STUDENTS.Student_Web_ID",
    "first_name": "STUDENTS.First_Name",
    "middle_name": "STUDENTS.Middle_Name",
    "last_name": "STUDENTS.Last_Name",
    "birth_date": "STUDENTS.DOB",
    "gender": "STUDENTS.Gender",
    "grade_level": "STUDENTS.Grade_Level",
    "projected_graduation_year": "STUDENTS.Sched_YearOfGraduation",
    "classof": "STUDENTS.ClassOf",
    "school_number": "STUDENTS.SchoolID",
    "home_room": "STUDENTS.Home_Room",
    "exit_date": "STUDENTS.ExitDate",
    "person_email": "EMAILADDRESS.EmailAddress",
}
ALWAYS: Final = frozenset({"id", "grade_level", "school_number"})
# Columns that the query reads besides those that it returns.
_FILTER: Final = ("STUDENTS.Enroll_Status",)
_PERSON: Final = (
    "STUDENTS.Person_ID",
    "PERSONEMAILADDRESSASSOC.PersonID",
    "PERSONEMAILADDRESSASSOC.EmailAddressID",
    "PERSONEMAILADDRESSASSOC.IsPrimaryEmailAddress",
    "EMAILADDRESS.EmailAddressID",
)
# The primary address of a person; one of them where a person has two.
_PERSON_JOIN: Final = """LEFT OUTER JOIN (
  SELECT a.PersonID, MIN(a.EmailAddressID) AS EmailAddressID
  FROM PERSONEMAILADDRESSASSOC a
  WHERE a.IsPrimaryEmailAddress = 1
  GROUP BY a.PersonID
) p ON p.PersonID = s.Person_ID
LEFT OUTER JOIN EMAILADDRESS e ON e.EmailAddressID = p.EmailAddressID"""
_ALIASES: Final = {"STUDENTS": "s", "EMAILADDRESS": "e"}


def usual_fields() -> frozenset[str]:
    """Return the source fields of a plugin that is made before a mapping was chosen."""
    return frozenset(PLACES) - {"exit_date"}


def place_of(source_field: str) -> str:
    """Return where the query finds a source field; "" for one that it can't read."""
    if source_field in PLACES:
        return PLACES[source_field]
    return source_field.upper() if EXTENSION_FIELD.fullmatch(source_field) else ""


def query_fields(fields: Iterable[str]) -> frozenset[str]:
    """Return the source fields that the query has to return, where some are made from others."""
    names = frozenset(fields)
    made = {name for name in names if name.startswith(f"{USER_NAME}@")} | LAST_GRADES.keys()
    return (names - made) | FurtherFields(names).read | ALWAYS


def plugin_zip(fields: Iterable[str], made_at: datetime) -> bytes:
    """Return the zip of a plugin whose query returns these source fields; the usual ones for none.

    Fields that a query can't read are left out. `made_at` becomes the version: PowerSchool takes a
    plugin again only with a higher one.
    """
    chosen = frozenset(fields) or usual_fields()
    names = sorted(name for name in query_fields(chosen) if place_of(name))
    names.remove(ID_FIELD)
    names.insert(0, ID_FIELD)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("plugin.xml", _plugin_xml(names, f"{made_at:%y.%m.%d.%H%M%S}"))
        archive.writestr(QUERY_FILE, _queries_xml(names))
    return packed.getvalue()


def _plugin_xml(names: list[str], version: str) -> str:
    columns = [place_of(name) for name in names] + list(_FILTER)
    columns += _PERSON if "person_email" in names else ()
    columns += [f"{table}.StudentsDCID" for table in _extension_tables(names)]
    fields = "\n".join(
        f'    <field table="{table}" field="{column}" access="ViewOnly"/>'
        for table, column in (column.split(".") for column in dict.fromkeys(columns))
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<plugin xmlns="{NAMESPACE}"
        name="Rollbook" version="{version}"
        description="Lets Rollbook read the students who are active.">
  <oauth accessLevelV1Api="READ"/>
  <access_request>
{fields}
  </access_request>
  <publisher name="{PUBLISHER}">
    <contact email="{CONTACT}"/>
  </publisher>
</plugin>
"""


def _queries_xml(names: list[str]) -> str:
    columns = "\n".join(
        f"      <column column={quoteattr(place_of(name))}>{name}</column>" for name in names
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<queries>
  <query name="{QUERY}" coreTable="STUDENTS" flattened="true">
    <description>Active students whose DCID is higher than the argument.</description>
    <args>
      <arg name="after" type="primitive" required="true" description="A DCID; 0 for all"/>
    </args>
    <columns>
{columns}
    </columns>
    <sql><![CDATA[
{escape_cdata(student_sql(names))}
    ]]></sql>
  </query>
</queries>
"""


def student_sql(names: list[str]) -> str:
    """Return the query of these fields, for the database of PowerSchool."""
    tables = _extension_tables(names)
    aliases = _ALIASES | {table: f"x{at}" for at, table in enumerate(tables)}
    selected = ", ".join(_column(place_of(name), aliases) for name in names)
    lines = [f"SELECT {selected}", "FROM STUDENTS s"]
    if "person_email" in names:
        lines.append(_PERSON_JOIN)
    for table in tables:
        alias = aliases[table]
        lines.append(f"LEFT OUTER JOIN {table} {alias} ON {alias}.StudentsDCID = s.DCID")
    lines += ["WHERE s.Enroll_Status = 0", "AND s.DCID > :after", "ORDER BY s.DCID"]
    return "\n".join(lines)


def escape_cdata(sql: str) -> str:
    """Return a text that may stand in a CDATA section, which has no escapes."""
    assert escape(sql).replace("&gt;", ">").replace("&lt;", "<") == sql and "]]>" not in sql
    return sql


def _column(place: str, aliases: dict[str, str]) -> str:
    table, _dot, column = place.partition(".")
    return f"{aliases[table]}.{column}"


def _extension_tables(names: list[str]) -> list[str]:
    tables = [name.partition(".")[0].upper() for name in names if "." in name]
    return list(dict.fromkeys(tables))
