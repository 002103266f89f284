"""Which grades and schools of a SIS are pulled in: the decisions, and runs that follow them."""

import pytest

from rollbook.roster.planning.changes import ChangeKind
from rollbook.roster.planning.selecting import doubted_levels
from rollbook.roster.values.grades import level_of, name_at
from rollbook.schools.models import AuditEntry, School
from rollbook.sources.discovery import GradeInSis, SchoolInSis
from rollbook.standins.people import SCHOOLS
from rollbook.standins.standin import StandIn
from rollbook.sync.models import Change, Integration, Issue, Run, RunState
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import roster_choice
from rollbook.sync.setup.roster_choice import GradeOption, RosterChoice
from rollbook.sync.words.selection import selection_words
from tests.cli.conftest import Command, inside
from tests.sync.test_pipeline import complete, held, sync

__all__ = ["inside"]
pytestmark = pytest.mark.django_db

HIGH = [9, 10, 11, 12]


def offer(*names: str, by_school: dict[str, int] | None = None) -> list[GradeInSis]:
    counts = by_school or {"": 30}
    return [GradeInSis(name, sum(counts.values()), counts) for name in names]


def option(name: str, level: int | None, chosen: bool, is_new: bool = False) -> GradeOption:
    return GradeOption(name, 30, level, chosen, is_new)


def saved(integration: Integration, *options: GradeOption, schools: tuple[str, ...] = ()) -> None:
    chosen = [SchoolInSis(key, f"School {key}", 1) for key in schools]
    choice = RosterChoice(list(options), chosen)
    roster_choice.store(integration, choice, several_schools=bool(schools))
    integration.save()


def test_what_a_sis_offers_is_chosen_where_its_level_is() -> None:
    integration = Integration(grades=[9, 10])
    assert roster_choice.offered_grades(integration, offer("G9", "Year 11", "Kindy")) == [
        option("G9", 9, chosen=True),
        option("Year 11", 11, chosen=False),
        option("Kindy", None, chosen=False, is_new=True),
    ]


def test_nothing_is_new_to_a_school_that_has_chosen_nothing_yet() -> None:
    assert roster_choice.offered_grades(None, offer("Kindy")) == [option("Kindy", None, False)]


def test_decisions_are_remembered_and_a_name_that_is_gone_stays() -> None:
    integration = Integration(grades=[9])
    saved_names = [option("Kindy", 0, chosen=True), option("Form 9", 9, chosen=False)]
    integration.grade_names = [each.stored() for each in saved_names]
    offered = roster_choice.offered_grades(integration, offer("KINDY", "Form 9a"))
    assert offered == [
        option("KINDY", 0, chosen=True),
        option("Form 9a", None, chosen=False, is_new=True),
        option("Form 9", 9, chosen=False)._replace(students=0),
    ]


def test_students_are_counted_in_the_chosen_schools() -> None:
    grades = offer("9", by_school={"100": 20, "200": 5})
    (all_schools,) = roster_choice.offered_grades(None, grades)
    (one_school,) = roster_choice.offered_grades(None, grades, ["200"])
    assert (all_schools.students, one_school.students) == (25, 5)


def test_names_that_came_in_a_run_are_offered_as_new() -> None:
    options = roster_choice.with_new_names([option("9", 9, True)], {"9": 30, "G9": 3})
    assert options[1] == GradeOption("G9", 3, None, chosen=False, is_new=True)


def test_a_person_decides_about_each_name_and_says_what_it_means() -> None:
    options = [option("Kindy", None, False, is_new=True), option("9", 9, True)]
    assert roster_choice.decided(options, {"Kindy"}, {"Kindy": 0}) == [
        option("Kindy", 0, chosen=True)._replace(by_person=True),
        option("9", 9, chosen=False),
    ]


