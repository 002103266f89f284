"""Reads a list of a SIS that doesn't state how many students it has."""

from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from rollbook.roster.records import Completeness, Proof
from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import Page
from rollbook.sources.bounds import Bounds
from rollbook.sources.errors import RosterIncomplete
from rollbook.sources.paging import (
    READ_AT_NIGHT,
    Readings,
    StudentId,
    Tally,
    gave_too_many,
    ids_of,
)
from rollbook.sources.sent_records import Records

READINGS: Final = 3  # at most, until a reading has nobody new


class SisWithoutTotal(Protocol):
    """A SIS that states no total. `page` asks for one page, with a new token if needed."""

    name: str
    id_field: str
    page_size: int

    def page(self, number: int, size: int) -> Records: ...


class ListWithoutTotal:
    """The list of a SIS that states no total; see `paging.StudentList`.

    It is read again until a reading has nobody new. A single page needs no second reading: nobody
    slips through inside a page.
    """

    def __init__(self, sis: SisWithoutTotal, bounds: Bounds) -> None:
        self.name = sis.name
        self._sis, self._bounds = sis, bounds
        self._readings = Readings(sis.id_field)

    def read(self) -> Iterator[Page]:
        """Yield every page.

        Raises RosterIncomplete if even the third reading has somebody new, or ends although more
        students follow.
        """
        while self.readings < READINGS:
            yield from self.read_again()
            if self._tally.has_end and not self._readings.late and self._is_stable():
                break
        else:
            what = _("The students in {name} changed again and again while they were read.")
            if not self._readings.late:
                what = _("{name} gave an empty or short page although more students follow.")
            proof = self.proof(Completeness.SHORT)
            raise RosterIncomplete(Phrase(what, name=self.name), READ_AT_NIGHT, proof)
        if twice := self._readings.listed_twice:
            yield Page([], 0, None, None, listed_twice=twice)

    def _is_stable(self) -> bool:
        """Return whether the last reading lacks nobody who came in the one before."""
        before = self._readings.before
        if before is None:
            return self._tally.pages < 2
        return self.readings == READINGS or before.ids <= self._tally.ids

    def read_again(self) -> Iterator[Page]:
        """Yield the pages with the students who had not come before."""
        tally = self._readings.new_tally()
        reading = _Reading(self._sis, self._bounds, tally, self.readings + 1)
        yield from self._readings.pass_on(reading.pages(), tally)

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
        return self._readings.agree

    def require_total(self) -> None: ...

    def proof(self, completeness: Completeness) -> Proof:
        return self._readings.proof(completeness, None)


class _Reading:
    """One reading of a list without a total."""

    def __init__(self, sis: SisWithoutTotal, bounds: Bounds, tally: Tally, reading: int) -> None:
        self._sis, self._bounds, self._tally, self._reading = sis, bounds, tally, reading

    def pages(self) -> Iterator[Page]:
        """Yield the pages up to the end of the list, which is asked for in two ways."""
        number, pages_without_new = 1, 0
        while True:
            records, is_last = self._page(number)
            has_new = self._tally.add(records) or not records
            pages_without_new = 0 if has_new else pages_without_new + 1
            if self._tally.records > self._bounds.records:
                raise gave_too_many(self._sis.name, self._bounds)
            if pages_without_new == 2:
                raise self._same_again()
            if records or number == 1:
                yield Page(records, number, None, None)
            if is_last:
                if self._first_page_was_cut():
                    self._tally.has_end = False
                return
            if number == self._bounds.pages:
                raise gave_too_many(self._sis.name, self._bounds)
            number += 1

    def _page(self, number: int) -> tuple[Records, bool]:
        """Return a page, and whether the list ends with it.

        Where it seems to end, but doesn't, the page is asked for again. Where that doesn't help,
        the reading has no end.
        """
        records = self._ask(number)
        for _attempt in (1, 2):
            if not self._seems_last(number, len(records)):
                return records, False
            again = self._asked_again(number, records)
            if again is None:
                return records, True
            records = max(records, again, key=len)
        self._tally.has_end = False
        return records, self._seems_last(number, len(records))

    def _ask(self, number: int) -> Records:
        return self._sis.page(number, self._sis.page_size)

    def _seems_last(self, number: int, length: int) -> bool:
        """Return whether a page is empty, or short where the first page was full.

        A full first page shows that the SIS gives pages of the size that we ask for.
        """
        first_was_full = number > 1 and self._tally.first_length == self._sis.page_size
        return length == 0 or (first_was_full and length < self._sis.page_size)

    def _first_page_was_cut(self) -> bool:
        """Return whether the first page is longer when it is asked for again.

        Where it isn't full and more pages came, its length counts as the SIS's page size.
        """
        length = self._tally.first_length
        if self._tally.pages < 2 or length == self._sis.page_size:
            return False
        return any(len(self._ask(1)) > length for _attempt in (1, 2))

    def _asked_again(self, number: int, records: Records) -> Records | None:
        """Return None where nobody follows these records; else the page, asked for again.

        An empty or short answer alone proves nothing. So we ask for a page of another size, which
        begins before the end of what we have and goes beyond it: it must have students, and only
        those whom we have. Where there is no such size, the same page must come again, and a larger
        first page must have nobody else.
        """
        id_field = self._sis.id_field
        new = set(ids_of(records, id_field)) - self._tally.ids
        count = self._tally.records + len(records)
        place = _overlapping_page(
            students=self._tally.students + len(new),
            records=count,
            longest=self._tally.first_length,
        )
        if place is None:
            again = self._ask(number)
            if len(again) > len(records):
                return again
            if self._tally.pages != 1 or count >= self._sis.page_size - 1:
                return None
            place = _Place(1, self._sis.page_size - 1)
        sent = self._sis.page(place.number, place.size)
        ids = set(ids_of(sent, id_field))
        most = count - (place.number - 1) * place.size  # from where it begins
        has_end = 0 < len(sent) <= most and ids - {None} <= self._tally.ids | new
        return None if has_end else self._ask(number)

    def _same_again(self) -> RosterIncomplete:
        name = self._sis.name
        return RosterIncomplete(
            Phrase(_("{name} gives the same students on page after page."), name=name),
            Phrase(_("Run it again. If it stays so, ask whoever looks after {name}."), name=name),
            self._tally.proof(Completeness.SHORT, None, self._reading),
        )


class _Place(NamedTuple):
    """Where a page is: its number, and the size of the pages before it."""

    number: int
    size: int


def _overlapping_page(*, students: int, records: int, longest: int) -> _Place | None:
    """Return the place of a page that begins among so many students and ends after them.

    `records` may be more: those of students who came twice. `longest` is how long a page of this
    SIS can be. None where no size does it.
    """
    for size in range(longest - 1, longest // 2, -1):
        number = students // size + 1
        if students % size and number * size > records:
            return _Place(number, size)
    return None
