"""Signing in to PowerSchool: tokens, how long they last, and refusals."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from rollbook.sources.base import Token
from rollbook.sources.errors import (
    AuthRejected,
    UnexpectedShape,
)
from rollbook.sources.powerschool import pages
from tests.processes import LAST_BOUND
from tests.sources.loopback import (
    FIELDS,
    HTML,
    TOKEN_EXPIRED,
    Reply,
    SmallSchool,
    Tokens,
    as_json,
)

IN_AN_HOUR = datetime.now(UTC) + timedelta(hours=1)


def test_a_kept_token_is_used_without_signing_in() -> None:
    with SmallSchool(students=3) as school:
        school.sign_ins = 7
        assert len(school.records(tokens=Tokens(Token("token-7", IN_AN_HOUR)))) == 3
    assert school.sign_ins == 7


def test_a_token_in_its_last_minute_is_replaced_before_it_is_used() -> None:
    tokens = Tokens(Token("token-0", datetime.now(UTC) + timedelta(seconds=59)))
    with SmallSchool(students=3) as school:
        school.read(tokens=tokens)
    assert (school.sign_ins, tokens.token and tokens.token.value) == (1, "token-1")


@pytest.mark.parametrize("expires_in", ["2504956", 2504956, 2504956.0])
def test_the_lifetime_of_a_token_may_be_text_or_number(expires_in: object) -> None:
    tokens = Tokens()
    with SmallSchool(students=3) as school:
        school.next_replies["access_token"] += [
            as_json({"access_token": "token-0", "expires_in": expires_in})
        ]
        school.read(tokens=tokens)
    assert tokens.token is not None
    assert abs(
        tokens.token.expires_at - datetime.now(UTC) - timedelta(seconds=2_504_956)
    ) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [("soon", 3600), (None, 3600), ("1e400", 3600), (-5, 0), (10**12, 90 * 86_400)],
)
def test_an_odd_lifetime_is_kept_within_reason(expires_in: object, seconds: int) -> None:
    tokens = Tokens()
    with SmallSchool(students=3) as school:
        school.next_replies["access_token"] += [
            as_json({"access_token": "token-0", "expires_in": expires_in})
        ]
        school.read(tokens=tokens)
    assert tokens.token is not None
    assert abs(
        tokens.token.expires_at - datetime.now(UTC) - timedelta(seconds=seconds)
    ) < timedelta(minutes=1)


def test_parallel_pages_that_meet_the_end_of_a_token_get_one_new_one_and_are_asked_again() -> None:
    meeting = threading.Barrier(4, timeout=LAST_BOUND)

    def expire_together(handler: BaseHTTPRequestHandler) -> None:
        meeting.wait()
        handler.wfile.write(
            b"HTTP/1.1 401 \r\nContent-Length: 0\r\n"
            b'WWW-Authenticate: Bearer error="invalid_token"\r\n\r\n'
        )

    with SmallSchool(students=950) as school:
        for number in (2, 3, 4, 5):
            school.next_replies[f"page {number}"] += [expire_together]
        school.next_replies["page 9"] += [TOKEN_EXPIRED]
        records = school.records()
    assert [record["id"] for record in records] == list(range(1, 951))
    assert school.sign_ins in {
        2,
        3,
    }  # page 9 may have been asked with the first token or with the second


def test_a_revoked_token_is_dropped_and_replaced() -> None:
    tokens = Tokens(Token("revoked", IN_AN_HOUR))
    with SmallSchool(students=3) as school:
        assert len(school.records(tokens=tokens)) == 3
    assert tokens.token is not None
    assert tokens.token.value == "token-1"


def test_signing_in_stops_after_three_times() -> None:
    with SmallSchool(students=3) as school:
        school.always["count"] = TOKEN_EXPIRED
        with pytest.raises(AuthRejected, match="keeps refusing the token that it gives us"):
            school.read()
    assert school.sign_ins == 3


def test_wrong_credentials_are_reported_and_not_tried_again() -> None:
    with SmallSchool() as school:
        school.always["access_token"] = as_json({"error": "invalid_client"}, 401)
        with pytest.raises(
            AuthRejected, match="does not accept the Client ID and Client Secret"
        ) as refused:
            school.read()
    assert len(school.server.asked) == 1
    assert "plugin is enabled" in refused.value.remedy


def test_credentials_are_sent_as_pasted_but_without_blanks_around_them() -> None:
    with SmallSchool(students=3) as school:
        connection = school.connection()
        credentials = {
            **connection.credentials,
            "client_id": " an-id\n",
            "client_secret": "very-secret-words ",
        }
        list(pages(replace(connection, credentials=credentials), FIELDS))
    asked = school.server.asked[0]
    assert (asked.method, asked.path, asked.body) == (
        "POST",
        "/oauth/access_token",
        b"grant_type=client_credentials",
    )
    assert asked.headers["authorization"] == "Basic YW4taWQ6dmVyeS1zZWNyZXQtd29yZHM="


def test_too_many_sign_ins_are_waited_out() -> None:
    with SmallSchool(students=3) as school:
        school.next_replies["access_token"] += [Reply(429)]
        assert len(school.records()) == 3


@pytest.mark.parametrize(
    "answer",
    [
        HTML,
        as_json({}),
        as_json([]),
        as_json({"access_token": "two\nlines"}),
        as_json({"access_token": 7}),
    ],
)
def test_an_answer_to_the_sign_in_that_is_no_token_is_refused(answer: Reply) -> None:
    with SmallSchool() as school:
        school.always["access_token"] = answer
        with pytest.raises(
            UnexpectedShape, match="answer to our sign-in is not what PowerSchool answers"
        ):
            school.read()
