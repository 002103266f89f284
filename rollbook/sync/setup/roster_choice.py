"""Which grades and schools of a SIS are pulled in: what the SIS offers, and what a person chose."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from rollbook.roster.planning.selecting import Choice, doubted_levels, grade_choice
from rollbook.roster.records import Selection
from rollbook.roster.values.grades import grade
from rollbook.sources.discovery import GradeInSis, SchoolInSis
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused


class GradeOption(NamedTuple):
    """One grade by the SIS's own name, with its students when the SIS was last asked.

    `level` is what the name means, None where nobody knows; `by_person` is True where a person
    chose it. `is_new` is True where nobody has decided about the grade yet, although grades were
    chosen before. `at_schools` has other levels by the key of a school, where the name means
    something else there.
    """

    name: str
    students: int
    level: int | None
    chosen: bool
    is_new: bool = False
    by_person: bool = False
    at_schools: Mapping[str, int | None] = MappingProxyType({})

    def stored(self) -> dict[str, Any]:
        """Return the option as `Integration.grade_names` has it."""
        values = self._asdict() | {"at_schools": dict(self.at_schools)}
        return {name: value for name, value in values.items() if name != "is_new"}


class RosterChoice(NamedTuple):
    """What a person chose: every grade with its decision, and the chosen schools."""

    grades: list[GradeOption]
    schools: list[SchoolInSis]


def stored_grades(integration: Integration | None) -> list[GradeOption]:
    """Return the grades as they are stored, in the SIS's order; none where it wasn't asked."""
    names = integration.grade_names if integration is not None else []
    return [GradeOption(**each) for each in names]


def offered_grades(
    integration: Integration | None, grades: Iterable[GradeInSis], schools: Collection[str] = ()
) -> list[GradeOption]:
    """Return what the SIS offers now, with the decisions that are stored.

    Students are those of `schools`, by their keys, or of all where none is given. A grade that
    nobody has decided about is chosen where its level is. A stored grade that the SIS doesn't have
    any more stays at the end, because it may come back.
    """
    stored = {each.name.casefold(): each for each in stored_grades(integration)}
    levels = frozenset(integration.grades) if integration is not None else frozenset()
    doubted = doubted_levels(integration.grade_meanings) if integration is not None else frozenset()
    has_chosen = bool(levels or stored)
    options: list[GradeOption] = []
    places: dict[str, int] = {}
    for each in grades:
        if not each.name:
            continue  # students without a grade; each is a problem of its own
        students = each.students
        if schools:
            students = sum(each.by_school.get(key, 0) for key in schools)
        key = each.name.casefold()
        if key in places:  # the same name in other letters
            same = options[places[key]]
            options[places[key]] = same._replace(students=same.students + students)
            continue
        places[key] = len(options)
        before = stored.pop(key, None)
        if before is not None:
            level = before.level if before.by_person else _guess(doubted, each.name, before.level)
            options.append(before._replace(name=each.name, students=students, level=level))
            continue
        choice = grade_choice(Selection(levels, doubted=doubted), each.name)
        options.append(
            GradeOption(
                name=each.name,
                students=students,
                level=_guess(doubted, each.name),
                chosen=choice is Choice.IMPORTED,
                is_new=has_chosen and choice is Choice.UNDECIDED,
            )
        )
    gone = [each._replace(students=0) for each in stored.values()]
    return options + gone


def _guess(doubted: frozenset[int], name: str, stored: int | None = None) -> int | None:
    """Return what a name means where that is certain, else the level that is `stored`."""
    level = grade(name)
    return stored if level is None or level in doubted else level


def with_new_names(options: list[GradeOption], names: Mapping[str, int]) -> list[GradeOption]:
    """Return the options and those of `names`, with their students, that came in the last run."""
    known = {each.name.casefold() for each in options}
    new = [
        GradeOption(name, students, None, chosen=False, is_new=True)
        for name, students in names.items()
        if name.casefold() not in known
    ]
    return options + new


def decided(
    options: Iterable[GradeOption], chosen: Collection[str], levels: Mapping[str, int | None]
) -> list[GradeOption]:
    """Return the options as a person decided: the names in `chosen`, and `levels` by name.

    A level that a person chose is remembered as his, and no guess replaces it.
    """
    grades = []
    for each in options:
        level = levels.get(each.name, each.level)
        by_person = each.by_person or level != each.level
        is_chosen = each.name in chosen
        grades.append(
            each._replace(chosen=is_chosen, level=level, by_person=by_person, is_new=False)
        )
    return grades


def with_meaning_at(
    options: Iterable[GradeOption], name: str, school: str, level: int | None
) -> list[GradeOption]:
    """Return the options in which a name means this level at one school.

    The same level as everywhere else is no meaning of its own.
    """
    changed = []
    for each in options:
        at_schools = dict(each.at_schools)
        if each.name == name:
            at_schools.pop(school, None)
            if level != each.level:
                at_schools[school] = level
        changed.append(each._replace(at_schools=at_schools))
    return changed


def changed_meanings(
    before: Mapping[str, int | None], after: Mapping[str, int | None]
) -> dict[str, int | None]:
    """Return the levels that a person chose now, by the names in lower case."""
    return {
        name: level for name, level in after.items() if name not in before or before[name] != level
    }


def decided_by_level(options: Iterable[GradeOption], levels: Collection[int]) -> list[GradeOption]:
    """Return the options with those chosen whose level is; a name without a level stays."""
    return [
        each if each.level is None else each._replace(chosen=each.level in levels)
        for each in options
    ]


def store(integration: Integration, choice: RosterChoice, *, several_schools: bool) -> None:
    """Put a choice into an integration, which the caller saves.

    Raises SettingRefused where no grade is chosen, or none of several schools.
    """
    chosen = [each for each in choice.grades if each.chosen]
    if not chosen:
        raise SettingRefused("grades", _("Choose at least one grade to pull in."))
    if several_schools and not choice.schools:
        raise SettingRefused("schools", _("Choose at least one school of the district."))
    integration.grade_names = [each.stored() for each in choice.grades]
    integration.grades = sorted({each.level for each in chosen if each.level is not None})
    integration.schools = [{"key": each.key, "name": each.name} for each in choice.schools]
