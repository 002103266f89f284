"""The roster of one stand-in: made-up students by number, changed by each week and by edits."""

import random
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from threading import RLock
from typing import Any, NamedTuple, TypedDict

import msgspec

from rollbook.standins import people
from rollbook.standins.hostile import spoil
from rollbook.standins.people import Brief, Student


class Known(msgspec.Struct, frozen=True):
    """What the stand-in knows about one student, for tests to compare with."""

    dcid: int
    local_id: str
    username: str
    first_name: str
    middle_name: str
    last_name: str
    email: str
    graduation_year: int
    grade_level: int
    home_room: str
    enroll_status: int
    birth_date: str
    gender: str
    school_number: int


KNOWN_FIELDS = Known.__struct_fields__
EDITABLE = frozenset(KNOWN_FIELDS) - {"dcid"} | {"entry_date", "exit_date", "legal_first_name"}


class _State(NamedTuple):
    """The changes up to a week. Replaced as a whole, so that a reader never gets half a week."""

    version: int
    week: int
    changes: Mapping[int, Mapping[str, Any]]
    vanished: frozenset[int]
    joined: tuple[int, ...]
    """Highest number after each week from 2 on."""


class RosterOptions(TypedDict, total=False):
    """Which students there are."""

    students: int
    seed: int
    week: int
    hostile: bool
    """Every fourth student has a value that breaks careless code."""
    clean: bool
    """Without the few flaws that real rosters have."""
    email_home: str
    """Where the e-mail is kept; see `homes`."""
    year_home: str
    """Where the graduation year is kept; see `homes`."""
    year_gaps: int
    """How many of a hundred students have no graduation year."""
    schools: int
    """How many schools the district has: 1, 4 or 14."""
    country: str
    """Whose grades: one of `people.COUNTRIES`."""


class District(NamedTuple):
    """What kind of district a roster is of."""

    schools: int = len(people.SCHOOLS)
    country: str = "us"
    year_gaps: int = 0


USUAL = District()


def district_of(options: Mapping[str, Any]) -> District:
    """Return the kind of district from the options of a stand-in. Raises ValueError."""
    district = District(
        options.get("schools", USUAL.schools),
        options.get("country", USUAL.country),
        options.get("year_gaps", 0),
    )
    if district.country not in people.COUNTRIES:
        raise ValueError(f"no country {district.country}")
    return USUAL if district == USUAL else district


