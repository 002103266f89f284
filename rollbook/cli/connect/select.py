"""`rollbook integration select`: which schools and grades of the SIS are pulled in."""

from typing import NamedTuple

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_integration, find_school
from rollbook.cli.options import grouped, school_option, source_option
from rollbook.cli.output import Document, Output, Refusal, not_found, prints, table
from rollbook.roster.values.grades import LAST_GRADE, grade
from rollbook.sources.discovery import SchoolInSis
from rollbook.sync.models import Integration
from rollbook.sync.report.new_grades import undecided_grades
from rollbook.sync.setup import connection_tests, integrations, roster_choice
from rollbook.sync.setup.roster_choice import GradeOption, RosterChoice
from rollbook.sync.words.selection import LOWEST_NAMED, level_words


class Changes(NamedTuple):
    """What to change: names of grades, keys of schools, and pairs of NAME=LEVEL."""

    grades: tuple[str, ...]
    without_grades: tuple[str, ...]
    schools: tuple[str, ...]
    meanings: tuple[str, ...]


class Meaning(NamedTuple):
    """What the name of a grade means; at one `school`, "" for all."""

    name: str
    school: str
    level: int | None


def _show(document: Document) -> None:
    selection = document["selection"]
    rows = [
        (
            "not decided" if each["new"] else "yes" if each["chosen"] else "no",
            each["name"],
            _meaning_words(each),
            f"{each['students']:,}",
        )
        for each in selection["grades"]
    ]
    table(("Pulled in", "Grade", "Means", "Students"), rows, "No grades.")
    schools = [
        ("yes" if each["chosen"] else "no", each["key"], each["name"])
        for each in selection["schools"]
    ]
    if schools:
        table(("Pulled in", "School", "Name"), schools, "")


def _meaning_words(option: Document) -> str:
    level = option["level"]
    usual = "no grade level" if option["by_person"] else "not decided"
    words = [usual if level is None else level_words(level)]
    for school, other in option["at_schools"].items():
        words.append(f"at {school}: {'no grade level' if other is None else level_words(other)}")
    return ", ".join(words)


@click.command("select")
@school_option
@source_option
@grouped(
    "changes",
    Changes,
    click.option("--grade", "grades", multiple=True, metavar="NAME", help="Pull this grade in."),
    click.option(
        "--without-grade",
        "without_grades",
        multiple=True,
        metavar="NAME",
        help="Don't pull this grade in.",
    ),
    click.option(
        "--sis-school",
        "schools",
        multiple=True,
        metavar="KEY",
        help="Pull in only the students of this school of the SIS, and of others named so.",
    ),
    click.option(
        "--grade-meaning",
        "meanings",
        multiple=True,
        metavar="NAME=LEVEL",
        help='What a grade means: "Year 13=12", "Staff=none", at one school "Prep@300=8".',
    ),
)
@prints(_show)
def select(school_name: str | None, source: str | None, changes: Changes) -> Output:
    """Show or choose the grades and schools of a SIS, and what its names of grades mean.

    They are those that the last `rollbook integration check` or connection test has read, else
    those that are saved. A meaning is remembered and goes before what Rollbook guesses.

    \b
    Examples:
      rollbook integration select --sis-school 300
      rollbook integration select --grade "Year 13" --without-grade Nursery
      rollbook integration select --grade-meaning "Year 13=12" --grade-meaning Prep=K
    """
    integration = find_integration(find_school(school_name), source)
    grades, schools = _offered(integration)
    if any(changes):
        choice = RosterChoice(
            _decided(integration, grades, schools, changes),
            _chosen(integration, schools, changes.schools),
        )
        integrations.save_roster(
            integration, None, choice, several_schools=len(schools) > 1, via=VIA
        )
        names = {each.name: each for each in choice.grades}
        grades = [names.get(each.name, each) for each in grades]
    return Output({"selection": _document(integration, grades, schools)})


