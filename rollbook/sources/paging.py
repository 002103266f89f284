"""Reads numbered pages and proves that no student is missing.

`read_with_total` is for a SIS that states a total, `read_without_total` for one that doesn't.

Two things can go wrong without a sign. A page that repeats hides a student who was never given. A
student who leaves while we read moves all later students up, so that one slips between two pages.
So ids are counted, not records, and everything is read once more: with a total, when it changed
while we read; without one, whenever there is more than one page.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final, Protocol

from rollbook.roster.records import Completeness, Proof
from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import Page, Pages
from rollbook.sources.bounds import Bounds
from rollbook.sources.errors import RosterIncomplete, TokenExpired

Record = dict[str, Any]
READINGS: Final = 3  # at most, of a SIS that states no total
READ_AT_NIGHT: Final = _("Run it again when nobody is enrolling students, for instance at night.")
RAISE_THE_BOUND: Final = _(
    "If the school really is so large, ask the operator of this installation to raise the limit."
)


class SisWithTotal(Protocol):
    """A SIS that states a total.

    `submit` asks for a page in another thread; the rest is called in the reader's own thread.
    `id_field` is the key of a record's id. `page_size` is what we ask for; a SIS may give less.
    """

    name: str
    id_field: str
    page_size: int

    def count(self) -> int: ...
    def submit(self, number: int) -> "Future[list[Record]]": ...
    def renew(self, expired: TokenExpired) -> None: ...


class SisWithoutTotal(Protocol):
    """A SIS that states no total. `page` asks for one page, with a new token if needed."""

    name: str
    id_field: str
    page_size: int

    def page(self, number: int) -> list[Record]: ...


@dataclass(slots=True)
class _Tally:
    """Counts what one reading gave.

    That is: different ids, records without an id (each counts as one student), records and pages.
    """

    id_field: str
    ids: set[int | str] = field(default_factory=set)
    without_id: int = 0
    records: int = 0
    pages: int = 0

    def add(self, records: list[Record]) -> int:
        """Count a page. Return how many of its students had not come before."""
        before = self.students
        for record in records:
            key = _key(record, self.id_field)
            if key is None:
                self.without_id += 1
            else:
                self.ids.add(key)
        self.records += len(records)
        self.pages += bool(records)
        return self.students - before

    @property
    def students(self) -> int:
        return len(self.ids) + self.without_id

    def proof(self, completeness: Completeness, stated: int | None, readings: int) -> Proof:
        repeats = self.records - self.students
        return Proof(completeness, stated, self.students, self.pages, repeats, readings)


def _key(record: Record, id_field: str) -> int | str | None:
    """Return the id that tells students apart; 156 and "156" are the same id.

    A number where it is one, because that takes half the memory of its text.
    """
    value = record.get(id_field)
    if type(value) is int:
        return value
    if value is None or value == "":
        return None
    text = str(value)
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    has_leading_zero = text[0] == "0" and text != "0"
    return int(text) if is_number and not has_leading_zero else text


class _NewStudents:
    """Picks the students that no earlier reading has passed on."""

    def __init__(self, id_field: str) -> None:
        self._id_field = id_field
        self._passed_on: set[int | str | None] = {None}

    def of(self, page: Page) -> Page | None:
        """Return the page with its new students only; None if it has none."""
        records = []
        for record in page.records:
            if _key(record, self._id_field) not in self._passed_on:
                records.append(record)
        return page._replace(records=records) if records else None

    def end_reading(self, tally: _Tally) -> None:
        self._passed_on |= tally.ids


def read_with_total(sis: SisWithTotal, bounds: Bounds) -> Pages:
    """Yield every page, then return the proof that they are complete.

    Raises RosterIncomplete if fewer students came than the SIS stated, or if the total changed in
    both readings.
    """
    stated = sis.count()
    if stated > bounds.records:
        raise _states_too_many(sis.name, bounds, stated)
    new_students = _NewStudents(sis.id_field)
    for reading in (1, 2):
        tally = _Tally(sis.id_field)
        for page in _Reading(sis, bounds, stated, tally).pages():
            if reading == 1:
                yield page
            elif late := new_students.of(page):
                yield late
        new_students.end_reading(tally)
        before, stated = stated, sis.count()
        if stated == before:
            break
    else:
        what = _("The number of students in {name} changed twice while it was read.")
        proof = tally.proof(Completeness.SHORT, stated, reading)
        raise RosterIncomplete(Phrase(what, name=sis.name), READ_AT_NIGHT, proof)
    if tally.students < stated:
        raise _too_few(sis.name, stated, tally, reading)
    return tally.proof(Completeness.COMPLETE, stated, reading)


class _Reading:
    """One reading of a SIS that states a total. Several pages are asked for side by side."""

    def __init__(self, sis: SisWithTotal, bounds: Bounds, stated: int, tally: _Tally) -> None:
        self._sis, self._bounds, self._stated, self._tally = sis, bounds, stated, tally
        self._waiting: deque[tuple[int, Future[list[Record]]]] = deque()
        self._next = 1  # the next page to ask for
        self._last = 1  # the last page, as far as is known
        self._expected = 1  # how many pages the total needs

    def pages(self) -> Iterator[Page]:
        """Yield the pages in order.

        Past the pages that the total needs, it goes on while students are missing or the last page
        is full.
        """
        pages_without_new = 0
        while True:
            number, records = self._next_page()
            pages_without_new = 0 if self._tally.add(records) else pages_without_new + 1
            if self._tally.records > self._bounds.records:
                raise _gave_too_many(self._sis.name, self._bounds)
            if number == 1 and records:
                # From what a page really holds: a SIS may give less than was asked for.
                self._expected = max(1, ceil(self._stated / len(records)))
                self._last = min(self._expected, self._bounds.pages)
            if number == self._last and records and self._may_have_more(records):
                self._last += 1
            if records or number == 1:
                yield Page(records, number, self._expected, self._stated)
            if number == self._last or not records or pages_without_new == 2:
                self._cancel()
                return
            if number == self._bounds.pages:
                raise _gave_too_many(self._sis.name, self._bounds)

    def _next_page(self) -> tuple[int, list[Record]]:
        while True:
            self._ask_ahead()
            number, future = self._waiting.popleft()
            try:
                return number, future.result()
            except TokenExpired as expired:
                self._sis.renew(expired)
                self._waiting.appendleft((number, self._sis.submit(number)))

    def _ask_ahead(self) -> None:
        """Ask for the next pages, but not for all: that bounds the memory they take."""
        while self._next <= self._last and len(self._waiting) < 2 * self._bounds.parallel:
            self._waiting.append((self._next, self._sis.submit(self._next)))
            self._next += 1

    def _may_have_more(self, records: list[Record]) -> bool:
        return len(records) >= self._sis.page_size or self._tally.students < self._stated

    def _cancel(self) -> None:
        for _number, future in self._waiting:
            future.cancel()
        self._waiting.clear()


def read_without_total(sis: SisWithoutTotal, bounds: Bounds) -> Pages:
    """Yield every page; read again until a reading brings nobody new.

    Raises RosterIncomplete if even the third reading brings somebody new. Further readings yield
    only the students who had slipped through before. A single page needs no second reading: nobody
    slips through inside a page.
    """
    new_students = _NewStudents(sis.id_field)
    for reading in range(1, READINGS + 1):
        tally, late_students = _Tally(sis.id_field), 0
        for page in _pages_without_total(sis, bounds, tally, reading):
            if reading == 1:
                yield page
            elif late := new_students.of(page):
                late_students += len(late.records)
                yield late
        new_students.end_reading(tally)
        if tally.pages < 2 or (reading > 1 and not late_students):
            return tally.proof(Completeness.COMPLETE, None, reading)
    what = _("The students in {name} changed again and again while they were read.")
    proof = tally.proof(Completeness.SHORT, None, READINGS)
    raise RosterIncomplete(Phrase(what, name=sis.name), READ_AT_NIGHT, proof)


def _pages_without_total(
    sis: SisWithoutTotal, bounds: Bounds, tally: _Tally, reading: int
) -> Iterator[Page]:
    """Yield pages up to an empty one, or to a short one where the first page was full.

    A full first page shows that the SIS gives pages of the size that we ask for.
    """
    number, pages_without_new, first_was_full = 1, 0, False
    while True:
        records = sis.page(number)
        has_new = tally.add(records) or not records
        pages_without_new = 0 if has_new else pages_without_new + 1
        if tally.records > bounds.records:
            raise _gave_too_many(sis.name, bounds)
        if pages_without_new == 2:
            raise RosterIncomplete(
                Phrase(_("{name} gives the same students on page after page."), name=sis.name),
                Phrase(
                    _("Run it again. If it stays so, ask whoever looks after {name}."),
                    name=sis.name,
                ),
                tally.proof(Completeness.SHORT, None, reading),
            )
        if records or number == 1:
            yield Page(records, number, None, None)
        if number == 1:
            first_was_full = len(records) == sis.page_size
        if not records or (first_was_full and len(records) < sis.page_size):
            return
        if number == bounds.pages:
            raise _gave_too_many(sis.name, bounds)
        number += 1


def _too_few(name: str, stated: int, tally: _Tally, reading: int) -> RosterIncomplete:
    what = _("{name} says that it has {stated} students, but it gave {given}.")
    remedy = _("Run it again. If the numbers still differ, ask whoever looks after {name}.")
    return RosterIncomplete(
        Phrase(what, name=name, stated=f"{stated:,}", given=f"{tally.students:,}"),
        Phrase(remedy, name=name),
        tally.proof(Completeness.SHORT, stated, reading),
    )


def _states_too_many(name: str, bounds: Bounds, stated: int) -> RosterIncomplete:
    what = _(
        "{name} says that it has {stated} students: one run reads at most {students} students "
        "on {pages} pages."
    )
    students, pages = f"{bounds.records:,}", f"{bounds.pages:,}"
    phrase = Phrase(what, name=name, stated=f"{stated:,}", students=students, pages=pages)
    return RosterIncomplete(phrase, RAISE_THE_BOUND)


def _gave_too_many(name: str, bounds: Bounds) -> RosterIncomplete:
    what = _("{name} gave more: one run reads at most {students} students on {pages} pages.")
    students, pages = f"{bounds.records:,}", f"{bounds.pages:,}"
    return RosterIncomplete(
        Phrase(what, name=name, students=students, pages=pages), RAISE_THE_BOUND
    )
