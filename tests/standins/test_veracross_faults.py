"""The faults that Veracross can have, and starting it from the command line."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from rollbook.standins import veracross
from rollbook.standins.veracross import KINDS, Fault, VeracrossStandIn
from rollbook.standins.veracross.service import credentials
from tests.processes import LAST_BOUND
from tests.standins.veracross_client import VeracrossClient


@pytest.fixture(scope="module")
def shared() -> Iterator[VeracrossStandIn]:
    with veracross.serve(students=250, clean=True, quota=100_000) as standin:
        yield standin


@pytest.fixture
def client(shared: VeracrossStandIn) -> Iterator[VeracrossClient]:
    yield VeracrossClient(shared)
    shared.faults = []


def v3_page(client: VeracrossClient, number: int = 1) -> Any:
    return client.v3(page_number=str(number), value_lists="include")


def v2_page(client: VeracrossClient, number: int = 1) -> Any:
    return client.v2(f"students.json?page={number}")


@pytest.mark.parametrize("page", [v3_page, v2_page])
def test_a_failure_on_one_page_leaves_the_others_alone(client: VeracrossClient, page: Any) -> None:
    client.standin.faults = [Fault("status", page=2, times=1, status=500)]
    assert [page(client, number).status for number in (1, 2, 2)] == [200, 500, 200]


@pytest.mark.parametrize(("page", "unix_time"), [(v3_page, True), (v2_page, False)])
def test_a_429_has_its_reset_in_the_unit_of_the_version(
    client: VeracrossClient, page: Any, unix_time: bool
) -> None:
    client.standin.faults = [Fault("rate_limit", seconds=30)]
    answer = page(client)
    reset = int(answer.headers["X-Rate-Limit-Reset"]) - (time.time() if unix_time else 0)
    assert (
        answer.status == 429
        and 29 <= reset <= 31
        and answer.headers["X-Rate-Limit-Remaining"] == "0"
    )
    assert answer.headers["Retry-After"] is None


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("token_revoked", "The provided access token has been revoked"),
        ("token_expired", "The provided access token has expired"),
        ("token_unknown", "The provided access token is unknown"),
    ],
)
def test_a_lost_token_really_is_lost(client: VeracrossClient, kind: str, error: str) -> None:
    token = client.token()
    client.standin.faults = [Fault(kind, after=1, times=1)]
    assert client.v3(token=token).status == 200
    answer = client.v3()
    assert (answer.status, answer.json["error"]) == (401, error)
    assert client.v3().status == 401 and client.v3(token=client.token()).status == 200


def test_rights_can_be_missing(client: VeracrossClient) -> None:
    client.standin.faults = [
        Fault("missing_scope", path="*/v3/*"),
        Fault("forbidden", path="*/v2/*"),
    ]
    assert "missing a required scope: students:list" in client.v3().json["error"]
    assert client.v2().status == 403


def test_signing_in_can_fail(client: VeracrossClient) -> None:
    client.standin.faults = [Fault("invalid_client", times=1), Fault("token_rate_limit")]
    form = client.form(grant_type="client_credentials", scope="students:list")
    assert [client.oauth("token", form).status for _ in range(2)] == [401, 429]


def ids(answer: Any) -> list[int]:
    rows = answer.json["data"] if isinstance(answer.json, dict) else answer.json
    return [row.get("id", row.get("person_pk")) for row in rows]


@pytest.mark.parametrize("page", [v3_page, v2_page])
def test_pages_can_be_small_empty_repeated_endless_or_shifted(
    client: VeracrossClient, page: Any
) -> None:
    first, second = ids(page(client, 1)), ids(page(client, 2))

    def under(fault: Fault, number: int) -> list[int]:
        client.standin.faults = [fault]
        return ids(page(client, number))

    assert under(Fault("small_pages", size=7), 2) == first[7:14]
    assert under(Fault("empty"), 1) == []
    assert under(Fault("same_page"), 2) == first
    assert under(Fault("endless"), 9) == first
    assert not {*under(Fault("endless", differs=True), 9)} & {*first, *second}
    assert under(Fault("moved"), 2) == second[1:]
    assert under(Fault("moved", differs=True), 2) == [first[-1], *second]
    assert under(Fault("duplicate"), 2) == [*second, first[0]]


def test_totals_can_lie_and_change(client: VeracrossClient) -> None:
    total = int(client.v2().headers["X-Total-Count"])
    client.standin.faults = [Fault("count_off", size=5)]
    assert int(client.v2().headers["X-Total-Count"]) == total + 5
    client.standin.faults = [Fault("total_changes", size=-2)]
    assert [int(client.v2().headers["X-Total-Count"]) for _ in range(2)] == [total, total - 2]
    client.standin.faults = [Fault("empty")]
    assert client.v2().headers["X-Total-Count"] == "0"


def test_values_can_be_null_missing_unknown_or_new(client: VeracrossClient) -> None:
    def first(fault: Fault, page: Any = v3_page) -> Any:
        client.standin.faults = [fault]
        document = page(client).json
        return document["data"][0] if isinstance(document, dict) else document[0]

    assert first(Fault("null_field"))["email_1"] is None
    assert first(Fault("null_field", field="grade_level"))["grade_level"] is None
    assert "email_1" not in first(Fault("drop_field"))
    assert first(Fault("unknown_code"))["grade_level"] == 999
    assert first(Fault("unknown_code"), v2_page)["current_grade"] == "Something new"
    assert (
        first(Fault("unknown_code", field="enrollment_status"), v2_page)["enrollment_status"]
        == "Something new"
    )
    assert "new_in_this_release" in first(Fault("extra_fields"))


def test_value_lists_can_have_text_for_ids_or_be_left_out(client: VeracrossClient) -> None:
    client.standin.faults = [Fault("string_ids")]
    assert v3_page(client).json["value_lists"][0]["items"][1]["id"] == "1"
    client.standin.faults = [Fault("no_value_lists")]
    assert "value_lists" not in v3_page(client).json


def test_other_pages_can_stand_in_the_way(client: VeracrossClient) -> None:
    client.standin.faults = [Fault("html", times=1), Fault("list_shape")]
    assert client.v3().body.startswith(b"<!DOCTYPE html>") and client.v3().json.keys() == {
        "error",
        "error_id",
    }


def test_requests_are_logged_with_their_page(client: VeracrossClient) -> None:
    client.standin.requests.clear()
    v3_page(client, 3)
    v2_page(client, 2)
    assert [(one.path, one.page) for one in client.standin.requests][-2:] == [
        ("/exs/v3/students", 3),
        ("/exs/v2/students.json", 2),
    ]


def test_it_starts_from_the_command_line_and_says_how_to_connect() -> None:
    command = [
        sys.executable,
        "-m",
        "rollbook.standins",
        "veracross",
        "--port",
        "0",
        "--students",
        "30",
        "--seed",
        "9",
        "--route",
        "Abc",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        about = json.loads(process.stdout.readline())
        assert (about["client_id"], about["client_secret"], about["password"]) == credentials(9)
        assert (about["vendor"], about["route"], about["user_name"]) == (
            "veracross",
            "Abc",
            "api.rollbook",
        )
        address = f"{about['url']}/_standin/roster"
        with urllib.request.urlopen(address, timeout=LAST_BOUND) as response:
            assert json.load(response)["count"] == 30
        process.terminate()
    assert process.returncode == 0


def test_the_help_names_every_fault() -> None:
    command = [sys.executable, "-m", "rollbook.standins", "veracross", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert all(f"  {name} " in shown for name in KINDS)
