"""Our plugin for PowerSchool: the zip, and reading students by its query."""

import io
import sqlite3
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from rollbook.sources.base import Page
from rollbook.sources.discovery import Step, StepState, survey
from rollbook.sources.errors import PermissionMissing
from rollbook.sources.powerschool_plugin import QUERY, QUERY_FILE, plugin_zip, student_sql
from rollbook.sources.powerschool_query import PluginQuery
from rollbook.sources.registry import SOURCES
from rollbook.standins import people, powerschool
from rollbook.standins.powerschool import Fault, StandIn
from rollbook.standins.powerschool.plugins import PluginRefused
from rollbook.standins.powerschool.tables import TABLES
from tests.sources.test_homes import connection

SOURCE = SOURCES["powerschool"]
MADE_AT = datetime(2026, 11, 27, 16, 30, tzinfo=UTC)
# A mapping that both ways can read, and one that only the query can.
BOTH = frozenset(
    {
        *("id", "first_name", "last_name", "projected_graduation_year", "grade_level"),
        *("birth_date", "gender", "local_id", "home_room", "school_number"),
        *("u_students_extension.student_email", "student_username@school.example"),
    }
)
PERSON = frozenset({"id", "first_name", "last_name", "person_email", "classof", "grade_level"})


def read(standin: StandIn, fields: frozenset[str], **changes: Any) -> list[Page]:
    return list(SOURCE.pages(replace(connection(standin, "powerschool", ""), **changes), fields))


def records(pages: list[Page]) -> dict[str, dict[str, str]]:
    """The values as text: the tables send numbers as text."""
    return {
        str(record["id"]): {key: str(value) for key, value in record.items() if value != ""}
        for page in pages
        for record in page.records
    }


def install(standin: StandIn, fields: frozenset[str]) -> None:
    standin.vendor.install(plugin_zip(fields, MADE_AT))  # type: ignore[attr-defined]


def asked(standin: StandIn, part: str) -> int:
    return sum(part in logged.path for logged in standin.requests)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with powerschool.serve(students=200, seed=7, page_size_max=50) as running:
        yield running


def active(standin: StandIn) -> list[str]:
    return [str(each.dcid) for each in standin.roster() if each.enroll_status == people.ACTIVE]


def test_both_ways_give_the_same_students_with_the_same_values(standin: StandIn) -> None:
    by_v1 = records(read(standin, BOTH))
    assert asked(standin, QUERY) == 1
    install(standin, BOTH)
    standin.requests.clear()
    by_query = records(read(standin, BOTH))
    assert not asked(standin, "/ws/v1/district/student")
    assert list(by_query) == active(standin)
    for dcid, record in by_v1.items():
        assert by_query[dcid] == record


def test_only_the_query_has_the_email_of_the_person(standin: StandIn) -> None:
    with pytest.raises(PermissionMissing) as missing:
        read(standin, PERSON)
    assert "person_email" in missing.value.what and "classof" in missing.value.what
    install(standin, PERSON)
    known = {str(each.dcid): each for each in standin.roster()}
    for dcid, record in records(read(standin, PERSON)).items():
        assert record.get("person_email", "") == known[dcid].email
        assert int(record["classof"]) == known[dcid].graduation_year


def test_a_plugin_without_a_mapped_field_is_not_used(standin: StandIn) -> None:
    install(standin, BOTH - {"u_students_extension.student_email"})
    assert list(records(read(standin, BOTH))) == active(standin)
    assert asked(standin, "/ws/v1/district/student")


def test_a_page_with_status_200_is_no_answer_of_the_query(standin: StandIn) -> None:
    standin.faults = [Fault("html", path="/ws/schema/*")]
    assert list(records(read(standin, BOTH))) == active(standin)


def test_a_field_that_is_not_granted_is_read_by_v1_where_that_has_it() -> None:
    with powerschool.serve(students=60, grants="all,-students.gender") as standin:
        install(standin, BOTH)
        assert list(records(read(standin, BOTH))) == active(standin)
        assert asked(standin, "/ws/v1/district/student")
    with powerschool.serve(students=60, grants="all,-emailaddress.emailaddress") as standin:
        install(standin, PERSON)
        with pytest.raises(PermissionMissing):
            read(standin, PERSON)


