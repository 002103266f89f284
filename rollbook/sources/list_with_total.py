"""Reads a list of a SIS that states how many students it has."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from math import ceil
from typing import Protocol

from rollbook.roster.records import Completeness, Proof
from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import Page
from rollbook.sources.bounds import Bounds
from rollbook.sources.errors import RosterIncomplete, TokenExpired
from rollbook.sources.paging import (
    RAISE_THE_BOUND,
    READ_AT_NIGHT,
    Readings,
    StudentId,
    Tally,
    gave_too_many,
)
from rollbook.sources.sent_records import Records


class SisWithTotal(Protocol):
    """A SIS that states a total.

    `submit` asks for a page in another thread; the rest is called in the reader's own thread.
    `id_field` is the key of a record's id. `page_size` is what we ask for; a SIS may give less.
    """

    name: str
    id_field: str
    page_size: int

    def count(self) -> int: ...
    def submit(self, number: int) -> "Future[Records]": ...
    def renew(self, expired: TokenExpired) -> None: ...


class ListWithTotal:
    """The list of a SIS that states a total; see `paging.StudentList`.

    The total is asked for before and after each reading. The list is read a second time where the
    total changed meanwhile, or where a student came on two pages: he may have moved from one to the
    other, and somebody else between them.
    """

    def __init__(self, sis: SisWithTotal, bounds: Bounds) -> None:
        self.name = sis.name
        self._sis, self._bounds = sis, bounds
        self._stated = 0
        self._readings = Readings(sis.id_field)

    def read(self) -> Iterator[Page]:
        """Yield every page.

        Raises RosterIncomplete if fewer students came than the SIS stated, or if the total changed
        in both readings.
        """
        self._stated = self._sis.count()
        if self._stated > self._bounds.records:
            raise _states_too_many(self.name, self._bounds, self._stated)
        for reading in (1, 2):
            before = self._stated
            yield from self.read_again()
            if self._stated == before and not (reading == 1 and self._somebody_moved()):
                break
        else:
            what = _("The number of students in {name} changed twice while it was read.")
            proof = self.proof(Completeness.SHORT)
            raise RosterIncomplete(Phrase(what, name=self.name), READ_AT_NIGHT, proof)
        if not self._counts_rows():
            self.require_total()
        if twice := self._readings.listed_twice:
            yield Page([], 0, None, self._stated, listed_twice=twice)

    def read_again(self) -> Iterator[Page]:
        """Yield the pages with the students who had not come before, and take the total again."""
        tally = self._readings.new_tally()
        reading = _Reading(self._sis, self._bounds, self._stated, tally)
        yield from self._readings.pass_on(reading.pages(), tally)
        self._stated = self._sis.count()

    @property
    def readings(self) -> int:
        return self._readings.number

    @property
    def _tally(self) -> Tally:
        return self._readings.last

    @property
    def ids(self) -> set[StudentId]:
        return self._tally.ids

    @property
    def without_id(self) -> int:
        return self._tally.without_id

    @property
    def agrees(self) -> bool:
        return self._readings.agree and self._tally.records >= self._stated

    def proof(self, completeness: Completeness) -> Proof:
        return self._readings.proof(completeness, self._stated)

    def _somebody_moved(self) -> bool:
        """Return whether a student came on two pages, in place of another one perhaps."""
        tally = self._tally
        is_whole = tally.is_steady and tally.has_end
        return is_whole and bool(tally.across) and tally.students < self._stated

    def _counts_rows(self) -> bool:
        """Return whether the total counts a student twice whom the list has twice."""
        tally = self._tally
        if not (tally.is_steady and tally.has_end and tally.records >= self._stated):
            return False
        repeated = {str(each) for each in tally.across | tally.twice}
        return repeated <= {*self._readings.listed_twice}

    def require_total(self) -> None:
        if self._tally.students >= self._stated:
            return
        what = _("{name} says that it has {stated} students, but it gave {given}.")
        remedy = _("Run it again. If the numbers still differ, ask whoever looks after {name}.")
        given = f"{self._tally.students:,}"
        raise RosterIncomplete(
            Phrase(what, name=self.name, stated=f"{self._stated:,}", given=given),
            Phrase(remedy, name=self.name),
            self.proof(Completeness.SHORT),
        )


class _Reading:
    """One reading of a list with a total. Several pages are asked for side by side."""

    def __init__(self, sis: SisWithTotal, bounds: Bounds, stated: int, tally: Tally) -> None:
        self._sis, self._bounds, self._stated, self._tally = sis, bounds, stated, tally
        self._waiting: deque[tuple[int, Future[Records]]] = deque()
        self._next = 1  # the next page to ask for
        self._last = 1  # the last page, as far as is known
        self._expected = 1  # how many pages the total needs

    def pages(self) -> Iterator[Page]:
        """Yield the pages in order.

        Past the pages that the total needs, it goes on while students are missing or the last page
        is as long as the first: the total may be too low.
        """
        pages_without_new = 0
        while True:
            number, records = self._next_page()
            pages_without_new = 0 if self._tally.add(records) else pages_without_new + 1
            if self._tally.records > self._bounds.records:
                raise gave_too_many(self._sis.name, self._bounds)
            if number == 1 and records:
                # From what a page really holds: a SIS may give less than was asked for.
                self._expected = max(1, ceil(self._stated / len(records)))
                self._last = min(self._expected, self._bounds.pages)
            if number == self._last and records and self._may_have_more(records):
                self._last += 1
            if records or number == 1:
                yield Page(records, number, self._expected, self._stated)
            if pages_without_new == 2:
                self._tally.has_end = False
            if number == self._last or not records or pages_without_new == 2:
                self._cancel()
                return
            if number == self._bounds.pages:
                raise gave_too_many(self._sis.name, self._bounds)

    def _next_page(self) -> tuple[int, Records]:
        """Return the next page; of one that seems too short, the longer of two answers."""
        self._ask_ahead()
        number, future = self._waiting.popleft()
        records = self._result(number, future)
        if self._seems_short(number, len(records)):
            again = self._result(number, self._sis.submit(number))
            records = max(records, again, key=len)
        return number, records

    def _result(self, number: int, future: "Future[Records]") -> Records:
        while True:
            try:
                return future.result()
            except TokenExpired as expired:
                self._sis.renew(expired)
                future = self._sis.submit(number)

    def _seems_short(self, number: int, length: int) -> bool:
        """Return whether a page is shorter than the total and the first page let us expect."""
        if number == 1:
            return length < min(self._sis.page_size, self._stated)
        if number < self._expected:
            return length < self._tally.first_length
        return self._tally.records + length < self._stated

    def _ask_ahead(self) -> None:
        """Ask for the next pages, but not for all: that bounds the memory they take."""
        while self._next <= self._last and len(self._waiting) < 2 * self._bounds.parallel:
            self._waiting.append((self._next, self._sis.submit(self._next)))
            self._next += 1

    def _may_have_more(self, records: Records) -> bool:
        is_full = len(records) >= self._tally.first_length
        return is_full or self._tally.students < self._stated

    def _cancel(self) -> None:
        for _number, future in self._waiting:
            future.cancel()
        self._waiting.clear()


def _states_too_many(name: str, bounds: Bounds, stated: int) -> RosterIncomplete:
    what = _(
        "{name} says that it has {stated} students: one run reads at most {students} students "
        "on {pages} pages."
    )
    students, pages = f"{bounds.records:,}", f"{bounds.pages:,}"
    phrase = Phrase(what, name=name, stated=f"{stated:,}", students=students, pages=pages)
    return RosterIncomplete(phrase, RAISE_THE_BOUND)
