"""The summary of a run: its lines in words and in numbers."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from rollbook.roster.records import Severity
from rollbook.schools.models import School, User
from rollbook.sync.models import Mode, Run, RunState, Trigger
from rollbook.sync.report import summary
from rollbook.sync.report.counts import has_plan
from tests.sync.report_runs import a_run, linked, new, problem

pytestmark = pytest.mark.django_db


def lines(run: Run) -> dict[str, str | int]:
    return dict(summary.summary(run))


def test_the_summary_names_the_run_its_times_with_the_zone_and_the_grades_in_words(
    school: School, administrator: User
) -> None:
    run = a_run(school, trigger=Trigger.PERSON, requested_by=administrator)
    run.settings["grades"] = [-1, 0, 9]
    told = lines(run)
    assert (told["Uploader type"], told["School"], told["Mode"], told["State"]) == (
        "PowerSchool Student",
        "Lincoln High School",
        "Live",
        "Finished",
    )
    assert (told["Started by"], told["Grades"]) == ("Ada Admin", "Pre-K, K, 9")
    assert (told["Started"], told["Duration"]) == (
        "2026-07-04 14:00:00 (America/New_York)",
        "3 min 5 s",
    )


def test_the_summary_counts_every_kind_and_severity(school: School) -> None:
    told = lines(
        a_run(
            school,
            [new(), new("2"), linked()],
            [problem(), problem("personal_email_invalid", Severity.WARNING)],
        )
    )
    assert {
        key: told[key]
        for key in (
            "Pages read",
            "Students read",
            "New",
            "Linked",
            "Updated",
            "Unchanged",
            "Returning",
        )
    } == {
        "Pages read": 4,
        "Students read": 321,
        "New": 2,
        "Linked": 1,
        "Updated": 0,
        "Unchanged": 7,
        "Returning": 0,
    }
    assert (told["Errors"], told["Warnings"], told["Notes"]) == (1, 1, 0)
    assert (
        told["Outside the selected grades"],
        told["No longer in the SIS"],
        told["Protected"],
    ) == (0, 0, 0)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"mode": Mode.TEST}, "This was a test run: no account was changed."),
        ({}, "1 account was created and 1 was linked."),
        ({"state": RunState.ON_HOLD}, "This run is on hold: no account has been changed yet."),
        ({"state": RunState.FAILED}, "This run failed: no account was changed."),
        ({"state": RunState.DISCARDED}, "This run was discarded: no account was changed."),
        (
            {"state": RunState.FETCHING},
            "This run is not finished: no account has been changed yet.",
        ),
        ({"state": RunState.UNDONE}, "This run was undone: its changes were reversed."),
    ],
)
def test_the_summary_says_in_a_plain_sentence_what_was_changed(
    school: School, columns: dict[str, Any], sentence: str
) -> None:
    assert lines(a_run(school, [new(), linked()], **columns))["What was changed"] == sentence


def test_the_summary_says_when_nothing_had_to_be_changed_and_when_accounts_were_overtaken(
    school: School,
) -> None:
    in_step = "Nothing changed: every account was in step already."
    assert lines(a_run(school, counts={"unchanged": 321}))["What was changed"] == in_step
    assert (
        lines(a_run(school, counts={"unchanged": 320, "error": 1}))["What was changed"]
        == "No account had to be changed."
    )
    run = a_run(school, [linked()])
    run.changes.update(outcome="overtaken")
    assert str(lines(run)["What was changed"]).startswith(
        "No account was changed. 1 account was left as it is"
    )


def test_the_summary_of_a_failed_run_says_why_and_what_to_do(school: School) -> None:
    run = a_run(
        school,
        state=RunState.FAILED,
        error_what="The login was refused.",
        error_remedy="Enter the secret again.",
        counts={},
    )
    assert (lines(run)["What went wrong"], lines(run)["What to do"]) == (
        "The login was refused.",
        "Enter the secret again.",
    )
    assert not has_plan(run)


def test_durations_read_as_people_say_them(school: School) -> None:
    now = timezone.now()
    spans = {0.2: "0 s", 42: "42 s", 185: "3 min 5 s", 3720: "1 h 2 min"}
    for seconds, words in spans.items():
        run = a_run(school, started_at=now, finished_at=now + timedelta(seconds=seconds))
        assert lines(run)["Duration"] == words


def test_a_zone_that_does_not_exist_falls_back_to_utc(school: School) -> None:
    school.timezone = "Mars/Olympus_Mons"
    assert lines(a_run(school))["Started"] == "2026-07-04 18:00:00 (UTC)"
