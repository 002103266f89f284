"""HTTP itself: keep-alive, odd requests, XML, gzip, many connections, the way it ends."""

import gzip
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.standins import powerschool
from rollbook.standins.messages import Request, parse_query
from rollbook.standins.powerschool.answers import to_xml
from rollbook.standins.roster import Roster
from tests.processes import LAST_BOUND, wait_until
from tests.standins.client import ACTIVE, Client


def _exchange(client: Client, sent: bytes, until_closed: bool = True) -> bytes:
    host, _, port = client.standin.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=LAST_BOUND) as connection:
        connection.sendall(sent)
        received = b""
        while piece := connection.recv(65536):
            received += piece
            if not until_closed:
                break
    return received


def test_one_connection_carries_many_requests_even_pipelined(school: Client) -> None:
    request = b"GET /ws/v1/metadata HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n"
    received = _exchange(
        school, request * 3 + request.replace(b"Accept", b"Connection: close\r\nAccept")
    )
    assert (
        received.count(b"HTTP/1.1 200 OK") == 4 and received.count(b"Connection: keep-alive") == 3
    )


def test_http_1_0_and_connection_close_end_the_connection(school: Client) -> None:
    assert b"200 OK" in _exchange(school, b"GET /ws/v1/metadata HTTP/1.0\r\n\r\n")


def test_a_body_on_get_is_read_and_ignored(school: Client) -> None:
    answer = school.send(
        "GET",
        "/ws/v1/district/student/count",
        school.headers(**{"Content-Type": "application/json"}),
        b"{}",
    )
    assert answer.json == {"resource": {"count": 250}}


def test_a_chunked_body_is_read(school: Client) -> None:
    token = school.headers()["Authorization"]
    received = _exchange(
        school,
        (
            "POST /ws/schema/query/org.rollbook.students.roster.list/count HTTP/1.1\r\n"
            "Host: x\r\nConnection: close\r\nAccept: application/json\r\n"
            f"Content-Type: application/json\r\nAuthorization: {token}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n"
        ).encode(),
    )
    assert received.endswith(b'{"count":250}')


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET  /\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n",
    ],
)
def test_what_is_not_http_is_a_400_and_the_end(school: Client, sent: bytes) -> None:
    assert _exchange(school, sent).startswith(b"HTTP/1.1 400")


def test_doubled_slashes_and_a_trailing_one_do_not_matter(school: Client) -> None:
    for path in ("//ws//v1/district/student/count", "/ws/v1/district/student/count/"):
        assert school.get(path).json == {"resource": {"count": 250}}


@pytest.mark.parametrize(
    "accept", ["application/json", "application/JSON", "text/html, application/Json;q=0.9"]
)
def test_json_in_any_case_is_json(school: Client, accept: str) -> None:
    assert (
        school.get("/ws/v1/district", Accept=accept)
        .headers["Content-Type"]
        .startswith("application/json")
    )


@pytest.mark.parametrize("accept", ["application/xml", "", "*/*"])
def test_anything_else_is_real_xml(school: Client, accept: str) -> None:
    answer = school.get(
        "/ws/v1/district/student?pagesize=3&expansions=demographics,fees", Accept=accept
    )
    assert answer.headers["Content-Type"] == "application/xml;charset=UTF-8"
    root = ElementTree.fromstring(answer.body)
    assert root.tag == "students" and root.attrib["extensions"].startswith("c_studentlocator")
    assert [one.findtext("id") for one in root.findall("student")] == ["1001", "1002", "1003"]
    assert root.find("student/fees") is not None


def test_control_characters_do_not_break_the_xml() -> None:
    assert (
        to_xml("a", {"b": ["x\x00<", True], "@c": 'q"'}) == "<a c='q\"'><b>x&lt;</b><b>true</b></a>"
    )


