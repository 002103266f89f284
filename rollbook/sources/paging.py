"""Numbered pages, and the proof that no student is missing: `read_roster` for a SIS that states a total, else `read_untold`.

Two things can go wrong unseen: a page that repeats hides a student who wasn't given, and a student who leaves while we read
moves all later ones up, so that one slips between two pages. So ids are counted, not records, and everything is read once more:
where there is a total, when it changed while we read; where there is none, whenever there is more than one page.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final, Protocol

from rollbook.roster.records import Completeness, Proof
from rollbook.sources.base import Page, Pages
from rollbook.sources.errors import RosterIncomplete, TokenExpired
from rollbook.sources.http import Bounds

Record = dict[str, Any]
READINGS: Final = 3  # at most, of a SIS that states no total


class Numbered(Protocol):
    """A SIS that states a total. `submit` asks for a page in another thread; the rest is called in the reader's own.

    `id_field` is the key of a record's id.
    """

    name: str
    id_field: str
    page_size: int  # what is asked for; a SIS may give less

    def count(self) -> int: ...
    def submit(self, number: int) -> "Future[list[Record]]": ...
    def renew(self, expired: TokenExpired) -> None: ...


class Untold(Protocol):
    """A SIS that states no total. `page` asks for one page, with another token if it has to."""

    name: str
    id_field: str
    page_size: int

    def page(self, number: int) -> list[Record]: ...


@dataclass(slots=True)
class _Tally:
    """What one reading has given: different ids, records without an id (each a student of its own), records in all, and pages."""

    id_field: str
    ids: set[int | str] = field(default_factory=set)
    nameless: int = 0
    records: int = 0
    pages: int = 0

    def add(self, records: list[Record]) -> int:
        """How many students of this page had not come before."""
        before = self.students
        keys = [key for record in records if (key := _key(record, self.id_field)) is not None]
        self.ids.update(keys)
        self.nameless += len(records) - len(keys)
        self.records += len(records)
        self.pages += bool(records)
        return self.students - before

    @property
    def students(self) -> int:
        return len(self.ids) + self.nameless

    def proof(self, completeness: Completeness, stated: int | None, readings: int) -> Proof:
        return Proof(
            completeness, stated, self.students, self.pages, self.records - self.students, readings
        )


def _key(record: Record, id_field: str) -> int | str | None:
    """The id that tells students apart; 156 and "156" are one. A number where it is one, which takes half the memory of its text."""
    value = record.get(id_field)
    if type(value) is int:
        return value
    if value is None or value == "":
        return None
    written = str(value)
    is_number = (
        written.isascii()
        and written.isdigit()
        and len(written) < 19
        and (written[0] != "0" or written == "0")
    )
    return int(written) if is_number else written


def read_roster(sis: Numbered, bounds: Bounds) -> Pages:
    """Every page, then RosterIncomplete if fewer students came than the SIS stated, or the total changed in both readings."""
    stated = sis.count()
    if stated > bounds.records:
        raise _over(sis.name, bounds, f"says that it has {stated:,} students")
    passed_on: set[int | str | None] = {None}
    for reading in (1, 2):
        tally = _Tally(sis.id_field)
        for page in _one_reading(sis, bounds, stated, tally):
            if reading == 1:
                yield page
            elif late := [
                record for record in page.records if _key(record, sis.id_field) not in passed_on
            ]:
                yield page._replace(records=late)
        passed_on |= tally.ids
        before, stated = stated, sis.count()
        if stated == before:
            break
    else:
        raise RosterIncomplete(
            f"The number of students in {sis.name} changed twice while it was read.",
            "Run it again when nobody is enrolling students, for instance at night.",
            tally.proof(Completeness.SHORT, stated, reading),
        )
    if tally.students < stated:
        raise RosterIncomplete(
            f"{sis.name} says that it has {stated:,} students, but it gave {tally.students:,}.",
            f"Run it again. If the numbers still differ, ask whoever looks after {sis.name}.",
            tally.proof(Completeness.SHORT, stated, reading),
        )
    return tally.proof(Completeness.COMPLETE, stated, reading)


def _one_reading(sis: Numbered, bounds: Bounds, stated: int, tally: _Tally) -> Iterator[Page]:
    """Pages in order. Past the pages that the total asks for, it goes on while students are missing or the last page is full."""
    waiting: deque[tuple[int, Future[list[Record]]]] = deque()
    following, last, idle, expected = 1, 1, 0, 1
    while True:
        while (
            following <= last and len(waiting) < 2 * bounds.parallel
        ):  # a bound on memory: the rest isn't asked for yet
            waiting.append((following, sis.submit(following)))
            following += 1
        number, asked = waiting.popleft()
        try:
            records = asked.result()
        except TokenExpired as expired:
            sis.renew(expired)
            waiting.appendleft((number, sis.submit(number)))
            continue
        idle = 0 if tally.add(records) else idle + 1
        if tally.records > bounds.records:
            raise _over(sis.name, bounds, "gave more")
        if number == 1 and records:
            expected = max(1, ceil(stated / len(records)))  # from what a page really holds
            last = min(expected, bounds.pages)
        if (
            number == last
            and records
            and (len(records) >= sis.page_size or tally.students < stated)
        ):
            last += 1
        if records or number == 1:
            yield Page(records, number, expected, stated)
        if number == last or not records or idle == 2:
            _drop(waiting)
            return
        if number == bounds.pages:
            raise _over(sis.name, bounds, "gave more")


def read_untold(sis: Untold, bounds: Bounds) -> Pages:
    """Every page, read again until a reading brings nobody new; RosterIncomplete if even the third one does.

    Further readings pass on only those who had slipped through before. One page alone needs no second reading: nobody slips
    through inside of it.
    """
    passed_on: set[int | str | None] = {None}
    for reading in range(1, READINGS + 1):
        tally, late = _Tally(sis.id_field), 0
        for page in _one_untold_reading(sis, bounds, tally, reading):
            if reading == 1:
                yield page
            elif missed := [
                record for record in page.records if _key(record, sis.id_field) not in passed_on
            ]:
                late += len(missed)
                yield page._replace(records=missed)
        passed_on |= tally.ids
        if tally.pages < 2 or (reading > 1 and not late):
            return tally.proof(Completeness.COMPLETE, None, reading)
    raise RosterIncomplete(
        f"The students in {sis.name} changed again and again while they were read.",
        "Run it again when nobody is enrolling students, for instance at night.",
        tally.proof(Completeness.SHORT, None, READINGS),
    )


def _one_untold_reading(sis: Untold, bounds: Bounds, tally: _Tally, reading: int) -> Iterator[Page]:
    """Pages until an empty one, or until a short one where the first was full: then the SIS keeps to the size we ask for."""
    number, idle, full = 1, 0, False
    while True:
        records = sis.page(number)
        idle = 0 if tally.add(records) or not records else idle + 1
        if tally.records > bounds.records:
            raise _over(sis.name, bounds, "gave more")
        if idle == 2:
            raise RosterIncomplete(
                f"{sis.name} gives the same students on page after page.",
                f"Run it again. If it stays so, ask whoever looks after {sis.name}.",
                tally.proof(Completeness.SHORT, None, reading),
            )
        if records or number == 1:
            yield Page(records, number, None, None)
        full = full or (number == 1 and len(records) == sis.page_size)
        if not records or (full and len(records) < sis.page_size):
            return
        if number == bounds.pages:
            raise _over(sis.name, bounds, "gave more")
        number += 1


def _drop(waiting: "deque[tuple[int, Future[list[Record]]]]") -> None:
    for _, asked in waiting:
        asked.cancel()
    waiting.clear()


def _over(name: str, bounds: Bounds, what: str) -> RosterIncomplete:
    return RosterIncomplete(
        f"{name} {what}: one run reads at most {bounds.records:,} students on {bounds.pages:,} pages.",
        "If the school really is so large, ask the operator of this installation to raise the bound.",
    )