def test_who_joins_or_leaves_meanwhile_hides_nobody(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.sources.powerschool_query.PAGE_SIZE", 20)
    install(standin, BOTH)
    throughout = active(standin)
    first, joiner = throughout[3], next(each for each in standin.roster() if each.enroll_status)
    pages = SOURCE.pages(
        replace(connection(standin, "powerschool", ""), missing=lambda: [first]), BOTH
    )
    came = [next(pages)]
    standin.edit(int(first), enroll_status=people.TRANSFERRED)
    standin.edit(joiner.dcid, enroll_status=people.ACTIVE)
    proof = None
    while proof is None:
        try:
            came.append(next(pages))
        except StopIteration as end:
            proof = end.value
    assert set(throughout) - {first} <= records(came).keys()
    assert proof.by_key and proof.completeness == "complete" and not proof.agreed
    assert [answer.status for page in came for answer in page.answers] == ["Transferred Out"]


def test_the_ids_come_in_their_order_or_the_roster_is_short(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(standin, BOTH)
    page_after = PluginQuery.page_after
    monkeypatch.setattr(PluginQuery, "page_after", lambda self, key: page_after(self, 0))
    with pytest.raises(Exception, match="in the order of their IDs"):
        read(standin, BOTH)


def test_the_set_up_sees_the_query_and_what_only_it_has(standin: StandIn) -> None:
    asked_by = connection(standin, "powerschool", "")
    steps = {step.key: step.state for step in SOURCE.check_connection(asked_by)}
    assert steps[Step.PLUGIN_QUERY] is StepState.SKIPPED
    install(standin, frozenset())  # the usual fields
    steps = {step.key: step.state for step in SOURCE.check_connection(asked_by)}
    assert steps[Step.PLUGIN_QUERY] is StepState.PASSED
    sample = SOURCE.sample_students(asked_by, frozenset())
    fills = {fill.home.source_field: fill for fill in survey(sample)["email"]}
    assert fills["person_email"].usable >= len(sample.records) - 2


def test_the_plugin_asks_for_the_least_rights() -> None:
    with zipfile.ZipFile(io.BytesIO(plugin_zip(PERSON, MADE_AT))) as archive:
        plugin, queries = archive.read("plugin.xml"), archive.read(QUERY_FILE)
    assert b'accessLevelV1Api="READ"' in plugin and b'version="26.11.27.163000"' in plugin
    assert b"EmailAddress" in plugin
    for other in (b"DOB", b"Gender", b"SSN", b"U_STUDENTS_EXTENSION"):
        assert other not in plugin and other not in queries


def test_the_sql_gives_what_the_stand_in_gives(standin: StandIn) -> None:
    """SQLite runs the query on the stand-in's own tables."""
    install(standin, BOTH | PERSON)
    names = ["id", "first_name", "person_email", "u_students_extension.student_email"]
    database = sqlite3.connect(":memory:")
    district = standin.vendor._district  # type: ignore[attr-defined]
    for name in ("students", "emailaddress", "personemailaddressassoc", "u_students_extension"):
        table = TABLES[name]
        columns = [column.lower() for column in table.columns]
        database.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
        for key in table.keys(district):
            row = table.row(district, key)
            places = ", ".join("?" * len(columns))
            values = [_number(row.get(column)) for column in columns]
            database.execute(f"INSERT INTO {name} VALUES ({places})", values)
    rows = database.execute(student_sql(names), {"after": 1050}).fetchall()
    database.close()
    expected = records(read(standin, frozenset({*names, "grade_level"})))
    assert [str(row[0]) for row in rows] == [each for each in expected if int(each) > 1050]
    for dcid, first_name, email, own_email in rows:
        record = expected[str(dcid)]
        assert (first_name, email) == (record["first_name"], record.get("person_email"))
        assert own_email == record.get("u_students_extension.student_email")


@pytest.mark.parametrize(
    "old, new, refusal",
    [
        ('table="STUDENTS" field="DCID"', 'table="STUDENTS" field="Email"', "does not exist"),
        ("<publisher", "<other", "not XML"),
        ('accessLevelV1Api="READ"', 'accessLevelV1Api="ALL"', "no access level"),
        ('name="Rollbook" version', f'name="{"R" * 41}" version', "characters"),
        ('version="26.11', 'version="x', "not a version"),
        ("ViewOnly", "Write", "ViewOnly or FullAccess"),
        ("http://plugin.powerschool", "http://other", "root of plugin.xml"),
    ],
)
def test_an_upload_is_checked_as_powerschool_does(
    standin: StandIn, old: str, new: str, refusal: str
) -> None:
    with pytest.raises(PluginRefused, match=refusal):
        standin.vendor.install(_changed("plugin.xml", old, new))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "old, new, refusal",
    [
        ("<queries>", '<queries xmlns="http://x.example">', "without a namespace"),
        (QUERY, "org.rollbook.active", "five parts"),
        ("SELECT s.DCID, ", "SELECT ", "number or order"),
        ("SELECT s.DCID", "DELETE s.DCID", "only a SELECT"),
        (">gender<", ">home_room<", "unique"),
    ],
)
def test_a_query_is_checked_too(standin: StandIn, old: str, new: str, refusal: str) -> None:
    with pytest.raises(PluginRefused, match=refusal):
        standin.vendor.install(_changed(QUERY_FILE, old, new))  # type: ignore[attr-defined]


def test_an_undeclared_variable_leaves_the_query_out_silently(standin: StandIn) -> None:
    changed = _changed(QUERY_FILE, 'arg name="after"', 'arg name="before"')
    standin.vendor.install(changed)  # type: ignore[attr-defined]
    assert list(records(read(standin, BOTH))) == active(standin)
    assert asked(standin, "/ws/v1/district/student")


def test_the_version_must_grow(standin: StandIn) -> None:
    install(standin, BOTH)
    with pytest.raises(PluginRefused, match="higher"):
        install(standin, BOTH)


def _changed(path: str, old: str, new: str) -> bytes:
    packed = io.BytesIO()
    made = io.BytesIO(plugin_zip(BOTH, MADE_AT))
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(packed, "w") as after:
        for name in before.namelist():
            content = before.read(name).decode()
            if name == path:
                assert old in content
                content = content.replace(old, new, 1)
            after.writestr(name, content)
    return packed.getvalue()


def _number(text: str | None) -> Any:
    return int(text) if text is not None and text.isdecimal() else text
