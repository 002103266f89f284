"""Every fault, over a raw socket where the client library would hide it."""

import gzip
import http.client
import json
import socket
import threading
import time
import zlib
from typing import Any

import pytest

from rollbook.standins import powerschool
from rollbook.standins.faults import Fault, read_fault
from rollbook.standins.powerschool import KINDS
from tests.processes import LAST_BOUND, wait_until
from tests.standins.client import Answer, Client

LIST = "/ws/v1/district/student"


def _page(client: Client, page: int, size: int = 50) -> Any:
    return (
        client.get(f"{LIST}?page={page}&pagesize={size}&expansions=contact_info")
        .json["students"]
        .get("student", [])
    )


def _ids(client: Client, page: int, size: int = 50) -> list[int]:
    return [one["id"] for one in _page(client, page, size)]


def _open(client: Client, target: str = LIST, **headers: str) -> socket.socket:
    """A connection on which one request has been sent."""
    host, _, port = client.standin.url.removeprefix("http://").partition(":")
    lines = "".join(f"{name}: {value}\r\n" for name, value in client.headers(**headers).items())
    connection = socket.create_connection((host, int(port)), timeout=5)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    return connection


def _all(connection: socket.socket) -> bytes:
    received = b""
    with connection:
        while piece := connection.recv(65536):
            received += piece
    return received


def _set(client: Client, kind: str, **fields: Any) -> None:
    client.headers()  # Sign in first: a token is no part of these tests.
    client.standin.faults = [Fault(kind, **fields)]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_status_once_and_then_well_again(own: Client, status: int) -> None:
    _set(own, "status", status=status, times=1)
    assert [own.get(LIST).status for _ in range(3)] == [status, 200, 200]


def test_a_status_always_on_one_page_only(own: Client) -> None:
    _set(own, "status", page=2)
    assert own.get(f"{LIST}?page=2").status == own.get(f"{LIST}?page=2").status == 503
    assert own.get(f"{LIST}?page=1").status == 200 and own.get(f"{LIST}/count").status == 200


def test_a_status_after_some_requests_and_for_one_path(own: Client) -> None:
    _set(own, "status", path=f"{LIST}/count", after=1, times=2)
    assert [own.get(f"{LIST}/count").status for _ in range(4)] == [200, 503, 503, 200]
    _set(own, "status", path=f"{LIST}/count")
    assert own.get(LIST).status == 200