class Roster:
    """Students 1 to n of a seed.

    Each week from 2 on adds joiners, leavers, new names and e-mails to those of the weeks before.
    """

    def __init__(
        self,
        seed: int,
        students: int,
        *,
        week: int = 1,
        hostile: bool = False,
        clean: bool = False,
        district: District = USUAL,
    ) -> None:
        self.seed, self.size, self.district = seed, students, district
        self.schools = people.schools_of(district.schools)
        self._hostile, self._clean = hostile, clean
        self._lock = RLock()
        self._edits: dict[int, dict[str, Any]] = {}
        self._touched: list[tuple[int, int]] = []
        self._state = _State(0, 1, {}, frozenset(), ())
        self._made = (-1, self._student(self._state, 1))
        self.week = week

    @property
    def version(self) -> int:
        """A number that grows with every change; caches compare it."""
        return self._state.version

    @property
    def week(self) -> int:
        return self._state.week

    @week.setter
    def week(self, week: int) -> None:
        if week < 1:
            raise ValueError("the first week is 1")
        with self._lock:
            before = self._state
            after = _State(before.version + 1, 1, {}, frozenset(), ())
            for number in range(2, week + 1):
                after = self._next_week(after, number)
            self._state = after
            self._touched += [(after.version, number) for number in self._differing(before, after)]

    @property
    def last(self) -> int:
        """The highest student number so far."""
        return self._last(self._state)

    def __len__(self) -> int:
        return self.last - len(self._state.vanished)

    def __contains__(self, number: int) -> bool:
        return 1 <= number <= self.last and number not in self._state.vanished

    def numbers(self) -> Sequence[int]:
        """Return the numbers of the students that exist, in order."""
        state = self._state
        if not state.vanished:
            return range(1, self._last(state) + 1)
        return array("L", (n for n in range(1, self._last(state) + 1) if n not in state.vanished))

    def brief(self, number: int) -> Brief:
        """Return status, grade and school without making the whole student."""
        return self._brief(self._state, number)

    def student(self, number: int) -> Student:
        """Return the student as of this week.

        The last one made is cached: one answer often needs it for several tables.
        """
        state = self._state
        version, last_made = self._made
        if version != state.version or last_made.number != number:
            last_made = self._student(state, number)
            self._made = (state.version, last_made)
        return last_made

    def known(self) -> Iterator[Known]:
        """Yield every student as the stand-in knows it."""
        for number in self.numbers():
            who = self.student(number)
            yield Known(*[getattr(who, name) for name in KNOWN_FIELDS])

    def edit(self, number: int, changes: Mapping[str, Any]) -> None:
        """Set EDITABLE fields of a student.

        Raises KeyError for another field or an unknown student.
        """
        if number not in self or not set(changes) <= EDITABLE:
            raise KeyError(f"no student {number}, or not one of {sorted(EDITABLE)}")
        with self._lock:
            self._edits[number] = {**self._edits.get(number, {}), **changes}
            self._state = self._state._replace(version=self._state.version + 1)
            self._touched.append((self.version, number))

    def touched_since(self, version: int) -> list[int]:
        """Return the numbers of the students changed after that version, vanished ones included."""
        return sorted({number for when, number in list(self._touched) if when > version})

    def _last(self, state: _State) -> int:
        return state.joined[-1] if state.joined else self.size

    def _brief(self, state: _State, number: int) -> Brief:
        if number in state.changes or number in self._edits:
            who = self._student(state, number)
            return Brief(who.enroll_status, who.grade_level, who.school_number)
        brief = people.brief(self.seed, number, number > self.size)
        if self.district is USUAL:
            return brief
        return brief._replace(
            grade_level=people.grade_in(self.district.country, brief.grade_level),
            school_number=self._school(number, brief.school_number),
        )

    def _student(self, state: _State, number: int) -> Student:
        who = self._base(state, number)
        if self._hostile:
            who = spoil(who, self._base(state, number - 1 or number))
        if changes := state.changes.get(number):
            who = who._replace(**changes)
        if edits := self._edits.get(number):
            who = who._replace(**edits)
        return who

    def _base(self, state: _State, number: int) -> Student:
        joined_on = ""
        if number > self.size:
            joined_on = _monday(
                next((at + 2 for at, top in enumerate(state.joined) if number <= top), 2)
            )
        who = people.student(self.seed, number, self._clean, joined_on)
        if self.district is USUAL:
            return who
        has_gap = people.scramble(self.seed + 2, number) % 100 < self.district.year_gaps
        return who._replace(
            grade_level=people.grade_in(self.district.country, who.grade_level),
            school_number=self._school(number, who.school_number),
            graduation_year=0 if has_gap else who.graduation_year,
        )

    def _school(self, number: int, usual: int) -> int:
        return people.school_of(self.seed, number, usual, self.district.schools)

    def _differing(self, before: _State, after: _State) -> list[int]:
        numbers = {
            n
            for n in {*before.changes, *after.changes}
            if before.changes.get(n) != after.changes.get(n)
        }
        low, high = sorted((self._last(before), self._last(after)))
        return sorted(numbers | (before.vanished ^ after.vanished) | set(range(low + 1, high + 1)))

    def _next_week(self, state: _State, week: int) -> _State:
        """Return the state of the next week.

        About 1.5 % join, 1 % leave (a tenth of them vanish), 0.5 % get a new name and 0.3 % a new
        e-mail; one pair swaps e-mails.
        """
        dice = random.Random(f"{self.seed}/{week}")
        top = self._last(state)
        picked = self._pick(state, dice, top)
        changes = dict(state.changes)
        today = _monday(week)

        def change(number: int, **fields: Any) -> None:
            changes[number] = {**changes.get(number, {}), **fields, "changed_on": today}

        def take(share: float, least: int = 1) -> list[int]:
            count = min(len(picked), max(least, round(self.size * share)))
            return [picked.pop() for _ in range(count)]

        pair = self._swap_pair(state, picked)
        for number, other in zip(pair, reversed(pair), strict=True):
            change(number, email=self._student(state, other).email)
        for number in take(0.009):
            change(number, enroll_status=people.TRANSFERRED, exit_date=today)
        vanished = take(0.001, 1 if self.size >= 100 else 0)
        for number in take(0.005):
            change(number, **people.rename(self.seed, self._student(state, number), week))
        for number in take(0.003):
            change(number, email=f"new{week}.{self._student(state, number).email}")
        joined = (*state.joined, top + max(1, round(self.size * 0.015)))
        return _State(state.version, week, changes, state.vanished | set(vanished), joined)

    def _pick(self, state: _State, dice: random.Random, top: int) -> list[int]:
        """Return enough active students with an e-mail, in random order, for one week's changes."""
        want = round(self.size * 0.018) + 40
        numbers = dice.sample(range(1, top + 1), min(top, want * 2))
        here = [n for n in numbers if n not in state.vanished]
        picked = [n for n in here if self._brief(state, n).enroll_status == people.ACTIVE]
        return [n for n in picked if self._student(state, n).email][:want]

    def _swap_pair(self, state: _State, picked: list[int]) -> tuple[int, ...]:
        """Return two who swap e-mails, and remove them from `picked`.

        From the upper grades if possible: schools often select only those.
        """
        upper = [n for n in picked if self._brief(state, n).grade_level >= 9]
        pair = tuple((upper if len(upper) > 1 else picked)[:2])
        if len(pair) < 2:
            return ()
        for number in pair:
            picked.remove(number)
        return pair


def _monday(week: int) -> str:
    return (date(2026, 9, 7) + timedelta(days=7 * (week - 1))).isoformat()