def test_a_meaning_is_remembered_and_no_guess_replaces_it() -> None:
    options = [option("Year 13", 13, chosen=True), option("Staff", None, chosen=False)]
    decided = roster_choice.decided(options, {"Year 13"}, {"Year 13": 12})
    integration = Integration(grade_names=[each.stored() for each in decided], grades=[12])
    assert integration.grade_meanings == {"year 13": 12}
    offered = roster_choice.offered_grades(
        integration, offer("Year 13", "YEAR 13", "Year 13 (Boarding)", "Year 12", "")
    )
    assert [(each.name, each.level, each.chosen, each.is_new) for each in offered] == [
        ("Year 13", 12, True, False),
        ("Year 13 (Boarding)", None, False, True),
        ("Year 12", 12, True, False),
        ("Staff", None, False, False),
    ]
    assert offered[0].students == 60, "the same name in other letters"


def test_meanings_that_a_person_changed_are_told_apart() -> None:
    before: dict[str, int | None] = {"prep": 0, "dp1": 11}
    after = before | {"prep": 8, "staff": None}
    assert roster_choice.changed_meanings(before, after) == {"prep": 8, "staff": None}


def test_levels_decide_about_the_names_that_mean_one() -> None:
    options = [option("Kindy", None, True), option("G9", 9, True), option("G10", 10, False)]
    assert roster_choice.decided_by_level(options, [10]) == [
        option("Kindy", None, chosen=True),
        option("G9", 9, chosen=False),
        option("G10", 10, chosen=True),
    ]


def test_a_choice_of_nothing_is_refused(integration: Integration) -> None:
    with pytest.raises(SettingRefused, match="at least one grade"):
        saved(integration, option("9", 9, False))
    choice = RosterChoice([option("9", 9, True)], [])
    with pytest.raises(SettingRefused, match="at least one school"):
        roster_choice.store(integration, choice, several_schools=True)


def test_only_students_of_the_chosen_schools_come_in(
    integration: Integration, standin: StandIn
) -> None:
    number = SCHOOLS[0].number
    grades = [option(str(level), level, chosen=True) for level in HIGH]
    saved(integration, *grades, schools=(str(number),))
    run = sync(integration)
    here = {each.dcid for each in standin.roster() if each.school_number == number}
    expected = {sis_id for sis_id in complete(standin, set(HIGH)) if int(sis_id) in here}
    assert set(held()) == expected
    assert run.roster_names["schools"] == {str(number): sum(run.roster_names["grades"].values())}
    assert selection_words(run.roster_settings) == f"9, 10, 11, 12 · School {number}"


def test_a_student_of_a_school_that_is_not_chosen_any_more_is_no_leaver(
    integration: Integration,
) -> None:
    sync(integration)
    grades = [option(str(level), level, chosen=True) for level in HIGH]
    saved(integration, *grades, schools=(str(SCHOOLS[0].number),))
    run = sync(integration)
    kinds = set(Change.objects.filter(run=run).values_list("kind", flat=True))
    assert kinds <= {ChangeKind.OUTSIDE_SELECTION} and run.state == RunState.DONE


def test_an_empty_school_holds_the_run(integration: Integration) -> None:
    grades = [option(str(level), level, chosen=True) for level in HIGH]
    saved(integration, *grades, schools=(str(SCHOOLS[0].number), "4711"))
    first = sync(integration)
    names = first.roster_names
    names["schools"]["4711"] = 70  # as if the school had been there
    Run.objects.filter(pk=first.pk).update(roster_names=names)
    run = sync(integration)
    assert run.state == RunState.ON_HOLD
    assert [alarm["code"] for alarm in run.alarms] == ["school_empty"]


def test_a_grade_that_is_not_selected_costs_no_error(integration: Integration) -> None:
    saved(integration, option("9", 9, chosen=True), option("10", 10, chosen=False))
    run = sync(integration)
    assert not Issue.objects.filter(run=run, code__startswith="grade").exists()
    assert run.roster_settings.selection.names == {"9": True, "10": False}


def test_a_new_choice_lifts_the_limit_for_new_students_once(
    integration: Integration, school: School
) -> None:
    saved(integration, option("9", 9, chosen=True))
    sync(integration)
    saved(integration, *(option(str(level), level, chosen=True) for level in HIGH))
    run = sync(integration)
    assert (run.state, run.alarms) == (RunState.DONE, []) and run.counts["new"] > 5


