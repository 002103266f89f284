"""Proves that the students whom a roster lacks have left.

A student with an account whom no page had may have moved from one page to another while we read. So
the SIS is asked for each of them by himself. Where that can't be done, for want of a right or
because there are too many, two readings in a row must have the same students.
"""

from collections import deque
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain, islice
from typing import Final, NamedTuple, Protocol

from rollbook.roster.records import Completeness, Proof, SisAnswer
from rollbook.sources.base import Connection, Page, Pages
from rollbook.sources.errors import SourceError, TokenExpired, UnexpectedShape
from rollbook.sources.paging import StudentList, odd_ids, unproven
from rollbook.sources.sent_records import Records

KNOWN_STUDENTS: Final = 3  # are asked for until one is found; some may have left since
READINGS: Final = 4  # at most, until two in a row have the same students
CHECKPOINT: Final = Page([], 0, None, None, checkpoint=True)


class Presence(Enum):
    """What the SIS's answer about one student means."""

    HERE = "here"
    GONE = "gone"
    UNCLEAR = "unclear"
    OTHER = "other"  # the record that came isn't the student's, or its ID can't be read


class Single(NamedTuple):
    """The SIS's answer about one student.

    `records` has that of a student who is here, in the form of the records of a page.
    """

    presence: Presence
    answer: SisAnswer
    records: Records = ()


class SingleReads(Protocol):
    """How one student is asked for. `submit_single` may ask in another thread.

    `begin_singles` is called once before; it raises SourceError where nobody can be asked for.
    """

    def begin_singles(self) -> None: ...
    def submit_single(self, sis_id: str) -> "Future[Single]": ...
    def renew(self, expired: TokenExpired) -> None: ...


@dataclass(slots=True)
class _Asked:
    """The answers so far, by SIS ID. `can_ask` is False once single reads have failed."""

    gone: dict[str, SisAnswer] = field(default_factory=dict)
    unclear: dict[str, SisAnswer] = field(default_factory=dict)
    here: set[str] = field(default_factory=set)
    other: set[str] = field(default_factory=set)
    can_ask: bool = True

    def __len__(self) -> int:
        return len(self.gone) + len(self.unclear) + len(self.here) + len(self.other)

    def unsettled(self, missing: Iterable[str]) -> list[str]:
        """Return the missing students about whom nothing is proven yet."""
        return [sis_id for sis_id in missing if sis_id not in self.gone]

    def new(self, missing: Iterable[str]) -> list[str]:
        """Return the missing students who weren't asked for yet."""
        asked = {*self.gone, *self.unclear, *self.here, *self.other}
        return [sis_id for sis_id in missing if sis_id not in asked]


def read_lists(
    to_read: Iterable[StudentList], single_reads: SingleReads, connection: Connection
) -> Pages:
    """Yield the pages of all lists, then prove for each missing student that he has left.

    Returns the proof. Raises RosterIncomplete where there is none. A total that counts a student
    twice, who is twice in the list, is a proof only where the missing are asked for.
    """
    lists: list[StudentList] = []
    for each in to_read:
        yield from each.read()
        lists.append(each)
    if connection.missing is None:
        for each in lists:
            each.require_total()
        return _proof(lists, Completeness.COMPLETE, _Asked(), agreed=False)
    return (yield from _prove_missing(lists, single_reads, connection))


