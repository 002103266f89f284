"""The PowerSchool source against its stand-in: the whole roster, and each fault it can have."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rollbook.sources.base import Connection, Page
from rollbook.sources.errors import (
    PermissionMissing,
    RosterIncomplete,
    SourceError,
    TryLater,
    UnexpectedShape,
)
from rollbook.sources.powerschool import SOURCE, pages
from rollbook.standins import powerschool
from rollbook.standins.powerschool import Fault, StandIn
from tests.sources.loopback import QUICK, Tokens, ends_by_itself

MAPPED = frozenset(row.source_field for row in SOURCE.variants[0].mapping)


def connect(standin: StandIn, **bounds: Any) -> Connection:
    credentials = {
        "client_id": standin.client_id,
        "client_secret": standin.client_secret,
        "client_url": standin.url + "/admin/home.html",
    }
    return Connection(credentials, {}, "", Tokens(), replace(QUICK, **bounds))


def read(standin: StandIn, **bounds: Any) -> list[Page]:
    return list(pages(connect(standin, **bounds), MAPPED, pause=lambda seconds: None))


def ids(read_pages: list[Page]) -> list[Any]:
    return [record["id"] for page in read_pages for record in page.records]


@pytest.fixture(scope="module")
def shared() -> Iterator[StandIn]:
    with powerschool.serve(students=90, seed=7, page_size_max=20) as standin:
        yield standin


@pytest.fixture
def standin(shared: StandIn) -> Iterator[StandIn]:
    yield shared
    shared.faults = []


def truth(standin: StandIn) -> list[int]:
    return [known.dcid for known in standin.roster() if known.enroll_status == 0]


def test_all_active_students_come_with_the_values_that_powerschool_holds(standin: StandIn) -> None:
    known = {student.dcid: student for student in standin.roster() if student.enroll_status == 0}
    records = [record for page in read(standin) for record in page.records]
    assert [record["id"] for record in records] == list(known)
    for record in records:
        student = known[record["id"]]
        assert record["first_name"] == student.first_name
        assert record["last_name"] == student.last_name
        assert record["grade_level"] == student.grade_level
        assert record["projected_graduation_year"] == student.graduation_year
        assert record.get("birth_date", "") == student.birth_date
        assert record.get("email", "") == student.email


def test_a_roster_full_of_odd_values_is_read_whole() -> None:
    with powerschool.serve(students=300, hostile=True, page_size_max=37) as standin:
        assert ids(read(standin)) == truth(standin)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", page=2, times=1),
        Fault("status", page=2, times=4, status=500),
        Fault("rate_limit", page=3, times=2, retry_after="2"),
        Fault("rate_limit", path="/oauth/*", times=1),
        Fault("reset", page=2, times=1),
        Fault("reset", page=2, times=1, size=900),
        Fault("cut", page=2, times=2),
        Fault("truncated", page=4, times=1),
        Fault("bad_gzip", page=4, times=1),
        Fault("html", page=4, times=1),
        Fault("small_pages"),
        Fault("endless"),
        Fault("count_off"),
        Fault("total_changes"),
        Fault("duplicate"),
        Fault("moved", page=2, differs=True),
        Fault("drop_field", field="contact_info"),
        Fault("latency", seconds=0.01),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.size}-{fault.times}",
)
def test_nothing_is_lost_under(fault: Fault, standin: StandIn) -> None:
    standin.faults = [fault]
    assert sorted(set(ids(read(standin)))) == truth(standin)


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (Fault("status", page=2), TryLater, "status 503"),
        (Fault("rate_limit", page=2), TryLater, "busy"),
        (Fault("rate_limit", retry_after="3600"), TryLater, "asks us to wait 60 minutes"),
        (Fault("reset", page=2), TryLater, "broke off its answer"),
        (Fault("cut", page=2), TryLater, "broke off its answer"),
        (Fault("bad_gzip", page=2), TryLater, "broke off its answer"),
        (Fault("redirect"), TryLater, "in maintenance"),
        (
            Fault("redirect", location="https://message.powerschool.com/?server={host}"),
            TryLater,
            "in maintenance",
        ),
        (Fault("html", page=2), UnexpectedShape, "not what PowerSchool answers"),
        (Fault("html", path="/oauth/*"), UnexpectedShape, "not what PowerSchool answers"),
        (Fault("list_shape", page=2), UnexpectedShape, "not what PowerSchool answers"),
        (Fault("truncated", page=2), UnexpectedShape, "not what PowerSchool answers"),
        (Fault("huge", page=2, size=3), UnexpectedShape, "larger than 2 MB"),
        (Fault("gzip_bomb", page=2, size=3), UnexpectedShape, "larger than 2 MB"),
        (Fault("count_off", size=7), RosterIncomplete, "it gave"),
        (Fault("same_page"), RosterIncomplete, "it gave 20"),
        (Fault("moved", page=2), RosterIncomplete, "it gave"),
        (Fault("empty", path="/ws/v1/district/student"), RosterIncomplete, "it gave 0"),
    ],
    ids=lambda value: f"{value.kind}-{value.size}" if isinstance(value, Fault) else None,
)
def test_a_failure_that_stays_is_reported(
    fault: Fault, error: type[SourceError], message: str, standin: StandIn
) -> None:
    standin.faults = [fault]
    with pytest.raises(error, match=message):
        read(standin, page_bytes=2_000_000, tries=2)


@pytest.mark.parametrize(
    "fault",
    [Fault("silent", page=2), Fault("drip", page=2, seconds=0.01)],
    ids=lambda fault: fault.kind,
)
def test_a_server_that_hangs_is_left_at_the_bound(standin: StandIn, fault: Fault) -> None:
    """Without a bound, the silent server would break off and the dripping one would finish."""
    standin.faults = [fault]
    standin.requests.clear()
    with ends_by_itself(standin), pytest.raises(TryLater, match="did not answer within"):
        read(standin, request_seconds=0.1, tries=2)
    assert [asked.page for asked in standin.requests].count(2) == 2


def test_tokens_revoked_in_the_middle_are_replaced(standin: StandIn) -> None:
    reading = pages(connect(standin), MAPPED)
    first = next(reading)
    standin.revoke_tokens()
    before = len([asked for asked in standin.requests if asked.path.startswith("/oauth")])
    assert ids([first, *reading]) == truth(standin)
    assert (
        len([asked for asked in standin.requests if asked.path.startswith("/oauth")]) == before + 1
    )


def test_a_plugin_without_the_access_level_is_reported() -> None:
    with (
        powerschool.serve(students=20, access_level="NONE") as standin,
        pytest.raises(PermissionMissing, match="no right to read students"),
    ):
        read(standin)