def test_the_command_shows_and_chooses_grades_and_schools(
    integration: Integration, inside: Command
) -> None:
    refused = inside("integration", "select", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (3, "sis_not_asked")
    assert inside("integration", "check", "--json").code == 0
    shown = inside("integration", "select", "--json").json["selection"]
    assert len(shown["schools"]) > 1 and not any(each["chosen"] for each in shown["schools"])
    unknown = inside("integration", "select", "--sis-school", "4711", "--json")
    assert unknown.json["error"]["code"] == "sis_school_not_found"
    key = shown["schools"][-1]["key"]
    chosen = inside("integration", "select", "--sis-school", key, "--without-grade", "9", "--json")
    assert chosen.code == 0
    integration.refresh_from_db()
    assert [each["key"] for each in integration.schools] == [key]
    assert integration.grades == [10, 11, 12]


def test_the_command_says_what_a_grade_means(integration: Integration, inside: Command) -> None:
    options = [option("Year 13", 13, chosen=True), option("Kindy", None, chosen=False)]
    saved(integration, *options)
    select = ("integration", "select", "--json", "--grade-meaning")
    for pair, code in (("Year 13", 2), ("Year 13=thirteen", 2), ("Kindy=99", 2), ("Year 8=8", 6)):
        assert inside(*select, pair).code == code
    shown = inside(*select, "year  13=12", "--grade-meaning", "Kindy=K").json["selection"]
    meanings = {each["name"]: (each["level"], each["by_person"]) for each in shown["grades"]}
    assert meanings == {"Year 13": (12, True), "Kindy": (0, True)}
    integration.refresh_from_db()
    assert integration.grade_meanings == {"year 13": 12, "kindy": 0}
    assert integration.grades == [12]
    entry = AuditEntry.objects.filter(action="integration.selected").latest("pk")
    assert entry.detail["grade_meanings"] == {"year 13": 12, "kindy": 0}
    assert inside(*select, "Year 13=none").code == 0
    integration.refresh_from_db()
    assert integration.grade_meanings["year 13"] is None


def test_a_changed_meaning_changes_graduation_years_and_holds_the_run(
    integration: Integration,
) -> None:
    integration.mapping = [
        ["graduation_year_by_grade_12" if field == "graduation_year" else source, field]
        for source, field in integration.mapping
    ]
    options = [option(str(level), level, chosen=True) for level in HIGH]
    saved(integration, *options)
    sync(integration)
    levels: dict[str, int | None] = {"9": 8, "10": 9, "11": 10, "12": 11}
    saved(integration, *roster_choice.decided(options, {"9", "10", "11", "12"}, levels))
    run = sync(integration)
    assert (run.state, [each["code"] for each in run.alarms]) == (RunState.ON_HOLD, ["years"])
    change = Change.objects.filter(run=run, kind=ChangeKind.UPDATED).earliest("pk")
    assert change.after["graduation_year"] == change.before["graduation_year"] + 1
    assert selection_words(run.roster_settings).startswith("9 (Grade 8), 10 (Grade 9)")


def test_a_name_may_mean_something_else_at_one_school(
    integration: Integration, inside: Command
) -> None:
    saved(integration, option("Prep", 0, chosen=True), schools=("100", "300"))
    select = ("integration", "select", "--json", "--grade-meaning")
    unknown = inside(*select, "Prep@400=8").json
    assert unknown["error"]["code"] == "sis_school_not_found"
    shown = inside(*select, "prep@300=8").json["selection"]
    assert shown["grades"][0]["at_schools"] == {"300": 8}
    integration.refresh_from_db()
    meanings = integration.grade_meanings
    assert meanings == {name_at("Prep", "300"): 8}
    assert (level_of("Prep", meanings, "300"), level_of("Prep", meanings, "100")) == (8, 0)
    assert doubted_levels(meanings) == frozenset(), "only one school calls it so"
    offered = roster_choice.offered_grades(integration, offer("Prep"))
    assert offered[0].at_schools == {"300": 8}, "remembered"
    assert inside(*select, "Prep@300=K").json["selection"]["grades"][0]["at_schools"] == {}
