"""The outbound client: tries, waits and bounds."""

import gzip
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from rollbook.sources.errors import SourceError, TryLater, UnexpectedShape
from rollbook.sources.http import Http, Response
from rollbook.sources.numbers import LONGEST_SECONDS, seconds_to_wait
from tests.sources.loopback import QUICK, Asked, Loopback, Reply, Trick, cut_body, reset

LONG_ENOUGH = 30  # seconds until a test gives up waiting for what never takes that long


def ask(server: Loopback, waits: list[float] | None = None, **bounds: Any) -> Response:
    waited: list[float] = [] if waits is None else waits
    with Http(replace(QUICK, **bounds), "PowerSchool", waited.append) as http:
        return http.request("GET", f"{server.url}/page?n=1", headers={"Accept": "application/json"})


def first(*replies: Reply | Trick) -> Callable[[Asked], Reply | Trick]:
    """These answers, then a good one."""
    rest = list(replies)
    return lambda asked: rest.pop(0) if rest else Reply(200, b"good")


class Drip:
    """Sends an answer in small pieces, as long as somebody takes them, and counts the pieces."""

    def __init__(self, start: bytes, piece: bytes) -> None:
        self.start, self.piece, self.sent = start, piece, 0

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(self.start)
        for _ in range(DRIPS):
            handler.wfile.write(self.piece)
            self.sent += 1
            time.sleep(0.01)


DRIPS = 500
BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"


def not_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    handler.close_connection = True


@pytest.mark.parametrize(
    "trouble",
    [Reply(500), Reply(502), Reply(503), Reply(504), Reply(429), reset, cut_body, not_http],
)
def test_a_page_that_fails_once_is_asked_for_again(trouble: Reply | Trick) -> None:
    with Loopback(first(trouble)) as server:
        assert ask(server).body == b"good"
    assert [asked.query for asked in server.asked] == [{"n": "1"}] * 2


def test_waits_grow_and_are_never_in_step() -> None:
    with Loopback(lambda asked: Reply(503)) as server:
        runs: list[list[float]] = [[], []]
        for waits in runs:
            with pytest.raises(
                TryLater, match=r"PowerSchool has a problem of its own \(status 503\)"
            ):
                ask(server, waits)
    assert len(server.asked) == 10
    assert runs[0] != runs[1]
    for waits in runs:
        assert [round(wait / 2**number) for number, wait in enumerate(waits)] == [1, 1, 1, 1]


def test_retry_after_is_honoured() -> None:
    waits: list[float] = []
    with Loopback(
        first(Reply(429, headers={"Retry-After": "7"}), Reply(503, headers={"Retry-After": "0"}))
    ) as server:
        assert ask(server, waits).body == b"good"
    assert waits[0] == 7 and 1.5 <= waits[1] <= 2.5  # ours, where the SIS asks for none


@pytest.mark.parametrize("days", [400, -400])
def test_a_retry_after_date_is_compared_with_the_clock_of_the_sis(days: int) -> None:
    waits: list[float] = []
    theirs = datetime.now(UTC) + timedelta(days=days)  # or ours is wrong by as much
    later = format_datetime(theirs + timedelta(seconds=90), usegmt=True)
    date = format_datetime(theirs, usegmt=True)
    with Loopback(first(Reply(429, headers={"Retry-After": later, "Date": date}))) as server:
        assert ask(server, waits).body == b"good"
    assert waits == [90]


def test_a_date_that_makes_no_sense_is_passed_over() -> None:
    waits: list[float] = []
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    headers = {"Retry-After": later, "Date": "Thu, 01 Jan 1970 00:00:00 GMT"}
    with Loopback(first(Reply(429, headers=headers))) as server:
        assert ask(server, waits).body == b"good"
    assert 80 < waits[0] <= 90


def test_a_longer_retry_after_than_the_bound_ends_the_run() -> None:
    waits: list[float] = []
    with (
        Loopback(lambda asked: Reply(429, headers={"Retry-After": "3600"})) as server,
        pytest.raises(
            TryLater, match="asks us to wait 60 minutes, longer than the 5 minutes we wait"
        ),
    ):
        ask(server, waits)
    assert (waits, len(server.asked)) == ([], 1)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 37),
        ("Sun, 06 Nov 1994 08:49:37", 37),
        ("Sun, 06 Nov 1994 08:48:37 GMT", 0),
        ("9" * 5000, LONGEST_SECONDS),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert seconds_to_wait(value, datetime(1994, 11, 6, 8, 49, 0, tzinfo=UTC)) == seconds


def test_no_wait_goes_beyond_the_end_of_the_run() -> None:
    waits: list[float] = []
    with (
        Loopback(lambda asked: Reply(503, headers={"Retry-After": "100"})) as server,
        pytest.raises(TryLater),
    ):
        ask(server, waits, run_seconds=60)
    assert (waits, len(server.asked)) == ([], 1)


