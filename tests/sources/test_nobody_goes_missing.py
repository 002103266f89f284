"""Nobody who was in the SIS throughout is ever taken to be missing, whatever its list does.

A SIS whose students join, leave, come back and change places between any two requests, whose pages
are empty, short or of another size, whose totals are wrong and whose rows come twice.
"""

import random
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.roster.records import Completeness, Proof, SisAnswer
from rollbook.sources import powerschool, veracross
from rollbook.sources.base import Connection, Pages
from rollbook.sources.errors import RosterIncomplete
from rollbook.sources.veracross_api import DataApi, LegacyApi
from tests.sources.loopback import QUICK, Asked, Loopback, Reply, Tokens
from tests.sources.paged_sis import InProcess, Move, PagedSis

PLAYS = settings(max_examples=200, deadline=None, derandomize=True, database=None)
MANY_PLAYS = settings(max_examples=10_000, deadline=None, database=None)
FIELDS = frozenset({"first_name"})
KINDS = ["leave", "join", "sort", "double", "page_size", "wrong_total", "short_page", "nothing"]


@dataclass(frozen=True)
class Case:
    """A source and variant. `without_singles` is v3 without the right to read single students."""

    name: str
    variant: str
    read: Callable[..., Pages]
    id_field: str
    without_singles: bool = False

    def __str__(self) -> str:
        return self.name


CASES = [
    Case("powerschool", "", powerschool.pages, "id"),
    Case("veracross-v2", "v2", veracross.pages, "person_pk"),
    Case("veracross-v3", "v3", veracross.pages, "person_pk"),
    Case("veracross-v3-without-singles", "v3", veracross.pages, "person_pk", True),
]
each_case = pytest.mark.parametrize("case", CASES, ids=str)


class Inline:
    """Takes the place of a pool of threads: does at once what it is given."""

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> "Inline":
        return self

    def __exit__(self, *_: object) -> None: ...

    def submit(self, do: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(do(*arguments))
        except Exception as error:  # noqa: BLE001 - as a pool of threads does
            future.set_exception(error)
        return future


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for source in (powerschool, veracross):
        monkeypatch.setattr(source, "Http", InProcess)
        monkeypatch.setattr(source, "ThreadPoolExecutor", Inline)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DataApi, "page_size", 4)
    monkeypatch.setattr(LegacyApi, "page_size", 4)


@dataclass
class Outcome:
    """What a reading ends with: the proof, None where it is short, and who is missing then."""

    proof: Proof | None
    missing: set[int]
    answers: dict[str, SisAnswer]
    listed_twice: list[str]


def read(case: Case, sis: PagedSis, url: str = "https://sis.example", **bounds: Any) -> Outcome:
    """Read a SIS as a run does, which knows who is missing before the source has finished."""
    seen: set[str] = set()

    def missing() -> list[str]:
        return sorted({str(each) for each in sis.known} - seen)

    credentials = {
        "client_id": "i",
        "client_secret": "s",
        "client_url": url,
        "user_name": "u",
        "password": "p",
        "client": f"{url}/acs",
    }
    limits = replace(QUICK, **{"parallel": 1, **bounds})
    connection = Connection(credentials, {}, case.variant, Tokens(), limits, missing=missing)
    pages = case.read(connection, FIELDS | {case.id_field}, pause=lambda seconds: None)
    answers: dict[str, SisAnswer] = {}
    twice: list[str] = []
    try:
        while True:
            page = next(pages)
            seen |= {str(record[case.id_field]) for record in page.records}
            answers |= {answer.sis_id: answer for answer in page.answers}
            twice += page.listed_twice
    except StopIteration as ended:
        proof: Proof = ended.value
    except RosterIncomplete:
        return Outcome(None, set(), answers, twice)
    assert proof.completeness is Completeness.COMPLETE
    return Outcome(proof, {int(each) for each in missing()}, answers, twice)


def moves(can_ask: bool) -> st.SearchStrategy[list[Move]]:
    """Return what may happen before each request.

    Where students can't be asked for one by one, nobody comes back: who leaves, comes back and
    leaves again while we read may hide somebody else from two readings.
    """
    kinds = [*KINDS, *(["rejoin"] if can_ask else [])]
    move = st.builds(Move, st.sampled_from(kinds), st.integers(0, 99))
    return st.lists(move, max_size=30)


def play(case: Case, data: st.DataObject) -> None:
    """Read a SIS that changes while it is read.

    Without single reads a SIS that gives an empty page each time is taken at its word, and pages
    have at least three students: a SIS has no smaller ones.
    """
    single_reads = data.draw(st.sampled_from([0, 2, 200]))
    can_ask = single_reads == 200 and not case.without_singles
    sis = PagedSis(
        data.draw(st.integers(0, 12)),
        data.draw(moves(can_ask)),
        cap=data.draw(st.integers(1 if can_ask else 3, 4)),
        how_gone=data.draw(st.sampled_from(["unknown", "date", "status"])),
        reads_singles=not case.without_singles,
        is_patient=not can_ask,
    )
    InProcess.sis = sis
    outcome = read(case, sis, single_reads=single_reads)
    assert not outcome.missing & sis.throughout


@each_case
@pytest.mark.usefixtures("in_process")
def test_nobody_who_was_there_throughout_is_missing(case: Case) -> None:
    PLAYS(given(st.data())(lambda data: play(case, data)))()


@pytest.mark.crash
@each_case
@pytest.mark.usefixtures("in_process")
def test_nobody_who_was_there_throughout_is_missing_in_10_000_plays(case: Case) -> None:
    MANY_PLAYS(given(st.data())(lambda data: play(case, data)))()


@pytest.mark.parametrize("case", CASES[:3], ids=str)
@pytest.mark.parametrize("seed", range(8))
def test_over_a_real_connection_nobody_goes_missing(case: Case, seed: int) -> None:
    """As the plays in process, with real HTTP and several pages asked for side by side."""
    dice, lock = random.Random(seed), Lock()
    kinds = [*KINDS, "rejoin", *["nothing"] * 12]
    sis = PagedSis(12, [Move(dice.choice(kinds), dice.randrange(99)) for _ in range(40)], cap=4)

    def answer(asked: Asked) -> Reply:
        headers = {key.title(): value for key, value in asked.headers.items()}
        with lock:
            if asked.path.endswith("/oauth/token"):
                response = sis.token(asked.body)
            else:
                response = sis.answer(asked.path, asked.query, headers)
        return Reply(response.status, response.body, dict(response.headers))

    with Loopback(answer) as server:
        outcome = read(case, sis, server.url, parallel=4)
    assert not outcome.missing & sis.throughout