def test_answers_are_zipped_only_for_who_accepts_it(school: Client) -> None:
    plain = school.get("/ws/v1/district/student")
    zipped = school.get("/ws/v1/district/student", **{"Accept-Encoding": "gzip, deflate"})
    assert (
        plain.headers["Content-Encoding"] is None and zipped.headers["Content-Encoding"] == "gzip"
    )
    assert gzip.decompress(zipped.body) == plain.body and len(zipped.body) < len(plain.body) / 3
    with powerschool.serve(students=200, gzip=False) as standin:
        answer = Client(standin).get("/ws/v1/district/student", **{"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] is None


def test_the_query_is_split_on_ampersands_only() -> None:
    assert parse_query("q=a==1;b==(A,P)&page=2&x=1+2%2C3&q=late") == {
        "q": "a==1;b==(A,P)",
        "page": "2",
        "x": "1 2,3",
    }


@given(st.text())
def test_no_query_string_breaks_the_parser(text: str) -> None:
    parse_query(text)


def test_many_connections_at_once_see_the_same_roster(school: Client) -> None:
    target, headers = f"/ws/v1/district/student?q={ACTIVE}&pagesize=50&page=", school.headers()
    with ThreadPoolExecutor(16) as pool:
        bodies = list(
            pool.map(
                lambda at: school.send("GET", f"{target}{at % 5 + 1}", headers).body, range(200)
            )
        )
    assert len(set(bodies)) == 5


def test_stopping_ends_idle_and_waiting_connections_and_frees_the_port() -> None:
    threads_before = set(threading.enumerate())
    standin = powerschool.serve(students=20, faults=[powerschool.Fault("silent")])
    host, _, port = standin.url.removeprefix("http://").partition(":")
    with (
        socket.create_connection((host, int(port))) as idle,
        socket.create_connection((host, int(port))) as waiting,
    ):
        waiting.sendall(b"GET /ws/v1/metadata HTTP/1.1\r\n\r\n")
        wait_until(lambda: len(standin.requests) == 1)
        standin.stop()
        assert idle.recv(1) == b"" and waiting.recv(1) == b""
    assert set(threading.enumerate()) <= threads_before, "a thread still serves a connection"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=1)


def test_latency_delays_each_answer() -> None:
    with powerschool.serve(students=20, latency_ms=80) as standin:
        started = time.monotonic()
        # After signing in: two requests.
        assert Client(standin).get("/ws/v1/metadata").status == 200
        assert time.monotonic() - started >= 0.15


def test_a_warmed_page_of_a_known_search_looks_at_no_student(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A benchmark must not measure the stand-in: a page takes 0.05 ms, because it is all cached."""
    with powerschool.serve(students=20_000) as standin:
        client = Client(standin)
        query = {
            "q": ACTIVE,
            "expansions": "demographics,contact_info,school_enrollment",
            "page": "150",
        }
        request = Request(
            "GET",
            "/ws/v1/district/student",
            query,
            {name.lower(): value for name, value in client.headers().items()},
        )
        assert standin.handle(request).body.count(b'"id":') == 100

        def refuse(roster: Roster, number: int) -> None:
            raise AssertionError(f"looked at student {number}")

        for name in ("student", "brief"):
            monkeypatch.setattr(Roster, name, refuse)
        assert standin.handle(request).body.count(b'"id":') == 100


def test_requests_are_logged_for_tests_to_look_at(own: Client) -> None:
    own.get("/ws/v1/district/student?page=2")
    assert [(one.method, one.path) for one in own.standin.requests] == [
        ("POST", "/oauth/access_token"),
        ("GET", "/ws/v1/district/student"),
    ]
    assert own.standin.requests[1].query == {"page": "2"}
    counters = own.control("requests")
    assert counters["total"] == 2 and counters["paths"]["GET /ws/v1/district/student"] == 1


def test_the_control_endpoints_tell_the_truth_and_say_what_there_is(own: Client) -> None:
    everybody = own.control("roster")
    assert everybody["count"] == 250 and everybody["students"][0]["dcid"] == 1001
    some = own.control("roster?grades=9,10,11,12&status=0")["students"]
    enrolled = {
        one.dcid
        for one in own.standin.roster()
        if 9 <= one.grade_level <= 12 and one.enroll_status == 0
    }
    assert {one["dcid"] for one in some} == enrolled
    assert own.control("week") == {"week": 1}
    assert "GET /_standin/roster" in own.control("nothing")["there are"]
    assert "error" in own.control("week", {"week": 0}) and "error" in own.control(
        "week", {"weak": 1}
    )
    assert "error" in own.control("roster?grades=x")
