"""PyPI's `powerschool` client, written against real servers, must notice no difference."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from requests.exceptions import HTTPError

from rollbook.sources.powerschool_plugin import QUERY, plugin_zip
from rollbook.standins import powerschool as standins
from rollbook.standins.standin import StandIn

client_library = pytest.importorskip("powerschool")
LIST = "org.rollbook.students.roster.list"


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    with standins.serve(
        students=230, seed=7, clean=True, grants="all,-students.home_phone"
    ) as standin:
        yield standin


@pytest.fixture
def client(running: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    client = client_library.PowerSchool(running.url)
    client.base_url = running.url
    assert client.authorize((running.client_id, running.client_secret))
    with client.session:
        yield client


def test_it_signs_in_and_reads_the_metadata(client: Any) -> None:
    assert client.access_token["token_type"] == "Bearer"
    assert client.metadata.schema_table_query_max_page_size == 100
    assert client.metadata.powerschool_version


def test_it_reuses_a_token(client: Any, running: StandIn) -> None:
    other = client_library.PowerSchool(running.url)
    other.base_url = running.url
    with other.session:
        assert other.authorize(dict(client.access_token))


def test_it_is_told_of_a_wrong_secret(running: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    client = client_library.PowerSchool(running.url)
    client.base_url = running.url
    with client.session, pytest.raises(Exception, match="invalid_client"):
        client.authorize((running.client_id, "wrong"))


def test_it_reads_a_whole_table_with_the_granted_columns(client: Any, running: StandIn) -> None:
    rows = client.get_schema_table("students").query()
    assert [int(row["dcid"]) for row in rows] == [one.dcid for one in running.roster()]
    assert "home_phone" not in rows[0] and rows[0]["last_name"] == running.roster()[0].last_name


@pytest.mark.parametrize(
    "table",
    [
        "schools",
        "users",
        "sections",
        "cc",
        "courses",
        "terms",
        "person",
        "gen",
        "log",
        "personemailaddressassoc",
        "emailaddress",
        "u_students_extension",
    ],
)
def test_it_reads_every_other_table(client: Any, table: str) -> None:
    schema = client.get_schema_table(table)
    assert len(schema.query()) == schema.count() > 0


def test_it_queries_with_a_filter_a_projection_and_small_pages(
    client: Any, running: StandIn
) -> None:
    table = client.get_schema_table("students")
    upper = {
        one.dcid for one in running.roster() if one.enroll_status == 0 and one.grade_level >= 9
    }
    q = "enroll_status==0;grade_level=ge=9;grade_level=lt=13"
    rows = table.query(q=q, projection="dcid,last_name", pagesize=7, sort="last_name")
    assert {int(row["dcid"]) for row in rows} == upper
    assert all(row.keys() == {"dcid", "last_name"} for row in rows)
    assert table.count(q=q) == len(upper)
    assert len(table.query(q=q, projection="dcid", pagesize=3, page=1)) == 3


def test_it_reads_one_record_with_and_without_a_projection(client: Any) -> None:
    table = client.get_schema_table("students")
    assert table.query(pk=1003, projection="dcid,dob")[0].keys() == {"dcid", "dob"}
    assert table.query(pk=1003)[0]["dcid"] == "1003"


def test_nothing_found_is_an_empty_list(client: Any) -> None:
    assert client.get_schema_table("students").query(q="dcid==1") == []


def test_it_asks_for_what_changed_by_transaction_date(client: Any) -> None:
    assert client.get_schema_table("students").count(q="transaction_date=ge=2026-07-01") == 230


def test_it_runs_named_queries(client: Any, running: StandIn) -> None:
    assert client.list_named_queries()["queries"]
    query = client.get_named_query(LIST)
    assert query.count() == 230
    rows = query.query(pagesize=100)
    assert [row["email"] for row in rows] == [one.email for one in running.roster()]
    assert len(query.query(body={"$q": "students.grade_level==12"}, pagesize=0)) == query.count(
        body={"$q": "students.grade_level==12"}
    )


def test_it_runs_the_query_of_an_uploaded_plugin(client: Any, running: StandIn) -> None:
    with pytest.raises(HTTPError, match=f"Query {QUERY} not found"):
        client.get_named_query(QUERY).count()
    running.vendor.install(plugin_zip((), datetime(2026, 11, 27, tzinfo=UTC)))  # type: ignore[attr-defined]
    query = client.get_named_query(QUERY)
    active = [each for each in running.roster() if each.enroll_status == 0]
    rows = query.query(body={"after": 0}, pagesize=100)
    assert [row["id"] for row in rows] == [str(each.dcid) for each in active]
    assert rows[0]["person_email"] == active[0].email
    assert query.count(body={"after": active[9].dcid}) == len(active) - 10


def test_it_shows_our_error_messages(client: Any) -> None:
    with pytest.raises(HTTPError, match="Resource not found"):
        client.get_schema_table("nothing").count()
    with pytest.raises(HTTPError, match="Invalid field transaction_date"):
        client.get_schema_table("schools").count(q="transaction_date=ge=2026-01-01")
    with pytest.raises(HTTPError, match="lacks sufficient permission"):
        client.get_schema_table("students").query(projection="home_phone")
    with pytest.raises(HTTPError, match=r"Query a\.b\.c\.d\.e not found"):
        client.get_named_query("a.b.c.d.e").count()


def test_its_writes_are_refused_in_our_words(client: Any) -> None:
    table = client.get_schema_table("u_students_extension")
    with pytest.raises(HTTPError, match="use PUT"):
        table.insert(1001, {})
    with pytest.raises(HTTPError, match="use POST"):
        table.update(999, {})
    with pytest.raises(HTTPError, match="not allowed"):
        table.delete(1001)
