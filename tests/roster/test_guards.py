"""Guards look at a plan's counts and name their reasons to hold it."""

from rollbook.roster.guards import review


def test_an_empty_roster_is_held_and_says_how_many_accounts_there_are() -> None:
    alarms = review({"read": 0, "accounts": 812, "not_in_roster": 812})
    assert [(alarm.code, alarm.numbers) for alarm in alarms] == [("roster_empty", {"accounts": 812})]


def test_an_empty_roster_is_held_in_a_school_without_accounts_too() -> None:
    assert [alarm.code for alarm in review({})] == ["roster_empty"]


def test_an_ordinary_plan_goes_on() -> None:
    assert review({"read": 800, "accounts": 812, "new": 3, "unchanged": 797, "not_in_roster": 15}) == []
