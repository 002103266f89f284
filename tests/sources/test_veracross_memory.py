"""No single hostile answer of a Veracross takes much memory, wherever in it the mass is."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from rollbook.sources.base import Connection, Token
from rollbook.sources.errors import SourceError
from rollbook.sources.http import Http
from rollbook.sources.veracross_api import DataApi, LegacyApi
from tests.sources.loopback import QUICK, Tokens
from tests.sources.test_powerschool_memory import peak

FIELDS = frozenset({"person_pk", "email_1", "first_name", "gender"})
ITEMS = [
    b"{}",
    b'{"id":1}',
    b'{"id":1,"grade_level":1}',
    b'{"fields":["a"],"items":[{}]}',
    b'"ab"',
    b"[]",
    b'{"id":"LONG"}',
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "frame",
    [
        b"[%b]",
        b'{"data":[%b]}',
        b'{"data":[],"value_lists":[%b]}',
        b'{"data":[],"value_lists":[{"fields":[%b]}]}',
        b'{"data":[],"value_lists":[{"fields":["role"],"items":[%b]}]}',
    ],
    ids=["v2", "data", "lists", "fields", "items"],
)
@pytest.mark.parametrize(
    "item", ITEMS, ids=["empty", "id", "code", "list", "text", "array", "long"]
)
def test_a_hostile_page_of_20_megabytes_takes_less_than_150(frame: bytes, item: bytes) -> None:
    item = item.replace(b"LONG", b"x" * 19_999_000)
    body = frame % b",".join([item] * (19_999_900 // (len(item) + 1)))
    tokens = Tokens(Token("t", datetime.now(UTC) + timedelta(hours=1)))
    connection = Connection(
        {"user_name": "u", "password": "p", "client": "acs"}, {}, "v3", tokens, QUICK
    )
    with Http(QUICK, "Veracross") as http, ThreadPoolExecutor(1) as threads:
        read = (
            LegacyApi(connection, FIELDS, http, threads)._records
            if frame[:1] == b"["
            else DataApi(connection, FIELDS, http)._records
        )

        def records() -> None:
            with suppress(SourceError):
                read(body)

        assert peak(records) < 130  # and the body itself