def _offered(integration: Integration) -> tuple[list[GradeOption], list[SchoolInSis]]:
    """Return the grades and schools that a test has read in the last 24 hours, else the saved ones.

    Grades that came with the last run and that nobody has decided about are among them.
    """
    test = connection_tests.latest(integration.school, integration.source, integration.variant)
    if test is not None and test.grades:
        grades = roster_choice.offered_grades(integration, connection_tests.grades_of(test))
        schools = connection_tests.schools_of(test)
    else:
        grades = roster_choice.stored_grades(integration)
        schools = [SchoolInSis(**each, students=None) for each in integration.schools]
    if not grades:
        raise Refusal(
            Exit.REFUSED,
            "sis_not_asked",
            "The SIS was not asked for its grades in the last 24 hours. Nothing was saved.",
            "Run `rollbook integration check` first.",
        )
    return roster_choice.with_new_names(grades, undecided_grades(integration)), schools


def _decided(
    integration: Integration,
    options: list[GradeOption],
    schools: list[SchoolInSis],
    changes: Changes,
) -> list[GradeOption]:
    """Return the options as they are to be saved.

    A new name that is not mentioned stays undecided. One that only gets a meaning is pulled in
    where its level is.
    """
    pulled_in = {_named(options, name) for name in changes.grades}
    left_out = {_named(options, name) for name in changes.without_grades}
    meanings = [_meaning(options, schools, pair) for pair in changes.meanings]
    levels = {each.name: each.level for each in meanings if not each.school}
    mentioned = pulled_in | left_out | {each.name for each in meanings}
    chosen = {each.name for each in options if each.chosen}
    for each in options:
        if each.is_new and levels.get(each.name) in integration.grades:
            chosen.add(each.name)
    known = [each for each in options if not each.is_new or each.name in mentioned]
    decided = roster_choice.decided(known, (chosen | pulled_in) - left_out, levels)
    for meaning in meanings:
        if meaning.school:
            decided = roster_choice.with_meaning_at(decided, *meaning)
    return decided


def _named(options: list[GradeOption], name: str) -> str:
    """Return the SIS's own spelling of a name of a grade, whatever its letters and spaces."""
    spelling = _find(options, name)
    if spelling is None:
        not_found(
            "grade_not_found",
            f"The SIS has no grade {name!r}. Nothing was saved.",
            f"It has: {', '.join(each.name for each in options)}.",
        )
    return spelling


def _find(options: list[GradeOption], name: str) -> str | None:
    key = " ".join(name.split()).casefold()
    return next((each.name for each in options if each.name.casefold() == key), None)


def _meaning(options: list[GradeOption], schools: list[SchoolInSis], pair: str) -> Meaning:
    """Return what a name means, from a pair such as "Year 13=12" or "Prep@300=8"."""
    name, equals, written = pair.rpartition("=")
    is_none = written.strip().casefold() == "none"
    level = None if is_none else grade(written)
    is_level = level is not None and LOWEST_NAMED <= level <= LAST_GRADE
    if not equals or not (is_none or is_level):
        raise Refusal(
            Exit.USAGE,
            "grade_meaning_unreadable",
            f"{pair!r} is not the name of a grade and a level. Nothing was saved.",
            'Write it like "Year 13=12", "Prep=K", "Prep@300=8" or "Staff=none".',
        )
    at_school, at, school = name.rpartition("@")
    if not at or _find(options, name) is not None:
        return Meaning(_named(options, name), "", level)
    return Meaning(_named(options, at_school), _known_school(schools, school.strip()), level)


def _known_school(schools: list[SchoolInSis], key: str) -> str:
    keys = [each.key for each in schools]
    if key not in keys:
        not_found(
            "sis_school_not_found",
            f"The SIS has no school {key!r}. Nothing was saved.",
            f"It has: {', '.join(keys)}.",
        )
    return key


def _chosen(
    integration: Integration, schools: list[SchoolInSis], keys: tuple[str, ...]
) -> list[SchoolInSis]:
    known = {each.key: each for each in schools}
    if not keys:
        keys = tuple(each["key"] for each in integration.schools)
        return [known[key] for key in keys if key in known]
    return [known[_known_school(schools, key)] for key in keys]


def _document(
    integration: Integration, grades: list[GradeOption], schools: list[SchoolInSis]
) -> Document:
    chosen = {each["key"] for each in integration.schools}
    return {
        "source": integration.source,
        "grades": [each.stored() | {"new": each.is_new} for each in grades],
        "schools": [
            {"key": each.key, "name": each.name, "chosen": each.key in chosen} for each in schools
        ],
    }
