"""Pages that wait for the reader are bounded in bytes, whatever the SIS sends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from rollbook.sources.errors import PageTooHeavy, SourceError, UnexpectedShape
from rollbook.sources.http import Http
from rollbook.sources.pages_ahead import SHARED_BODY
from rollbook.sources.powerschool import pages
from rollbook.sources.sent_records import SentRecords
from rollbook.standins.hostile_bodies import BODIES
from tests.sources.loopback import FIELDS, QUICK, Asked, Loopback, Reply, SmallSchool, Trick
from tests.sources.test_powerschool_memory import peak


@contextmanager
def school_of(body: bytes, total: int) -> Iterator[SmallSchool]:
    """A school that gives this body for every page."""
    with SmallSchool(page_size=1_000) as school:
        school.counts = [total] * 5
        school.always = {f"page {number}": Reply(200, body) for number in range(1, 60)}
        yield school


def read(school: SmallSchool) -> int:
    """Read as a run does, which gives back what it has stored."""
    number = 0
    with suppress(SourceError):
        for page in pages(school.connection(), FIELDS):
            number += len(page.records)
            if isinstance(page.records, SentRecords):
                page.records.release()
    return number


@pytest.mark.slow
@pytest.mark.parametrize("name", ["199,000 tiny records", "long texts with emojis"])
def test_pages_side_by_side_take_less_than_150_megabytes(name: str) -> None:
    body = BODIES[name](1)
    with school_of(body, total=100_000) as school:
        assert peak(lambda: read(school)) < 140


def test_a_page_that_is_too_large_for_its_share_is_read_alone() -> None:
    large = b'{"students":{"note":"%b","student":[%b]}}'
    with SmallSchool(students=400, page_size=100) as school:
        usual = school.read()
        body = b",".join(b'{"id":%d}' % number for number in range(101, 201))
        school.always["page 2"] = Reply(200, large % (b"x" * SHARED_BODY, body))
        records = [record["id"] for page in school.read() for record in page.records]
        assert sorted(records) == sorted(each["id"] for page in usual for each in page.records)
        assert school.pages_asked.count(2) >= 3  # for `usual`, with others, and alone


def test_a_share_holds_for_one_thread_only() -> None:
    def answer(_asked: Asked) -> Reply | Trick:
        return Reply(200, b"x" * 5_000)

    with Loopback(answer) as server, Http(QUICK, "PowerSchool") as http:
        with http.at_most(4_000):
            with pytest.raises(PageTooHeavy):
                http.request("GET", server.url, headers={})
            lengths: list[int] = []
            other = threading.Thread(
                target=lambda: lengths.append(len(http.request("GET", server.url, headers={}).body))
            )
            other.start()
            other.join()
        assert lengths == [5_000]
        assert len(http.request("GET", server.url, headers={}).body) == 5_000


def test_released_records_keep_their_number() -> None:
    with SmallSchool(students=3) as school:
        [page] = school.read()
    assert isinstance(page.records, SentRecords)
    page.records.release()
    assert page.records == [{}, {}, {}]


def test_a_page_of_emojis_that_takes_too_much_memory_is_refused() -> None:
    body = BODIES["long texts with emojis"](1)
    with school_of(body, total=100) as school, pytest.raises(UnexpectedShape):
        list(pages(school.connection(), FIELDS))
