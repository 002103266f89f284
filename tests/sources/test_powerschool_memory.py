"""Memory: it doesn't grow with the school, and no single hostile answer takes much of it."""

import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import pytest

from rollbook.sources.errors import SourceError
from rollbook.sources.powerschool import pages
from rollbook.sources.powerschool_answers import HOLDERS, StudentReader
from tests.sources.loopback import FIELDS, SmallSchool

MEGABYTE = 1_000_000


def peak(act: Callable[[], object]) -> float:
    """Megabytes held at most while acting."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()


def read(school: SmallSchool) -> int:
    return sum(len(page.records) for page in pages(school.connection(), FIELDS))


@pytest.mark.slow
def test_a_school_five_times_as_large_takes_hardly_more_memory() -> None:
    with SmallSchool(students=1_000) as small, SmallSchool(students=5_000) as large:
        read(small)
        assert (
            peak(lambda: read(large)) - peak(lambda: read(small)) < 2.5
        )  # ids, and what the server notes about requests


@pytest.mark.slow
@pytest.mark.parametrize(
    "student",
    [
        b"{}",
        b'{"id":1}',
        b'{"id":1,"name":{}}',
        b'{"id":"LONG"}',
        b'{"id":"WIDE"}',
        b'"x"',
        b"[]",
    ],
    ids=[
        "empty objects",
        "small objects",
        "nested objects",
        "one long text",
        "one long wide text",
        "texts",
        "lists",
    ],
)
def test_a_hostile_page_of_20_megabytes_takes_less_than_150(student: bytes) -> None:
    # Made here and not where tests are collected, which all tests would wait for.
    student = student.replace(b"LONG", b"x" * 19_999_000).replace(
        b"WIDE", "🦊".encode() * 4_900_000
    )
    body = (
        b'{"students":{"student":['
        + b",".join([student] * (19_999_900 // (len(student) + 1)))
        + b"]}}"
    )
    reading = StudentReader(frozenset(HOLDERS))

    def records() -> None:
        with suppress(SourceError):
            reading.records(body)

    assert peak(records) < 130  # and the body itself