def _prove_missing(
    lists: Sequence[StudentList], single_reads: SingleReads, connection: Connection
) -> Pages:
    assert connection.missing is not None
    asked, bounds = _Asked(), connection.bounds
    while True:
        yield CHECKPOINT
        missing = connection.missing()
        unsettled = asked.unsettled(missing)
        if not unsettled:
            return _proof(lists, Completeness.COMPLETE, asked, agreed=False)
        to_ask = asked.new(unsettled)
        in_bounds = len(asked) + len(to_ask) <= bounds.single_reads
        if to_ask and asked.can_ask and in_bounds:
            yield from _ask_each(to_ask, lists, single_reads, asked, 2 * bounds.parallel)
            continue
        others = [sis_id for sis_id in unsettled if sis_id in asked.other]
        if odd := len(others) + sum(each.without_id for each in lists):
            proof = _proof(lists, Completeness.SHORT, asked, agreed=False)
            raise odd_ids(lists[0].name, len(unsettled), odd, proof)
        differing = [each for each in lists if not each.agrees]
        was_here = any(sis_id in asked.here for sis_id in unsettled)
        if not differing and not was_here:
            answers = [asked.unclear[each] for each in unsettled if each in asked.unclear]
            yield Page([], 0, None, None, answers=tuple(answers))
            return _proof(lists, Completeness.COMPLETE, asked, agreed=True)
        if was_here or any(each.readings >= READINGS for each in differing):
            proof = _proof(lists, Completeness.SHORT, asked, agreed=False)
            raise unproven(lists[0].name, len(unsettled), proof)
        for each in differing:
            yield from each.read_again()


def _ask_each(
    sis_ids: list[str],
    lists: Sequence[StudentList],
    single_reads: SingleReads,
    asked: _Asked,
    ahead: int,
) -> Iterator[Page]:
    """Ask for these students one by one. Yield those who are here, and what is known of the others.

    First it asks for a student who was in the list: only if he is found, "not found" means that
    another one isn't there.
    """
    in_list = chain.from_iterable(each.ids for each in lists)
    known = [str(sis_id) for sis_id in islice(in_list, KNOWN_STUDENTS)]
    if not _finds_any(single_reads, known):
        asked.can_ask = False
        return
    gone: list[SisAnswer] = []
    for single in _singles(single_reads, sis_ids, ahead):
        sis_id = single.answer.sis_id
        if single.presence is Presence.HERE and single.records:
            asked.here.add(sis_id)
            yield Page(single.records, 0, None, None)
        elif single.presence is Presence.GONE:
            asked.gone[sis_id] = single.answer
            gone.append(single.answer)
        elif single.presence is Presence.OTHER:
            asked.other.add(sis_id)
        else:
            asked.unclear[sis_id] = single.answer
    yield Page([], 0, None, None, answers=tuple(gone))


def _finds_any(single_reads: SingleReads, known: list[str]) -> bool:
    """Return whether the SIS finds one of these students, who were in its list a moment ago."""
    if not known:
        return False
    try:
        single_reads.begin_singles()
        return any(_finds(single_reads, sis_id) for sis_id in known)
    except SourceError:
        return False


def _finds(single_reads: SingleReads, sis_id: str) -> bool:
    while True:
        try:
            return single_reads.submit_single(sis_id).result().answer.exists
        except TokenExpired as expired:
            single_reads.renew(expired)


def _singles(
    single_reads: SingleReads, sis_ids: Collection[str], ahead: int
) -> Generator[Single, None, None]:
    """Yield an answer for each student, unclear where the SIS gave none that can be read.

    After an error of another kind it asks no more: the SIS is down, and each try takes long.
    """
    waiting: deque[tuple[str, Future[Single]]] = deque()
    left = deque(sis_ids)
    failed = False
    while left or waiting:
        while left and len(waiting) < ahead and not failed:
            waiting.append((left[0], single_reads.submit_single(left.popleft())))
        if failed and left:
            yield Single(Presence.UNCLEAR, SisAnswer(left.popleft()))
            continue
        sis_id, future = waiting.popleft()
        try:
            yield future.result()
        except TokenExpired as expired:
            single_reads.renew(expired)
            waiting.appendleft((sis_id, single_reads.submit_single(sis_id)))
        except UnexpectedShape:
            yield Single(Presence.UNCLEAR, SisAnswer(sis_id))
        except SourceError:
            failed = True
            yield Single(Presence.UNCLEAR, SisAnswer(sis_id))


def _proof(
    lists: Sequence[StudentList], completeness: Completeness, asked: _Asked, *, agreed: bool
) -> Proof:
    proof = lists[0].proof(completeness)
    for each in lists[1:]:
        proof = proof.plus(each.proof(completeness))
    return proof._replace(
        asked=len(asked),
        left=len(asked.gone),
        there=len(asked.here),
        agreed=agreed and not proof.by_key,
    )
