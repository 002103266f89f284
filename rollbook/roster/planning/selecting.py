"""Whether a raw record is imported, by the school and the grade that the SIS has for the student.

It counts the students by grade and by school besides: a name that came last time and doesn't come
any more was renamed in the SIS.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple

from rollbook.roster.records import Selection
from rollbook.roster.values.grades import AT_SCHOOL, NAME_LIMIT, grade
from rollbook.roster.values.parsing import Unreadable, text

# A SIS has a few dozen names of grades. A hostile one doesn't fill the memory with others.
MOST_NAMES: Final = 1_000
# True and 1.0 are equal to 1 as keys, so only these two types are looked up.
_KEY_TYPES: Final = frozenset((str, int))


class Choice(Enum):
    """What the selection says about a student."""

    IMPORTED = "imported"
    OUTSIDE = "outside"
    UNDECIDED = "undecided"  # nobody has decided about this name of a grade
    NO_GRADE = "no_grade"  # it is empty, or not a text


class _Name:
    """A name of a grade or school as the SIS wrote it, its choice, and its students so far."""

    __slots__ = ("choice", "students", "written")

    def __init__(self, written: str, choice: Choice) -> None:
        self.written, self.choice, self.students = written, choice, 0


class Selector:
    """Says of each record of one run whether it is imported.

    `grade_field` and `school_field` are the source fields of the grade and the school. What a name
    means is worked out once: a record costs a look-up.
    """

    def __init__(self, selection: Selection, grade_field: str, school_field: str = "") -> None:
        self._selection = selection
        self.grade_field = grade_field
        self._school_field = school_field if selection.schools else ""
        self._grades: dict[Any, _Name] = {}
        self._schools: dict[Any, _Name] = {}

    @property
    def source_fields(self) -> frozenset[str]:
        """The source fields that it looks at."""
        return frozenset(filter(None, (self.grade_field, self._school_field)))

    def choose(self, raw: dict[str, Any]) -> Choice:
        """Return what the selection says about this record, and count it."""
        return self._choose(raw.get(self.grade_field), raw.get(self._school_field))

    def choose_all(self, values: Callable[[str], Sequence[Any]]) -> list[Choice]:
        """Return what the selection says about each record of a page, and count them.

        `values` returns the value of a field in each of them.
        """
        grades = values(self.grade_field)
        if not self._school_field and _KEY_TYPES.issuperset(map(type, grades)):
            # Each name once: 0.15 µs a record in place of 0.45.
            choices = {
                value: _name_of(self._grades, value, self._grade, students).choice
                for value, students in Counter(grades).items()
            }
            return list(map(choices.__getitem__, grades))
        schools = values(self._school_field) if self._school_field else grades
        return list(map(self._choose, grades, schools))

    def _choose(self, grade_value: Any, school_value: Any) -> Choice:
        if self._school_field:
            school = _name_of(self._schools, school_value, self._school)
            if school.choice is Choice.OUTSIDE:
                return Choice.OUTSIDE
        return _name_of(self._grades, grade_value, self._grade).choice

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the students so far by the name of their `grades` and the key of their `schools`.

        Only the chosen schools and their students are counted.
        """
        schools = _counts(self._schools)
        chosen = {key: number for key, number in schools.items() if key in self._selection.schools}
        return {"grades": _counts(self._grades), "schools": chosen}

    def _school(self, written: str, _value: Any) -> Choice:
        return Choice.IMPORTED if written in self._selection.schools else Choice.OUTSIDE

    def _grade(self, written: str, value: Any) -> Choice:
        return grade_choice(self._selection, written, value)


def grade_choice(selection: Selection, written: str, value: Any = None) -> Choice:
    """Return what the selection says about a name of a grade; a number may come as `value`."""
    chosen = selection.names.get(written.casefold())
    if chosen is not None:
        return Choice.IMPORTED if chosen else Choice.OUTSIDE
    level = grade(written if value is None else value)
    if level is not None and level not in selection.doubted:
        return Choice.IMPORTED if level in selection.grades else Choice.OUTSIDE
    return Choice.UNDECIDED if written else Choice.NO_GRADE


def doubted_levels(meanings: Mapping[str, int | None]) -> frozenset[int]:
    """Return the levels that a guess gives to names whose meaning a person corrected.

    Where *Year 13* means Grade 12, *Year 13 (Boarding)* probably doesn't mean Grade 13.
    """
    guesses = {name: grade(name) for name in meanings if AT_SCHOOL not in name}
    return frozenset(
        guess for name, guess in guesses.items() if guess is not None and guess != meanings[name]
    )


class RenamedGrades(NamedTuple):
    """Names of grades that came last time and not now, and names that are new, with students.

    The students of the new names are not imported.
    """

    gone: Mapping[str, int]
    new: Mapping[str, int]


def renamed_grades(
    selection: Selection, before: Mapping[str, int], now: Mapping[str, int]
) -> RenamedGrades | None:
    """Return the grades that the SIS seems to have renamed since the roster `before`; else None.

    A new name whose students are imported as well does no harm. A name that only one student had
    may have gone with him.
    """
    gone = {
        name: students
        for name, students in before.items()
        if students > 1 and name not in now and grade_choice(selection, name) is Choice.IMPORTED
    }
    new = {
        name: students
        for name, students in now.items()
        if name not in before and grade_choice(selection, name) is not Choice.IMPORTED
    }
    return RenamedGrades(gone, new) if gone and new else None


def _name_of(names: dict[Any, _Name], value: Any, choose: Any, students: int = 1) -> _Name:
    is_key = type(value) in _KEY_TYPES
    name = names.get(value) if is_key else None
    if name is None:
        written = _written(value)
        name = _Name(written, choose(written, value))
        if is_key and len(names) < MOST_NAMES:
            names[value] = name
    name.students += students
    return name


def _written(value: Any) -> str:
    try:
        return text(value, NAME_LIMIT) or ""
    except Unreadable:
        return ""


def _counts(names: Mapping[Any, _Name]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names.values():
        if name.written:
            counts[name.written] = counts.get(name.written, 0) + name.students
    return counts
