"""Which records are imported, by the names that a SIS has for its grades and schools."""

from typing import Any

import pytest

from rollbook.roster.planning.guards import Limits, PlanCounts, review
from rollbook.roster.planning.selecting import (
    Choice,
    RenamedGrades,
    Selector,
    grade_choice,
    renamed_grades,
)
from rollbook.roster.records import Selection

BY_LEVEL = Selection(frozenset({9, 10}))
BY_NAME = Selection(frozenset({9}), {"novices": True, "grade 9": False, "infant/toddler": False})
IN_SCHOOLS = Selection(frozenset({9}), schools=frozenset({"100", "0200"}))


def choice(selection: Selection, grade: Any, school: Any = None) -> Choice:
    return Selector(selection, "grade", "school").choose({"grade": grade, "school": school})


@pytest.mark.parametrize(
    ("grade", "expected"),
    [
        *((9, Choice.IMPORTED), ("09", Choice.IMPORTED), ("Year 10", Choice.IMPORTED)),
        *((11, Choice.OUTSIDE), ("Grade 12 (IB2)", Choice.OUTSIDE), (99, Choice.OUTSIDE)),
        *(("Novices", Choice.UNDECIDED), ("Kindy", Choice.UNDECIDED), ("?", Choice.UNDECIDED)),
        *(("", Choice.NO_GRADE), (None, Choice.NO_GRADE), (" ", Choice.NO_GRADE)),
        *(([9], Choice.NO_GRADE), ({}, Choice.NO_GRADE), ("9" * 500, Choice.NO_GRADE)),
    ],
)
def test_a_name_that_nobody_decided_about_counts_as_its_level(grade: Any, expected: Choice) -> None:
    assert choice(BY_LEVEL, grade) is expected


@pytest.mark.parametrize(
    ("grade", "expected"),
    [
        *(("Novices", Choice.IMPORTED), ("NOVICES", Choice.IMPORTED)),
        *((" novices ", Choice.IMPORTED), ("Grade 9", Choice.OUTSIDE)),
        *(("G9", Choice.IMPORTED), (9, Choice.IMPORTED), ("Infant/Toddler", Choice.OUTSIDE)),
        *(("Kindy", Choice.UNDECIDED), ("10", Choice.OUTSIDE)),
    ],
)
def test_what_a_person_decided_about_a_name_goes_before_its_level(
    grade: Any, expected: Choice
) -> None:
    assert choice(BY_NAME, grade) is expected


@pytest.mark.parametrize(
    ("school", "expected"),
    [
        *((100, Choice.IMPORTED), ("100", Choice.IMPORTED), ("0200", Choice.IMPORTED)),
        *((200, Choice.OUTSIDE), (999999, Choice.OUTSIDE), (None, Choice.OUTSIDE)),
        *((True, Choice.OUTSIDE), ([100], Choice.OUTSIDE)),
    ],
)
def test_students_of_other_schools_are_outside(school: Any, expected: Choice) -> None:
    assert choice(IN_SCHOOLS, 9, school) is expected


def test_a_student_of_another_school_costs_no_decision_about_the_grade() -> None:
    assert choice(IN_SCHOOLS, "Kindy", 300) is Choice.OUTSIDE
    assert choice(IN_SCHOOLS, "", 300) is Choice.OUTSIDE


def test_true_is_not_taken_for_the_first_grade() -> None:
    selector = Selector(Selection(frozenset({1})), "grade")
    assert selector.choose({"grade": 1}) is Choice.IMPORTED
    assert selector.choose({"grade": True}) is not Choice.IMPORTED


def test_students_are_counted_by_grade_and_chosen_school() -> None:
    selector = Selector(IN_SCHOOLS, "grade", "school")
    for grade, school in [(9, 100), ("9", "100"), (10, 100), ("Kindy", "0200"), (9, 300)]:
        selector.choose({"grade": grade, "school": school})
    assert selector.counts() == {
        "grades": {"9": 2, "10": 1, "Kindy": 1},
        "schools": {"100": 3, "0200": 1},
    }


def test_a_sis_with_endless_names_does_not_fill_the_memory() -> None:
    selector = Selector(BY_LEVEL, "grade")
    for number in range(5_000):
        selector.choose({"grade": f"Group {number}"})
    assert len(selector.counts()["grades"]) == 1_000


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        # Renamed to a name that nobody decided about, or that means a grade outside.
        ({"9": 30}, {"Novices": 30}, RenamedGrades({"9": 30}, {"Novices": 30})),
        ({"9": 30, "10": 8}, {"Year 11": 29, "10": 8}, RenamedGrades({"9": 30}, {"Year 11": 29})),
        # Renamed to a name that is imported as well.
        ({"9": 30}, {"Grade 9": 30}, None),
        # Nothing is new, or nothing is gone.
        ({"9": 30, "10": 8}, {"10": 8}, None),
        ({"9": 30}, {"9": 30, "Kindy": 12}, None),
        # One student may have left with the name; a grade outside may be called anything.
        ({"9": 1}, {"Novices": 30}, None),
        ({"12": 30}, {"Leavers": 30}, None),
    ],
)
def test_a_grade_that_the_sis_has_renamed_is_noticed(
    before: dict[str, int], now: dict[str, int], expected: RenamedGrades | None
) -> None:
    assert renamed_grades(BY_LEVEL, before, now) == expected


def test_a_renamed_grade_and_an_empty_school_hold_the_run() -> None:
    counts = {"read": 100, "expected": 100}
    renamed = RenamedGrades({"9": 30}, {"Novices": 30})
    plan = PlanCounts(counts, renamed=renamed, empty_schools={"Hill School": 70})
    assert [(alarm.code, alarm.numbers) for alarm in review(plan, Limits())] == [
        ("grades_renamed", {"gone": {"9": 30}, "new": {"Novices": 30}}),
        ("school_empty", {"schools": {"Hill School": 70}}),
    ]


def test_a_decision_is_found_in_any_case_of_letters() -> None:
    assert grade_choice(Selection(frozenset(), {"straße": True}), "STRASSE") is Choice.UNDECIDED
    assert grade_choice(Selection(frozenset(), {"strasse": True}), "STRASSE") is Choice.IMPORTED
