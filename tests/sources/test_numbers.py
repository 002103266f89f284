"""Numbers and dates of any kind, length and zone are read or passed over; no reader raises."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rollbook.sources import numbers
from rollbook.sources.bearer import LONGEST_SECONDS as LONGEST_TOKEN
from rollbook.sources.bearer import granted
from rollbook.sources.bounds import Bounds
from rollbook.sources.errors import SourceError, TryLater
from rollbook.sources.http import Http, Response
from rollbook.sources.numbers import MOST, header_number, http_date, number, whole_number
from rollbook.sources.pace import Pace, seconds_to_reset
from rollbook.sources.spreadsheet.hidden_rows import _hidden_in_ods, _hidden_in_xlsx
from rollbook.sources.wire import duration
from tests.sources.loopback import QUICK, Loopback, Reply

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DIGITS = "9" * 5_000
ABSURD_DATES = [
    "Sun, 06 Nov 1994 08:49:37 +9999",
    "Sun, 06 Nov 1994 08:49:37 -99999999999999999999",
    "Sun, 06 Nov 0001 08:49:37 +2359",
    "Sun, 06 Nov 9999 23:59:59 -2359",
    "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
    f"Sun, 06 Nov {DIGITS} 08:49:37 GMT",
    f"Sun, {DIGITS} Nov 2026 08:49:37 GMT",
    "Sun, 06 Nov 2026 99:99:99 GMT",
    "Sun, 00 Nov 2026 00:00:00 GMT",
    "Sun, 06 Foo 2026 00:00:00 GMT",
    ", , , ,",
    "0:0",
    "\x00",
]
PIECES = (
    "Sun,",
    "06",
    "Nov",
    "1994",
    "0001",
    "9999",
    "08:49:37",
    "GMT",
    "+9999",
    "-2359",
    "٣",
    ":",
)
TEXTS = (
    st.text(max_size=60)
    | st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join)
    | st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)
    | st.sampled_from([*ABSURD_DATES, DIGITS, f"-{DIGITS}", "1e400", "NaN", "Infinity", "true"])
)
VALUES = TEXTS | st.none() | st.booleans() | st.integers() | st.floats()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        ("5", 5),
        (" 007 ", 7),
        (5.0, 5),
        ("5.0", 5),
        ("1e3", 1_000),
        (DIGITS, MOST),
        pytest.param(10**5_000, MOST, id="a number of 5,000 digits"),
        (True, None),
        ("true", None),
        (1e400, None),
        ("1e400", None),
        (float("nan"), None),
        ("NaN", None),
        ("-1", None),
        (-1, None),
        ("1.5", None),
        ("٣", None),
        ("1,000", None),
        ("", None),
        (None, None),
        ([5], None),
    ],
)
def test_a_whole_number_is_read_strictly(value: object, expected: int | None) -> None:
    assert whole_number(value) == expected


@given(VALUES)
def test_no_number_raises_and_all_are_within_bounds(value: object) -> None:
    parsed, whole = number(value), whole_number(value)
    assert parsed is None or -MOST <= parsed <= MOST
    assert whole is None or (type(whole) is int and 0 <= whole <= MOST)


@given(st.binary(max_size=40) | TEXTS.map(lambda text: json.dumps(text).encode()))
def test_no_raw_scalar_raises(raw: bytes) -> None:
    assert isinstance(numbers.scalar(raw), str | bool | None)


@given(TEXTS)
@example("Sun, 06 Nov 1994 08:49:37 +9999")
def test_no_date_and_no_wait_raises(text: str) -> None:
    then = http_date(text)
    assert then is None or then.tzinfo is UTC
    seconds = numbers.seconds_to_wait(text, NOW)
    assert seconds is None or 0 <= seconds <= numbers.LONGEST_SECONDS
    assert str(duration(seconds or 0.0))


@pytest.mark.parametrize("text", ABSURD_DATES)
def test_an_absurd_date_is_passed_over(text: str) -> None:
    then = http_date(text)
    assert then is None or then.year in {2001, 9999}


@given(
    st.dictionaries(st.sampled_from(["x-rate-limit-remaining", "x-rate-limit-reset"]), TEXTS), TEXTS
)
def test_no_rate_header_raises(headers: dict[str, str], date: str) -> None:
    headers["date"] = date
    seconds = seconds_to_reset(headers, NOW)
    assert seconds is None or seconds >= 0
    pace = Pace()
    pace.learn(headers, NOW)
    assert pace.claim() >= 0


@given(VALUES)
def test_a_token_is_valid_for_a_sensible_time_whatever_is_stated(value: Any) -> None:
    body = json.dumps({"access_token": "abc", "expires_in": value}).encode()
    token = granted(body, NOW)
    if token is not None:  # None for NaN, which is no JSON
        assert NOW <= token.expires_at <= NOW + timedelta(seconds=LONGEST_TOKEN)


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("Retry-After", "Date", "Content-Length", "Transfer-Encoding", "Connection"),
                *("Location", "X-Rate-Limit-Reset", "X-Rate-Limit-Remaining", "Content-Encoding"),
            ]
        ),
        TEXTS | st.sampled_from(["chunked", "gzip", "-1", "+5", "0x5", "5, 5", "5, 6", "http://["]),
    ),
    max_size=3,
)


@given(HEADERS, st.sampled_from([200, 204, 302, 401, 429, 503, 999]), st.binary(max_size=20))
def test_whatever_the_headers_an_answer_is_read_or_refused(
    headers: list[tuple[str, str]], status: int, body: bytes
) -> None:
    lines = [f"HTTP/1.1 {status} x", *(f"{name}: {text}" for name, text in headers), "", ""]
    written = "\r\n".join(lines).encode("utf-8", "replace") + body

    def answer(handler: Any) -> None:
        handler.wfile.write(written)
        handler.close_connection = True

    bounds = Bounds(allowed_networks=("127.0.0.0/8",), tries=2, request_seconds=2)
    with (
        Loopback(lambda _asked: answer) as server,
        Http(bounds, "PowerSchool", lambda _s: None) as http,
    ):
        try:
            assert isinstance(http.request("GET", server.url, headers={}), Response)
        except SourceError as refused:
            assert str(refused)


@pytest.mark.parametrize("asked", ["0", "Sun, 06 Nov 1994 08:48:37 GMT", "1"])
def test_a_short_wait_that_the_sis_asks_for_still_grows(asked: str) -> None:
    waits: list[float] = []
    with (
        Loopback(lambda _asked: Reply(503, headers={"Retry-After": asked})) as server,
        Http(QUICK, "PowerSchool", waits.append) as http,
        pytest.raises(TryLater),
    ):
        http.request("GET", server.url, headers={})
    assert len(waits) == QUICK.tries - 1
    assert sum(waits) >= 11, waits  # 1, 2, 4 and 8 seconds, give or take a quarter


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("0", "1 second"),
        ("301", "5 minutes"),
        ("18000", "5 hours"),
        ("259200", "3 days"),
        (DIGITS, "more than a year"),
        ("Sun, 06 Nov 9999 23:59:59 -2359", "more than a year"),
    ],
)
def test_a_wait_is_said_in_words(asked: str, words: str) -> None:
    if asked == "0":
        assert str(duration(1)) == words
        return
    with (
        Loopback(lambda _asked: Reply(503, headers={"Retry-After": asked})) as server,
        Http(QUICK, "PowerSchool", lambda _s: None) as http,
        pytest.raises(TryLater, match=f"asks us to wait {words}, longer than"),
    ):
        http.request("GET", server.url, headers={})


@pytest.mark.parametrize("stated", [DIGITS, f"-{DIGITS}", "1e400", "true", "[]", '"soon"'])
def test_a_token_is_taken_whatever_its_lifetime(stated: str) -> None:
    token = granted(b'{"access_token":"abc","expires_in":%b}' % stated.encode(), NOW)
    assert token is not None and token.value == "abc"


def test_a_number_in_a_header_is_written_in_digits_alone() -> None:
    read = [header_number(each) for each in ("5", " 5 ", DIGITS, "5.0", "1e3", "-5", "٣", "")]
    assert read == [5, 5, MOST, None, None, None, None, None]


def test_a_workbook_may_number_its_rows_as_it_likes() -> None:
    part = f'<row r="{DIGITS}" hidden="1"/><row hidden="1"/><row r="٣"/><row r="-5" hidden="1"/>'
    assert _hidden_in_xlsx(part) == {MOST, MOST + 1, MOST + 3}
    table = f'<table:table table:name="S"><table:table-row table:number-rows-repeated="{DIGITS}"/>'
    hidden = '<table:table-row table:visibility="collapse"/></table:table>'
    assert _hidden_in_ods(table + hidden, "S") == {2_000_001}
