"""Guards: what holds a plan, and what doesn't."""

import pytest

from rollbook.roster.planning.guards import (
    ClearedField,
    ErrorCause,
    Limits,
    PlanCounts,
    StudentGroup,
    is_many,
    review,
    review_upload,
)

USUAL = Limits()


def held_by(
    counts: dict[str, int], limits: Limits = USUAL, groups: tuple[StudentGroup, ...] = ()
) -> list[str]:
    usual = {"read": 1_000, "accounts": 1_000, "expected": 1_000}
    return [alarm.code for alarm in review(PlanCounts(usual | counts, groups), limits)]


@pytest.mark.parametrize(
    ("counts", "reasons"),
    [
        ({}, []),
        ({"read": 0}, ["roster_empty"]),
        ({"missing": 50}, []),  # 5 %, not more
        ({"missing": 51}, ["leavers"]),
        ({"missing": 5, "expected": 20}, []),  # 25 %, but not more than 5 students
        ({"missing": 6, "expected": 20}, ["leavers"]),
        ({"missing": 501}, ["leavers", "overlap"]),
        ({"missing": 1_000}, ["leavers", "overlap"]),
        ({"email_changed": 200}, []),
        ({"email_changed": 201}, ["emails"]),
        ({"email_changed": 5, "expected": 10}, []),
        ({"email_changed": 6, "expected": 10}, ["emails"]),
        ({"name_changed": 200}, []),
        ({"name_changed": 201}, ["names"]),
        ({"name_changed": 5, "expected": 10}, []),
        ({"name_changed": 6, "expected": 10}, ["names"]),
        ({"known_errors": 200}, []),
        ({"known_errors": 201}, ["errors"]),
        ({"known_errors": 5, "expected": 10}, []),
        ({"known_errors": 6, "expected": 10}, ["errors"]),
        ({"year_changed": 200}, []),
        ({"year_changed": 201}, ["years"]),
        ({"year_changed": 5, "expected": 10}, []),
        ({"year_changed": 6, "expected": 10}, ["years"]),
        ({"new": 300}, []),
        ({"new": 301}, ["newcomers"]),
        ({"new": 5, "expected": 10}, []),
        ({"new": 6, "expected": 10}, ["newcomers"]),
        ({"re_keyed": 60}, ["re_keyed"]),
        ({"expected": 0, "accounts": 0, "new": 900}, []),  # the first run
        ({"expected": 0, "accounts": 0, "read": 0}, ["roster_empty"]),
    ],
)
def test_each_guard_trips_above_its_limit_only(counts: dict[str, int], reasons: list[str]) -> None:
    assert held_by(counts) == reasons


def test_a_whole_year_or_grade_that_is_missing_holds_a_run_however_small_the_share() -> None:
    part, missing = StudentGroup("year", "2027", 40, 39), StudentGroup("grade", "12", 4, 4)
    assert held_by({"missing": 39}, groups=(part,)) == []
    assert held_by({"missing": 43}, groups=(part, missing)) == ["vanished"]
    assert (
        held_by({"missing": 1}, groups=(StudentGroup("year", "2031", 1, 1),)) == []
    )  # one student leaves: no class vanished


def test_limits_can_be_other_or_off_but_never_for_an_empty_roster_or_new_ids() -> None:
    off = Limits(
        *(None, 5, None, 5, None),
        vanished=False,
        names_percent=None,
        errors_percent=None,
        years_percent=None,
        new_percent=None,
    )
    missing = (StudentGroup("year", "2027", 40, 40),)
    everything = {"missing": 1_000, "email_changed": 900, "name_changed": 900, "re_keyed": 9}
    everything |= {"year_changed": 900, "new": 900}
    assert held_by({**everything, "known_errors": 900}, off, missing) == ["re_keyed"]
    assert held_by({"missing": 1_000, "read": 0}, off, missing) == ["roster_empty"]
    assert held_by({"missing": 90}, Limits(leavers_percent=10)) == []
    assert held_by({"missing": 90}, Limits(leavers_count=100)) == []


