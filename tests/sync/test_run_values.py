"""Counts and settings of runs: typed in use, stored as JSON, old rows included."""

from rollbook.roster.planning.changes import ChangeKind
from rollbook.roster.records import Severity
from rollbook.sync.models import FieldRule, RosterCounts, RosterSettings, RunCounts, UndoSettings


def test_every_change_kind_and_severity_is_counted() -> None:
    assert {*ChangeKind, *Severity} <= set(RunCounts.__struct_fields__)


def test_counts_of_an_older_version_are_loaded() -> None:
    counts = RosterCounts.load({"new": 3, "counted_once_upon_a_time": 7})
    assert (counts.new, counts.updated, counts.expected) == (3, 0, 0)


def test_kinds_without_rows_are_not_stored_and_other_counts_are() -> None:
    stored = RosterCounts(read=5, updated=2).stored()
    assert (stored["read"], stored["updated"], stored["unchanged"], stored["expected"]) == (
        5,
        2,
        0,
        0,
    )
    assert "new" not in stored and "error" not in stored


def test_counts_come_back_as_they_were_stored() -> None:
    counts = RosterCounts(read=5, updated=2, missing=1)
    assert RosterCounts.load(counts.stored()) == counts


def test_settings_of_an_older_version_are_loaded() -> None:
    settings = RosterSettings.load({"grades": [9], "mapping": [["id", "sis_id"]], "gone": 1})
    assert (settings.grades, settings.mapping) == ((9,), (("id", "sis_id"),))
    assert (settings.field_rules, settings.limits, settings.only_adds) == ({}, None, False)


def test_settings_come_back_as_they_were_stored() -> None:
    rules = {"email": FieldRule(wins="app"), "gender": FieldRule(blank_clears=True)}
    settings = RosterSettings(grades=(9, 10), mapping=(("id", "sis_id"),), field_rules=rules)
    assert settings.stored()["field_rules"] == {
        "email": {"wins": "app"},
        "gender": {"blank_clears": True},
    }
    assert RosterSettings.load(settings.stored()) == settings


def test_the_undo_of_a_whole_run_stores_no_student() -> None:
    assert UndoSettings(variant="v3").stored() == {"variant": "v3"}
