"""What a person chose for the name of a grade goes before what Rollbook guesses."""

from typing import Any

import pytest

from rollbook.roster.planning.selecting import Choice, doubted_levels, grade_choice
from rollbook.roster.records import Selection
from rollbook.roster.values.grades import level_of
from rollbook.sources.reckoned_year import YearReckoner

MEANINGS = {"year 13": 12, "prep": 8, "g9": 9, "staff": None, "dp1": 11, "dp 2": 12, "9": 8}


@pytest.mark.parametrize(
    ("written", "level"),
    [
        *(("Year 13", 12), (" YEAR 13 ", 12), ("Prep", 8), ("DP1", 11), ("DP 2", 12)),
        *((9, 8), ("9", 8), ("staff", None), ("Year 12", 12), ("Nursery", -1)),
        *(("PYP 3", None), ("Kindy", None), (None, None), ("", None), ([9], None)),
    ],
)
def test_a_meaning_that_a_person_chose_goes_before_the_guess(
    written: Any, level: int | None
) -> None:
    assert level_of(written, MEANINGS) == level


@pytest.mark.parametrize(
    ("written", "level"),
    [
        *(("Year 7", 7), ("Year 13", 13), ("Reception", 0), ("Nursery", -1)),
        *(("Prep", 0), ("Foundation", 0), ("Kindergarten", 0), ("Year 12", 12)),
        *(("PYP 3", None), ("MYP 2", None), ("DP1", None)),
        *(("K", 0), ("KG", 0), ("PK3", -2), ("TK", 0), ("09", 9), ("Freshman", 9), ("PG", 13)),
    ],
)
def test_names_of_many_countries_are_guessed_only_where_that_is_certain(
    written: str, level: int | None
) -> None:
    assert level_of(written, {}) == level


def test_the_graduation_year_is_reckoned_from_the_meaning() -> None:
    def year(grade: Any, meanings: dict[str, int | None]) -> int | None:
        record: dict[str, Any] = {}
        YearReckoner(["graduation_year_by_grade_12"], meanings).put_years(record, grade)
        return record.get("graduation_year_by_grade_12")

    twelfth = year("12", {})
    assert twelfth is not None
    assert year("Year 13", MEANINGS) == twelfth
    assert year("Year 13", {}) is None, "after the last grade"
    assert year("DP1", MEANINGS) == twelfth + 1
    assert year("DP 2", MEANINGS) == year("Year 13", MEANINGS), "two names of one meaning"
    assert year("Staff", MEANINGS) is None


def test_a_year_that_was_reckoned_otherwise_is_replaced() -> None:
    record: dict[str, Any] = {"graduation_year_by_grade_12": 1999}
    YearReckoner(["graduation_year_by_grade_12"], {"prep": None}).put_years(record, "Prep")
    assert record == {}


def test_a_corrected_guess_makes_other_names_of_that_level_undecided() -> None:
    doubted = doubted_levels({"year 13": 12, "year 12": 12, "g9": 9, "prep": 8, "kindy": 0})
    assert doubted == {13, 0}, "Prep was guessed to be the year before Year 1"
    selection = Selection(frozenset({12, 13}), {"year 13": True}, doubted=doubted)
    choices = [grade_choice(selection, name) for name in ("Year 13", "Year 13 (Boarding)", "12")]
    assert choices == [Choice.IMPORTED, Choice.UNDECIDED, Choice.IMPORTED]
