"""What every reading of a list of numbered pages has: the counts, and the errors where it ends.

Page numbers prove nothing about who moved between two pages. A page that repeats hides a student
who was never given; a student who leaves while we read moves all later students up, so that one
slips between two pages. So ids are counted, not records, and `missing_students` proves for each
missing student that he has left.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from rollbook.roster.records import Completeness, Proof
from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import Page
from rollbook.sources.bounds import Bounds
from rollbook.sources.errors import RosterIncomplete
from rollbook.sources.sent_records import Records, SentRecords

StudentId: TypeAlias = int | str
READ_AT_NIGHT: Final = _("Run it again when nobody is enrolling students, for instance at night.")
RAISE_THE_BOUND: Final = _(
    "If the school really is so large, ask the operator of this installation to raise the limit."
)


class StudentList(Protocol):
    """A list of students in a SIS, read page by page and as often as it takes.

    `name` is the SIS's. `read` yields the pages and raises RosterIncomplete; `read_again` yields
    only students who had not come before. `agrees` is True where the last two readings had the same
    students and no page that contradicts another one. `require_total` raises RosterIncomplete where
    fewer different students came than the SIS stated.
    """

    name: str

    @property
    def readings(self) -> int: ...
    def read(self) -> Iterator[Page]: ...
    def read_again(self) -> Iterator[Page]: ...
    def require_total(self) -> None: ...
    def proof(self, completeness: Completeness) -> Proof: ...
    @property
    def agrees(self) -> bool: ...
    @property
    def ids(self) -> set[StudentId]: ...
    @property
    def without_id(self) -> int: ...


@dataclass(slots=True)
class Tally:
    """Counts what one reading gave.

    That is: different ids, records without an id (each counts as one student), records and pages.
    `twice` are ids that came twice on one page, `across` those that came again on a later page: the
    list has them twice, or they moved while it was read. `is_steady` is False where two pages
    contradict each other: one that isn't the last has another length than the first. `has_end` is
    False where the list goes on after the last page that came.
    """

    id_field: str
    ids: set[StudentId] = field(default_factory=set)
    twice: set[StudentId] = field(default_factory=set)
    across: set[StudentId] = field(default_factory=set)
    without_id: int = 0
    records: int = 0
    pages: int = 0
    first_length: int = 0
    last_length: int = 0
    is_steady: bool = True
    has_end: bool = True

    def add(self, records: Records) -> int:
        """Count a page. Return how many of its students had not come before."""
        before = self.students
        keys = ids_of(records, self.id_field)
        with_id = len(keys) - keys.count(None)
        ids: set[Any] = set(keys)
        ids.discard(None)
        if len(ids) < with_id:
            self.twice |= _repeated(keys)
        if not self.ids.isdisjoint(ids):
            self.across |= self.ids & ids
        self.ids |= ids
        self.without_id += len(keys) - with_id
        self.records += len(records)
        if records:
            self._add_length(len(records))
        new = self.students - before
        if len(records) > 1 and not new and len(records) == self.first_length:
            self.is_steady = False  # a page that came before, in place of another one
        return new

    def _add_length(self, length: int) -> None:
        if self.pages == 0:
            self.first_length = length
        elif self.last_length != self.first_length or length > self.first_length:
            self.is_steady = False
        self.last_length = length
        self.pages += 1

    @property
    def students(self) -> int:
        return len(self.ids) + self.without_id

    @property
    def repeats(self) -> int:
        return self.records - self.students

    def has_same_students(self, other: "Tally") -> bool:
        """Return whether two readings had the same students, and nobody on two pages.

        Then nobody was in both lists whom both readings lack: of a reading that is sound, as many
        students came as the list has at its end; so for each whom it lacks, one left meanwhile.
        """
        if not (self.is_sound and other.is_sound):
            return False
        return self.ids == other.ids and self.without_id == other.without_id

    @property
    def is_sound(self) -> bool:
        return self.is_steady and self.has_end and not self.across

    def proof(self, completeness: Completeness, stated: int | None, readings: int) -> Proof:
        return Proof(
            completeness=completeness,
            stated=stated,
            students=self.students,
            pages=self.pages,
            repeats=self.repeats,
            readings=readings,
        )


def _repeated(keys: list[StudentId | None]) -> set[StudentId]:
    seen: set[StudentId] = set()
    repeated = set()
    for key in keys:
        if key is None:
            continue
        if key in seen:
            repeated.add(key)
        seen.add(key)
    return repeated


def ids_of(records: Records, id_field: str) -> list[StudentId | None]:
    """Return the ids that tell these students apart; None for a record without an id."""
    if isinstance(records, SentRecords):
        values = records.values(id_field)
    else:
        values = [record.get(id_field) for record in records]
    if set(map(type, values)) == {int}:  # the usual page of PowerSchool
        return values
    return [_id_from(value) for value in values]


def _id_from(value: Any) -> StudentId | None:
    """Return the id from its value; 156 and "156" are the same id.

    A number where it is one, because that takes half the memory of its text.
    """
    if type(value) is int:
        return value
    if value is None or value == "":
        return None
    text = str(value)
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    has_leading_zero = text[0] == "0" and text != "0"
    return int(text) if is_number and not has_leading_zero else text


class Readings:
    """The readings of one list: how many, the counts of the last two, and who was passed on.

    `late` is how many students the last reading had whom no earlier one passed on.
    """

    def __init__(self, id_field: str) -> None:
        self._id_field = id_field
        self._tallies: list[Tally] = []
        self._passed_on: set[StudentId] = set()
        self.number = 0
        self.late = 0

    def new_tally(self) -> Tally:
        """Return the counts of the next reading, which has to be given to `pass_on`."""
        return Tally(self._id_field)

    def pass_on(self, pages: Iterator[Page], tally: Tally) -> Iterator[Page]:
        """Yield the pages of one more reading, with the students who had not come before."""
        self.late = 0
        for page in pages:
            if self.number == 0:
                yield page
            elif late := self._late_page(page):
                self.late += len(late.records)
                yield late
        self.number += 1
        self._passed_on = self._passed_on | tally.ids if self._passed_on else tally.ids
        self._tallies = [*self._tallies[-1:], tally]

    def _late_page(self, page: Page) -> Page | None:
        """Return the page with the students whom no earlier reading passed on; None if none."""
        places = []
        for place, key in enumerate(ids_of(page.records, self._id_field)):
            if key is not None and key not in self._passed_on:
                places.append(place)
        if not places:
            return None
        if isinstance(page.records, SentRecords):
            return page._replace(records=page.records.chosen(places))
        return page._replace(records=[page.records[place] for place in places])

    @property
    def last(self) -> Tally:
        return self._tallies[-1]

    @property
    def before(self) -> Tally | None:
        """The counts of the reading before the last one."""
        return self._tallies[0] if len(self._tallies) > 1 else None

    @property
    def agree(self) -> bool:
        """Whether the last two readings had the same students."""
        return self.before is not None and self.last.has_same_students(self.before)

    @property
    def listed_twice(self) -> tuple[str, ...]:
        """The ids that the SIS has twice in its list.

        They came twice on one page, or on two pages in each of two readings. An id on two pages of
        one reading only has moved while it was read.
        """
        ids = set(self.last.twice)
        if self.before is not None:
            ids |= self.last.across & (self.before.across | self.before.twice)
        return tuple(sorted(str(each) for each in ids))

    def proof(self, completeness: Completeness, stated: int | None) -> Proof:
        return self.last.proof(completeness, stated, self.number)


def gave_too_many(name: str, bounds: Bounds) -> RosterIncomplete:
    """Return the error for a list that goes on beyond the bounds."""
    what = _("{name} gave more: one run reads at most {students} students on {pages} pages.")
    students, pages = f"{bounds.records:,}", f"{bounds.pages:,}"
    return RosterIncomplete(
        Phrase(what, name=name, students=students, pages=pages), RAISE_THE_BOUND
    )


def odd_ids(name: str, missing: int, records: int, proof: Proof) -> RosterIncomplete:
    """Return the error where records with odd IDs may be those of the missing students."""
    what = _(
        "The list of {name} lacks students with an account ({missing}). It gave records without "
        "an ID, or with another ID than asked for ({records}), which may be theirs."
    )
    remedy = _("Correct the IDs of these records in {name}, then run it again.")
    phrase = Phrase(what, missing=f"{missing:,}", records=f"{records:,}", name=name)
    return RosterIncomplete(phrase, Phrase(remedy, name=name), proof)


def unproven(name: str, missing: int, proof: Proof) -> RosterIncomplete:
    """Return the error where nothing proves that the missing students have left."""
    what = _(
        "The list of {name} lacks students with an account ({missing}), and nothing proves that "
        "they have left: it changed each time we read it."
    )
    return RosterIncomplete(Phrase(what, missing=f"{missing:,}", name=name), READ_AT_NIGHT, proof)