@pytest.mark.parametrize("retry_after", ["", "3", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_429_with_and_without_retry_after(own: Client, retry_after: str) -> None:
    _set(own, "rate_limit", retry_after=retry_after)
    answer = own.get(LIST)
    assert answer.status == 429 and answer.headers["Retry-After"] == (retry_after or None)


@pytest.mark.parametrize("size", [0, 300])
def test_a_reset_connection(own: Client, size: int) -> None:
    _set(own, "reset", size=size)
    connection = _open(own)
    with connection, pytest.raises(ConnectionResetError):
        while connection.recv(100):
            pass


def test_a_body_shorter_than_its_content_length(own: Client) -> None:
    _set(own, "cut")
    with pytest.raises(http.client.IncompleteRead):
        own.get(LIST)


def test_a_drip_of_single_bytes(own: Client) -> None:
    _set(own, "drip", seconds=0.02)
    connection = _open(own, f"{LIST}/count")
    started = time.monotonic()
    received = b""
    with connection:
        while not received.endswith(b"}}"):
            received += connection.recv(65536)
    assert received.endswith(b'{"resource":{"count":250}}')
    assert time.monotonic() - started > 0.4


def test_a_drip_ends_when_the_client_has_gone(own: Client) -> None:
    _set(own, "drip", seconds=0.01)
    _open(own).close()
    own.standin.faults = []
    assert own.get(LIST).status == 200


def test_silence(own: Client) -> None:
    _set(own, "silent")
    with _open(own) as connection, pytest.raises(TimeoutError):
        connection.settimeout(0.1)
        connection.recv(1)
    _set(own, "silent", seconds=0.1)
    assert _all(_open(own)) == b"", "it hangs up after that time, without an answer"


def test_latency(own: Client) -> None:
    _set(own, "latency", seconds=0.1)
    started = time.monotonic()
    assert own.get(LIST).status == 200 and time.monotonic() - started >= 0.1


def test_json_that_ends_early(own: Client) -> None:
    _set(own, "truncated")
    answer = own.get(LIST)
    assert answer.status == 200 and int(answer.headers["Content-Length"]) == len(answer.body)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)


def test_html_with_200(own: Client) -> None:
    _set(own, "html")
    answer = own.get(LIST)
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/html")
    assert b"<title>PowerSchool page unavailable</title>" in answer.body


def test_a_redirect_to_a_maintenance_page_that_answers_200_html(own: Client) -> None:
    _set(own, "redirect")
    answer = own.get(LIST)
    host = own.standin.url.removeprefix("http://")
    assert (answer.status, answer.headers["Location"]) == (
        302,
        f"http://{host}/maintenance?server={host}",
    )
    page = own.send("GET", "/maintenance?server=x", {})
    assert page.status == 200 and b"PowerSchool page unavailable" in page.body


@pytest.mark.parametrize(
    "location", ["https://message.powerschool.com/?server={host}", "http://127.0.0.2:1/steal"]
)
def test_a_redirect_to_another_host(own: Client, location: str) -> None:
    _set(own, "redirect", location=location, status=307)
    answer = own.get(LIST)
    assert answer.status == 307
    assert answer.headers["Location"] == location.replace(
        "{host}", own.standin.url.removeprefix("http://")
    )


def test_the_same_page_for_ever(own: Client) -> None:
    _set(own, "same_page")
    assert _ids(own, 1) == _ids(own, 2) == _ids(own, 77) != []


def test_endless_pages_with_known_or_new_ids(own: Client) -> None:
    _set(own, "endless")
    assert _ids(own, 5) == list(range(1201, 1251)) and _ids(own, 99) == _ids(own, 1)
    _set(own, "endless", differs=True)
    assert len({*_ids(own, 98), *_ids(own, 99), *_ids(own, 1)}) == 150


def test_smaller_pages_than_asked(own: Client) -> None:
    _set(own, "small_pages", size=7)
    assert _ids(own, 2) == list(range(1008, 1015))
    assert len(own.query("org.rollbook.students.roster.list", pagesize=0).json["record"]) == 7


@pytest.mark.parametrize("size", [-3, 5])
def test_a_count_that_disagrees_with_the_pages(own: Client, size: int) -> None:
    _set(own, "count_off", size=size)
    assert own.get(f"{LIST}/count").json == {"resource": {"count": 250 + size}}
    assert own.get("/ws/schema/table/students/count").json == {"count": 250 + size}
    assert len(own.students()) == 250


def test_a_total_that_changes_midway(own: Client) -> None:
    _set(own, "total_changes", size=4)
    assert [own.get(f"{LIST}/count").json["resource"]["count"] for _ in range(3)] == [250, 254, 254]


def test_a_token_that_expires_after_some_requests(own: Client) -> None:
    _set(own, "token_expired", after=2, times=1)
    assert [own.get(LIST).status for _ in range(4)] == [200, 200, 401, 401]
    answer = own.get(LIST)
    assert answer.body == b"" and "invalid_token" in answer.headers["WWW-Authenticate"]
    assert Client(own.standin).get(LIST).status == 200


def test_a_missing_access_level(own: Client) -> None:
    _set(own, "access_level")
    answer = own.get(LIST)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, None)
    assert "accessLevelV1Api READ" in answer.json["errorMessage"]["message"]
    assert own.get("/ws/schema/table/students/count").status == 200


def test_a_wrong_secret_and_too_many_sign_ins(own: Client) -> None:
    _set(own, "invalid_client")
    assert (own.sign_in().status, own.sign_in().json) == (401, {"error": "invalid_client"})
    _set(own, "token_rate_limit", retry_after="2", times=1)
    assert [own.sign_in().status, own.sign_in().status] == [429, 200]


def test_a_field_that_vanishes_from_every_student(own: Client) -> None:
    _set(own, "drop_field", field="contact_info")
    assert all("contact_info" not in one for one in _page(own, 1))
    _set(own, "drop_field", field="name.last_name")
    assert all(
        "first_name" in one["name"] and "last_name" not in one["name"] for one in _page(own, 1)
    )
    _set(own, "drop_field", field="email")
    assert all(
        "email" not in row for row in own.query("org.rollbook.students.roster.list").json["record"]
    )
    _set(own, "drop_field", field="last_name")
    [record] = own.get("/ws/schema/table/students?projection=dcid,last_name&pagesize=1").json[
        "record"
    ]
    assert record["tables"]["students"].keys() == {"dcid"}