def test_nothing_is_asked_after_the_end_of_the_run() -> None:
    with (
        Loopback(first()) as server,
        pytest.raises(TryLater, match="took longer than the 0 seconds that one run may take"),
    ):
        ask(server, run_seconds=0)
    assert server.asked == []


@pytest.mark.parametrize(
    "slow", [Drip(BODY, b"x"), Drip(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n"), Drip(b"", b"")]
)
def test_a_request_ends_at_its_total_time_however_it_drips(slow: Drip) -> None:
    with (
        Loopback(lambda asked: slow) as server,
        pytest.raises(TryLater, match=r"did not answer within 0\.1 seconds"),
    ):
        ask(server, request_seconds=0.1, tries=2)
    assert len(server.asked) == 2
    assert slow.sent < DRIPS  # left in the middle


def test_a_page_larger_than_the_bound_is_refused() -> None:
    with (
        Loopback(lambda asked: Reply(200, b"x" * 100_001)) as server,
        pytest.raises(UnexpectedShape, match=r"larger than 0\.1 MB"),
    ):
        ask(server, page_bytes=100_000)
    assert len(server.asked) == 1


def test_a_small_answer_that_unpacks_to_more_than_the_bound_is_refused() -> None:
    bomb = Reply(200, gzip.compress(b"x" * 3_000_000), {"Content-Encoding": "gzip"})
    assert len(bomb.body) < 5_000
    with (
        Loopback(lambda asked: bomb) as server,
        pytest.raises(UnexpectedShape, match="larger than 2 MB"),
    ):
        ask(server, page_bytes=2_000_000)


def test_packed_nothing_without_end_is_refused() -> None:
    empty = gzip.compress(b"")
    endless = Reply(200, empty * 10_000, {"Content-Encoding": "gzip"})
    with (
        Loopback(lambda asked: endless) as server,
        pytest.raises(UnexpectedShape, match=r"larger than 0\.1 MB"),
    ):
        ask(server, page_bytes=100_000)


def test_packed_answers_are_unpacked() -> None:
    packed = gzip.compress(b"one, ") + gzip.compress(b"two")
    with Loopback(lambda asked: Reply(200, packed, {"Content-Encoding": "gzip"})) as server:
        assert ask(server).body == b"one, two"
    assert server.asked[0].headers["accept-encoding"] == "gzip"


def test_a_packed_answer_that_is_cut_or_garbled_is_asked_for_again() -> None:
    packed, how = gzip.compress(b"some text"), {"Content-Encoding": "gzip"}
    with Loopback(first(Reply(200, packed[:-9], how), Reply(200, b"not gzip", how))) as server:
        assert ask(server).body == b"good"
    assert len(server.asked) == 3


def test_an_empty_answer_may_call_itself_packed() -> None:
    with Loopback(lambda asked: Reply(200, b"", {"Content-Encoding": "gzip"})) as server:
        assert ask(server).body == b""


def test_a_packing_that_was_not_offered_is_refused() -> None:
    with (
        Loopback(lambda asked: Reply(200, b"x", {"Content-Encoding": "br"})) as server,
        pytest.raises(UnexpectedShape),
    ):
        ask(server)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_handed_back_and_never_followed(status: int) -> None:
    with Loopback(
        lambda asked: Reply(status, headers={"Location": "http://169.254.169.254/"})
    ) as server:
        answer = ask(server)
    assert (answer.status, answer.headers["location"], len(server.asked)) == (
        status,
        "http://169.254.169.254/",
        1,
    )


def test_closing_the_conversation_ends_waits_and_open_requests_of_other_threads() -> None:
    begun = threading.Semaphore(0)
    over = threading.Event()
    ended: list[SourceError] = []

    def hang(handler: BaseHTTPRequestHandler) -> None:
        begun.release()
        over.wait(LONG_ENOUGH)

    def answer(asked: Asked) -> Reply | Trick:
        if asked.path == "/hang":
            return hang
        begun.release()
        return Reply(503, headers={"Retry-After": "200"})

    def run(path: str) -> None:
        try:
            http.request("GET", server.url + path, headers={})
        except SourceError as error:
            ended.append(error)

    with Loopback(answer) as server:
        with Http(replace(QUICK, request_seconds=60), "The SIS") as http:
            threads = [threading.Thread(target=run, args=(path,)) for path in ("/hang", "/wait")]
            for thread in threads:
                thread.start()
            begun.acquire()
            begun.acquire()
        for thread in threads:
            thread.join(LONG_ENOUGH)
        assert len(ended) == 2 and not over.is_set()
        over.set()
