"""Reads a list of a SIS by key: the students whose ID is higher than the last one that came.

No student can slip between two pages: whatever changes meanwhile, the next page begins behind the
last ID.
"""

from collections.abc import Iterator
from typing import Protocol

from rollbook.roster.records import Completeness, Proof
from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import Page
from rollbook.sources.bounds import Bounds
from rollbook.sources.errors import RosterIncomplete
from rollbook.sources.paging import READ_AT_NIGHT, StudentId, Tally, gave_too_many, ids_of
from rollbook.sources.sent_records import Records


class SisByKey(Protocol):
    """A SIS that gives its students in the order of `key_field`, a number.

    `id_field` is the key of a record's SIS ID. `page_size` is what we ask for.
    """

    name: str
    id_field: str
    key_field: str
    page_size: int

    def count(self) -> int: ...
    def page_after(self, key: int) -> Records: ...


class ListByKey:
    """The list of a SIS that is read by key; see `paging.StudentList`."""

    def __init__(self, sis: SisByKey, bounds: Bounds) -> None:
        self.name = sis.name
        self._sis, self._bounds = sis, bounds
        self._tally = Tally(sis.id_field)
        self._stated = 0
        self.readings = 0

    def read(self) -> Iterator[Page]:
        """Yield every page. Raises RosterIncomplete where the IDs don't come in their order.

        The list ends with a page that is empty twice.
        """
        self._stated = self._sis.count()
        last, number = 0, 0
        while True:
            records = self._sis.page_after(last) or self._sis.page_after(last)
            if not records:
                break
            number += 1
            last = self._last_key(records, last)
            self._tally.add(records)
            if self._tally.records > self._bounds.records or number > self._bounds.pages:
                raise gave_too_many(self.name, self._bounds)
            pages = max(number, -(-self._stated // self._sis.page_size))
            yield Page(records, number, pages, self._stated)
        self.readings = 1
        self._stated = self._sis.count()
        self.require_total()

    def read_again(self) -> Iterator[Page]:
        """Yield nothing: a reading by key is complete."""
        yield from ()

    @property
    def agrees(self) -> bool:
        return True

    @property
    def ids(self) -> set[StudentId]:
        return self._tally.ids

    @property
    def without_id(self) -> int:
        return self._tally.without_id

    def require_total(self) -> None:
        """Raise RosterIncomplete where fewer students came than the SIS counts."""
        if self._tally.students >= self._stated:
            return
        what = _("{name} says that it has {stated} students, but it gave {given}.")
        given = f"{self._tally.students:,}"
        raise RosterIncomplete(
            Phrase(what, name=self.name, stated=f"{self._stated:,}", given=given),
            READ_AT_NIGHT,
            self.proof(Completeness.SHORT),
        )

    def proof(self, completeness: Completeness) -> Proof:
        proof = self._tally.proof(completeness, self._stated, max(self.readings, 1))
        return proof._replace(by_key=True)

    def _last_key(self, records: Records, last: int) -> int:
        """Return the key of the last record; each must be higher than the one before."""
        for key in ids_of(records, self._sis.key_field):
            if not isinstance(key, int) or key <= last:
                what = _("{name} did not send its students in the order of their IDs.")
                raise RosterIncomplete(
                    Phrase(what, name=self.name), READ_AT_NIGHT, self.proof(Completeness.SHORT)
                )
            last = key
        return last
