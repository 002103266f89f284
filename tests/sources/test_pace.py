"""Slowing down before a SIS has to say 429: the rate headers in both spellings and both units."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from rollbook.sources.bounds import Bounds
from rollbook.sources.errors import TryLater
from rollbook.sources.http import Http
from rollbook.sources.pace import Pace, seconds_to_reset
from tests.sources.loopback import QUICK, Asked, Loopback, Reply, Trick

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def rate(remaining: object, reset: object, spelling: str = "x-rate-limit-") -> dict[str, str]:
    return {f"{spelling}remaining": str(remaining), f"{spelling}reset": str(reset)}


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("0", 1),
        ("30", 31),
        (str(int(NOW.timestamp()) + 90), 91),
        (str(int(NOW.timestamp()) - 5), 1),
    ],
)
def test_a_reset_is_read_in_seconds_or_as_a_unix_time(reset: str, seconds: float) -> None:
    assert seconds_to_reset(rate(0, reset), NOW) == seconds
    assert seconds_to_reset(rate(0, reset, "x-ratelimit-"), NOW) == seconds


@pytest.mark.parametrize("reset", ["", "soon", "-1", "1.5", "9" * 11, "٣"])
def test_a_reset_that_makes_no_sense_is_passed_over(reset: str) -> None:
    assert seconds_to_reset(rate(0, reset), NOW) is None
    assert seconds_to_reset({}, NOW) is None


def test_a_unix_time_is_held_against_the_clock_of_the_sis() -> None:
    theirs = NOW + timedelta(hours=3)
    headers = rate(0, int(theirs.timestamp()) + 20)
    assert seconds_to_reset(headers | {"date": format_datetime(theirs, usegmt=True)}, NOW) == 21
    assert seconds_to_reset(headers | {"date": "nonsense"}, NOW) == 3 * 3600 + 21


def test_a_quota_is_used_up_and_then_waited_for() -> None:
    pace = Pace()
    assert pace.claim() == 0
    pace.learn(rate(2, 50), NOW)
    assert [pace.claim(), pace.claim()] == [0, 0]
    assert 49 < pace.claim() <= 51


def test_answers_that_overtake_each_other_do_not_raise_the_quota() -> None:
    pace = Pace()
    pace.learn(rate(1, 50), NOW)
    pace.learn(rate(5, 50), NOW)
    assert pace.claim() == 0 and pace.claim() > 0
    pace.learn(rate(5, 100), NOW)  # a later window: another token, or time went by
    assert pace.claim() == 0


def test_without_rate_headers_nothing_is_waited_for() -> None:
    pace = Pace()
    for headers in ({}, {"x-rate-limit-remaining": "0"}, rate("none", 5)):
        pace.learn(headers, NOW)
        assert pace.claim() == 0


def answers(*replies: Reply) -> "Loopback":
    rest: Iterator[Reply] = iter(replies)

    def answer(asked: Asked) -> Reply | Trick:
        return next(rest, Reply(200, b"good"))

    return Loopback(answer)


def test_a_429_without_retry_after_is_waited_out_until_the_reset() -> None:
    waits: list[float] = []
    with (
        answers(Reply(429, headers=rate(0, 20))) as server,
        Http(QUICK, "Veracross", waits.append) as http,
    ):
        assert http.request("GET", server.url, headers={}).body == b"good"
    assert waits[0] == 21


def test_retry_after_is_heard_before_the_reset() -> None:
    waits: list[float] = []
    reply = Reply(429, headers={"Retry-After": "3", **rate(0, 20)})
    with answers(reply) as server, Http(QUICK, "Veracross", waits.append) as http:
        http.request("GET", server.url, headers={})
    assert waits == [3]


def test_the_last_request_of_a_window_is_followed_by_a_wait_and_not_by_a_429() -> None:
    waits: list[float] = []
    with (
        answers(Reply(200, b"good", rate(0, 20))) as server,
        Http(QUICK, "Veracross", waits.append) as http,
    ):
        http.request("GET", server.url, headers={})
        assert waits == []
        http.request("GET", server.url, headers={})
    assert [round(wait) for wait in waits] == [21]


@pytest.mark.parametrize(
    "bounds", [replace(QUICK, retry_after_seconds=10), replace(QUICK, run_seconds=10)]
)
def test_a_wait_beyond_the_bounds_is_left_to_the_429(bounds: Bounds) -> None:
    waits: list[float] = []
    replies = [Reply(200, b"good", rate(0, 20)), Reply(429, headers=rate(0, 20))]
    with (
        answers(*replies) as server,
        Http(bounds, "Veracross", waits.append) as http,
    ):
        http.request("GET", server.url, headers={})
        with pytest.raises(TryLater):
            http.request("GET", server.url, headers={})
    assert waits == []
