"""Odd answers of a Veracross: other types and shapes, refusals, rosters that always change."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.sources.base import Connection, Token
from rollbook.sources.errors import RosterIncomplete, SourceError, UnexpectedShape
from rollbook.sources.http import Http
from rollbook.sources.veracross_api import DataApi
from tests.sources.loopback import QUICK, Asked, Loopback, Reply, Tokens, as_json
from tests.sources.test_veracross import V3, read


def odd_v3(document: Any) -> Iterator[Loopback]:
    """A v3 that gives this document for page 1 and an empty page after it."""

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/oauth/token"):
            return as_json({"access_token": "t", "expires_in": 3600})
        return as_json(document if asked.headers["x-page-number"] == "1" else {"data": []})

    with Loopback(answer) as server:
        yield server


def read_odd(document: Any) -> list[dict[str, Any]]:
    for server in odd_v3(document):
        connection = Connection(
            {"user_name": "u", "password": "p", "client": f"{server.url}/acs"},
            {},
            "v3",
            Tokens(),
            QUICK,
        )
        return read(connection)
    raise AssertionError


GRADES = [
    {
        "fields": ["grade_level"],
        "items": [{"id": 9, "description": "Grade 9"}, {"id": "K", "description": "Kindergarten"}],
    }
]


@pytest.mark.parametrize(
    ("code", "label"),
    [
        (9, "Grade 9"),
        ("9", "Grade 9"),
        (9.0, "Grade 9"),
        ("K", "Kindergarten"),
        ("Grade 4", "Grade 4"),
        ("", ""),
        (-1, "code -1, which is not in the list of grades"),
        (10.0, "code 10, which is not in the list of grades"),
        ("11", "code 11, which is not in the list of grades"),
    ],
)
def test_codes_of_any_type_are_looked_up_as_text(code: Any, label: str) -> None:
    assert read_odd({"data": [{"id": 1, "grade_level": code}], "value_lists": GRADES}) == [
        {"person_pk": 1, "current_grade": label}
    ]


def test_campus_house_and_the_rest_may_have_any_shape() -> None:
    odd: dict[str, Any] = {
        "id": 1,
        "grade_level": 9,
        "campus": 3,
        "house": None,
        "advisor": [],
        "roles": None,
    }
    assert read_odd({"data": [odd], "value_lists": GRADES, "meta": {"new": 1}}) == [
        {"person_pk": 1, "current_grade": "Grade 9"}
    ]


def test_keys_that_are_missing_stay_absent() -> None:
    assert read_odd({"data": [{"id": 1}], "value_lists": GRADES}) == [{"person_pk": 1}]
    assert read_odd({"data": [], "value_lists": None}) == []


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"data": None},
        {"data": {}},
        {"data": [1]},
        {"data": [{"id": {}}]},
        {"data": [], "value_lists": 3},
    ],
)
def test_another_shape_is_refused(document: Any) -> None:
    with pytest.raises(UnexpectedShape):
        read_odd(document)


def test_a_role_that_the_school_does_not_have_is_reported() -> None:
    for server in odd_v3({"data": [{"id": 1}], "value_lists": GRADES}):
        connection = Connection(
            {"user_name": "u", "password": "p", "client": f"{server.url}/acs"},
            {"future_students": "yes"},
            "v3",
            Tokens(),
            QUICK,
        )
        with pytest.raises(UnexpectedShape, match="no role for future students"):
            read(connection)


def _same_answer(answer: Reply, _asked: Asked) -> Reply:
    return answer


def test_a_v2_without_its_total_is_refused() -> None:
    answers = [Reply(200, b"[]"), Reply(200, b"[]", {"X-Total-Count": "many"})]
    for answer in answers:
        with Loopback(partial(_same_answer, answer)) as server:
            connection = Connection(
                {"user_name": "u", "password": "p", "client": f"{server.url}/acs"},
                {},
                "v2",
                Tokens(),
                QUICK,
            )
            with pytest.raises(UnexpectedShape):
                read(connection)


def test_a_roster_that_changes_in_every_reading_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(DataApi, "page_size", 2)
    given = iter(range(1, 100))

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/oauth/token"):
            return as_json({"access_token": "t", "expires_in": 3600})
        size = 2 if asked.headers["x-page-number"] == "1" else 1
        return as_json({"data": [{"id": next(given)} for _ in range(size)], "value_lists": GRADES})

    with Loopback(answer) as server:
        connection = Connection(
            {"user_name": "u", "password": "p", "client": f"{server.url}/acs"},
            {},
            "v3",
            Tokens(),
            QUICK,
        )
        with pytest.raises(RosterIncomplete, match="changed again and again"):
            read(connection)
        assert len(server.asked) == 1 + 3 * 3  # each short page at the end is asked for again


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[",
        b'{"error":["Ada Lovelace"]}',
        b'{"error":7}',
        json.dumps({"error": "Ada" * 9}).encode(),
    ],
)
@pytest.mark.parametrize("status", [400, 403, 404, 405, 406, 415])
def test_nothing_of_a_refusal_is_repeated(status: int, body: bytes) -> None:
    with Loopback(lambda asked: Reply(status, body)) as server:
        for version in ("v2", "v3"):
            connection = Connection(
                {"user_name": "u", "password": "p", "client": f"{server.url}/acs"},
                {},
                version,
                Tokens(),
                QUICK,
            )
            with pytest.raises(SourceError) as failed:
                read(connection)
            assert "Ada" not in str(failed.value) and failed.value.remedy


class Reader:
    """The reading part of v3 without a conversation."""

    def __init__(self) -> None:
        tokens = Tokens(Token("t", datetime.now(UTC) + timedelta(hours=1)))
        connection = Connection(
            {"user_name": "u", "password": "p", "client": "acs"}, {}, "v3", tokens, QUICK
        )
        with Http(QUICK, "Veracross") as http:
            self.data = DataApi(connection, V3, http)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["9", "<None>", "May 3 2010"])
)
FIELDS = st.sampled_from(["id", "email_1", "grade_level", "gender", "birthday", "campus", "role"])
ITEMS = st.dictionaries(st.sampled_from(["id", "description", "obsolete", "x"]), SCALARS)
LISTS = st.fixed_dictionaries(
    {}, optional={"fields": st.lists(FIELDS), "items": st.none() | st.lists(ITEMS)}
)


@given(st.lists(st.dictionaries(FIELDS, SCALARS)), st.none() | st.lists(LISTS))
def test_no_answer_breaks_the_reader(data: Any, lists: Any) -> None:
    reader = Reader()
    try:
        records = reader.data._records(json.dumps({"data": data, "value_lists": lists}).encode())
    except UnexpectedShape:
        return
    reader.data._value_lists.future_roles()
    assert len(records) == len(data) and all(record.keys() <= V3 for record in records)