def test_an_empty_roster_is_the_only_alarm() -> None:
    assert held_by(
        {"missing": 1_000, "read": 0}, groups=(StudentGroup("year", "2027", 40, 40),)
    ) == ["roster_empty"]


def test_the_numbers_of_an_alarm_fill_its_sentence() -> None:
    groups = (StudentGroup("grade", "12", 140, 131), StudentGroup("grade", "9", 300, 7))
    (alarm,) = review(
        PlanCounts({"read": 1_102, "accounts": 1_240, "expected": 1_240, "missing": 138}, groups),
        Limits(),
    )
    assert (
        alarm.numbers["missing"] == 138
        and round(alarm.numbers["percent"], 1) == 11.1
        and alarm.numbers["limit"] == 5
    )
    assert alarm.numbers["groups"] == {"grade 12": 131, "grade 9": 7}


def test_single_students_under_new_ids_are_no_rekey() -> None:
    assert not is_many(5, 20, Limits())
    assert not is_many(6, 1_000, Limits())
    assert is_many(60, 1_000, Limits())
    assert not is_many(0, 0, Limits())


@pytest.mark.parametrize(
    ("cleared", "codes"),
    [
        ([("gender", 200, 1_000)], []),
        ([("gender", 201, 1_000)], ["blanks"]),
        ([("gender", 29, 30)], ["blanks"]),  # of those who have a value
        ([("gender", 5, 5)], []),
        ([("gender", 6, 6)], ["blanks"]),
        ([("gender", 100, 1_000), ("home_room", 150, 1_000)], []),  # each field by itself
    ],
)
def test_blanks_that_clear_many_values_of_a_field_hold_a_run(
    cleared: list[tuple[str, int, int]], codes: list[str]
) -> None:
    fields = tuple(ClearedField(*field) for field in cleared)
    counts = {"read": 1_000, "expected": 1_000}
    alarms = review(PlanCounts(counts, (), None, fields), USUAL)
    assert [alarm.code for alarm in alarms] == codes
    off = USUAL._replace(blanks_percent=None)
    assert review(PlanCounts(counts, (), None, fields), off) == []


def test_an_alarm_for_blanks_names_each_field() -> None:
    fields = ClearedField("gender", 39, 40), ClearedField("home_room", 20, 40)
    counts = {"read": 40, "expected": 40}
    (alarm,) = review(PlanCounts(counts, (), None, fields), USUAL)
    assert (alarm.numbers["field"], alarm.numbers["changed"], alarm.numbers["expected"]) == (
        "gender",
        39,
        40,
    )
    assert alarm.numbers["other_fields"] == ["home_room"]


def test_an_alarm_for_errors_names_the_most_frequent_one() -> None:
    cause = ErrorCause("required_empty", "email", 300)
    (alarm,) = review(
        PlanCounts({"read": 400, "expected": 400, "known_errors": 320}, (), cause), USUAL
    )
    assert (alarm.code, alarm.numbers["changed"], alarm.numbers["percent"]) == ("errors", 320, 80)
    assert alarm.numbers["cause"] == {"code": "required_empty", "field": "email", "number": 300}


def test_an_upload_is_asked_about_what_it_changes_and_not_about_who_is_missing() -> None:
    counts = {"expected": 30, "missing": 30, "re_keyed": 30}
    assert review_upload(PlanCounts(counts), USUAL) == []
    every = counts | {"email_changed": 7, "name_changed": 7, "known_errors": 7, "other_people": 6}
    codes = [alarm.code for alarm in review_upload(PlanCounts(every), USUAL)]
    assert codes == ["other_rows", "emails", "names", "row_errors"]
    few = {name: min(number, 5) for name, number in every.items()}
    assert review_upload(PlanCounts(few), USUAL) == []