def test_one_student_on_two_pages_the_same_or_different(own: Client) -> None:
    first = _page(own, 1)[0]
    _set(own, "duplicate", page=3)
    assert _page(own, 3)[-1] == first and 1001 not in _ids(own, 2)
    _set(own, "duplicate", differs=True)
    again = _page(own, 2)[-1]
    assert again["id"] == first["id"] and again["name"]["last_name"] == "Otherwise"


def test_a_student_moved_across_the_page_edge(own: Client) -> None:
    _set(own, "moved", page=2)
    ids = [number for page in (1, 2, 3, 4, 5) for number in _ids(own, page)]
    assert 1051 not in ids and len(ids) == 249
    _set(own, "moved", differs=True)
    assert _ids(own, 2)[:2] == [1050, 1051]


def test_a_huge_body(own: Client) -> None:
    _set(own, "huge", size=3)
    answer = own.get(f"{LIST}/count")
    assert len(answer.body) > 3_000_000 and answer.json["resource"] == {"count": 250}


def test_a_gzip_bomb_is_small_on_the_wire(own: Client) -> None:
    _set(own, "gzip_bomb", size=20)
    answer = own.get(f"{LIST}/count")
    assert answer.headers["Content-Encoding"] == "gzip" and len(answer.body) < 100_000
    unpacked = gzip.decompress(answer.body)
    assert len(unpacked) > 20_000_000 and json.loads(unpacked)["resource"] == {"count": 250}


def test_gzip_that_ends_early(own: Client) -> None:
    _set(own, "bad_gzip")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    unpacker.decompress(own.get(LIST).body)
    assert not unpacker.eof


def test_json_of_another_shape(own: Client) -> None:
    _set(own, "list_shape")
    assert isinstance(own.get(LIST).json, list)


def test_an_empty_roster(own: Client) -> None:
    _set(own, "empty")
    assert own.students() == [] and own.get(f"{LIST}/count").json == {"resource": {"count": 0}}
    assert "record" not in own.query("org.rollbook.students.roster.list").json
    assert own.get("/ws/schema/table/students/count").json == {"count": 0}


def test_a_page_is_held_until_it_is_released(own: Client) -> None:
    _set(own, "hold", page=2, times=1, release="second")
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(own.get(f"{LIST}?page=2")))
    thread.start()
    wait_until(lambda: own.control("requests")["holding"] == ["second"])
    assert own.get(f"{LIST}?page=1").status == 200 and not answers
    assert own.control("release", {"name": "second"}) == {"holding": []}
    thread.join(LAST_BOUND)
    assert answers[0].status == 200


def test_a_held_request_ends_when_its_client_is_killed(own: Client) -> None:
    _set(own, "hold", page=2)
    connection = _open(own, f"{LIST}?page=2")
    wait_until(lambda: bool(own.control("requests")["holding"]))
    connection.close()
    own.standin.faults = []
    assert own.get(f"{LIST}?page=2").status == 200


def test_faults_combine(own: Client) -> None:
    own.headers()
    own.standin.faults = [
        Fault("latency", seconds=0.05),
        Fault("small_pages", size=5),
        Fault("count_off", size=1),
        Fault("status", page=2, times=1),
    ]
    assert own.get(f"{LIST}?page=2").status == 503
    assert len(_ids(own, 2)) == 5
    assert own.get(f"{LIST}/count").json["resource"]["count"] == 251


def test_faults_are_set_and_read_through_the_control_endpoint(own: Client) -> None:
    document = [{"kind": "status", "status": 502, "page": 3, "times": 1}]
    assert own.control("faults", document) == {"faults": document}
    answer = own.control("faults")
    assert answer["faults"] == document and set(answer["kinds"]) == set(KINDS)
    assert "error" in own.control("faults", [{"kind": "no such thing"}])
    assert "error" in own.control("faults", [{"kind": "status", "nonsense": 1}])
    assert own.control("faults")["faults"] == document
    assert own.control("faults", []) == {"faults": []}


def test_a_fault_is_read_from_the_command_line() -> None:
    assert read_fault("status:status=502,page=3,times=1,path=/ws/v1/*") == Fault(
        "status", status=502, page=3, times=1, path="/ws/v1/*"
    )
    assert read_fault("moved:differs=true,seconds=0.5") == Fault("moved", differs=True, seconds=0.5)
    with pytest.raises(ValueError, match="page"):
        read_fault("status:page=x")
    with pytest.raises(KeyError, match="there are"):
        powerschool.serve(students=10, faults=[Fault("nonsense")])


def test_control_answers_whatever_is_broken(own: Client) -> None:
    own.standin.faults = [Fault("silent", path="*")]
    assert own.control("week") == {"week": 1}
