"""The grades and schools that Step 1.1 offers, and what a person ticked among them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.roster.values.grades import LAST_GRADE
from rollbook.sources.discovery import SchoolInSis
from rollbook.sync.models import CheckState, ConnectionTest, Integration
from rollbook.sync.report.new_grades import undecided_grades
from rollbook.sync.setup import connection_tests, roster_choice
from rollbook.sync.setup.roster_choice import GradeOption, RosterChoice
from rollbook.sync.words.selection import LOWEST_NAMED, level_words

# Offered until the SIS was asked for its own grades.
LEVELS: Final[dict[int, str | Promise]] = {
    -1: gettext_lazy("Pre-K"),
    0: gettext_lazy("K"),
    **{grade: str(grade) for grade in range(1, LAST_GRADE + 1)},
}
NOT_DECIDED, NO_LEVEL = "", "none"  # what a grade means, besides a level


class GradeBox(NamedTuple):
    """One grade to tick. `students` is None where the SIS wasn't asked.

    `at_schools` are the meanings that its name has at single schools, in words.
    """

    value: str
    label: str | Promise
    level: int | None
    students: int | None = None
    is_new: bool = False
    at_schools: Sequence[str] = ()


class RosterOffer(NamedTuple):
    """What can be chosen: the SIS's own grades, or levels while there are none; and schools.

    `must_choose` is True where the SIS has several schools.
    """

    options: list[GradeOption]
    schools: list[SchoolInSis]
    must_choose: bool

    @property
    def boxes(self) -> list[GradeBox]:
        if not self.options:
            return [GradeBox(str(level), words, level) for level, words in LEVELS.items()]
        return [
            GradeBox(
                value=each.name,
                label=each.name,
                level=each.level,
                students=each.students,
                is_new=each.is_new,
                at_schools=self._meanings_at_schools(each),
            )
            for each in self.options
        ]

    def _meanings_at_schools(self, option: GradeOption) -> list[str]:
        """Return what the name of a grade means at single schools, in words."""
        names = {each.key: each.name for each in self.schools}
        words = []
        for key, level in option.at_schools.items():
            meaning = _("No grade level") if level is None else level_words(level)
            text = _("%(meaning)s at %(school)s")
            words.append(text % {"meaning": meaning, "school": names.get(key, key)})
        return words

    @property
    def has_exceptions(self) -> bool:
        """Whether a name may be given another meaning at one school."""
        return bool(self.options) and len(self.schools) > 1

    @property
    def values(self) -> list[str]:
        """What a form may send: names, and levels of a form that was shown before."""
        names = [each.name for each in self.options]
        return list(dict.fromkeys([*names, *map(str, LEVELS)]))

    def ticked(self, values: Iterable[str]) -> set[str]:
        """Return the values of the ticked boxes. A level ticks each grade that means it."""
        given = set(values)
        names = {each.name for each in self.options}
        levels = given - names
        if not self.options:
            return given
        return {
            each.name
            for each in self.options
            if each.name in given or (each.level is not None and str(each.level) in levels)
        }

    def choice(
        self, values: Iterable[str], schools: Collection[str], meanings: Mapping[str, str]
    ) -> RosterChoice | None:
        """Return what was chosen by the SIS's own names; None where levels were.

        `meanings` are the chosen codes of `meaning_options` by the name of a grade.
        """
        if not self.options:
            return None
        levels = {
            name: level_of_code(code) for name, code in meanings.items() if code != NOT_DECIDED
        }
        grades = roster_choice.decided(self.options, self.ticked(values), levels)
        return RosterChoice(grades, [each for each in self.schools if each.key in schools])


def meaning_code(option: GradeOption) -> str:
    """Return what a grade means now, as a code of `meaning_options`."""
    if option.level is not None:
        return str(option.level)
    return NO_LEVEL if option.by_person else NOT_DECIDED


def meaning_options(option: GradeOption) -> list[tuple[str, str]]:
    """Return what a grade may mean, as (code, words). Not decided is offered only while it is."""
    options = level_options(option.level)
    if meaning_code(option) == NOT_DECIDED:
        options.insert(0, (NOT_DECIDED, _("Not decided")))
    return options


def level_options(level: int | None = None) -> list[tuple[str, str]]:
    """Return the levels that there are, and `level`, as (code, words). The last is no level."""
    levels = {*range(LOWEST_NAMED, LAST_GRADE + 1)}
    if level is not None:
        levels.add(level)
    options = [(str(each), level_words(each)) for each in sorted(levels)]
    return [*options, (NO_LEVEL, _("No grade level"))]


def level_of_code(code: str) -> int | None:
    return None if code == NO_LEVEL else int(code)


def offer(integration: Integration | None, source: str, test: ConnectionTest | None) -> RosterOffer:
    """Return what Step 1.1 offers: what a test has read, else what is stored."""
    if integration is not None and integration.source != source:
        integration = None
    stored = [SchoolInSis(**each, students=None) for each in chosen_schools(integration)]
    is_read = test is not None and test.state == CheckState.PASSED and bool(test.grades)
    if test is not None and is_read:
        options = roster_choice.offered_grades(integration, connection_tests.grades_of(test))
        schools = connection_tests.schools_of(test)
    else:
        options, schools = roster_choice.stored_grades(integration), stored
    if integration is not None and options:
        options = roster_choice.with_new_names(options, undecided_grades(integration))
    several = schools if len(schools) > 1 or stored else []
    return RosterOffer(options, several, bool(several))


def chosen_schools(integration: Integration | None) -> list[dict[str, str]]:
    """Return the schools that are stored, each with its key and name."""
    return list(integration.schools) if integration is not None else []
