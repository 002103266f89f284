"""Step 2 Upload & Integration History, and the page of one run."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.roster.planning.changes import ChangeKind
from rollbook.schools.models import School, User
from rollbook.sync.models import Mode, Run, RunState
from rollbook.sync.words.kinds import applied_words
from rollbook.web.templatetags.ui import initials, span
from tests.web.conftest import MakeRun

pytestmark = pytest.mark.django_db


def page_of(client: Client, run: Run, name: str = "run", **query: str) -> str:
    response = client.get(reverse(name, args=[run.school_id, run.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_history_is_empty_at_first_and_says_what_to_do(admin: Client, school: School) -> None:
    page = admin.get(reverse("history", args=[school.pk])).content.decode()
    assert "No run yet" in page
    assert "Start Setup and Integrate" in page


def test_the_history_names_test_runs_and_live_runs(
    admin: Client, school: School, make_run: MakeRun
) -> None:
    make_run(mode=Mode.TEST, counts={"new": 1240, "updated": 7, "error": 2})
    make_run(
        mode=Mode.LIVE,
        started_at=datetime(2026, 3, 1, 7, 4, tzinfo=UTC),
        finished_at=datetime(2026, 3, 1, 7, 6, 5, tzinfo=UTC),
    )
    page = admin.get(reverse("history", args=[school.pk])).content.decode()
    for words in (
        ">Test PowerSchool Student<",
        ">PowerSchool Student<",
        "1,240",
        "Finished, with errors",
        "2 min 5 s",
        "Ada Admin",
    ):
        assert words in page, words
    assert "America/New_York (UTC-" in page


def test_times_are_in_the_schools_zone(admin: Client, make_run: MakeRun) -> None:
    run = make_run()
    Run.objects.update(requested_at=datetime(2026, 3, 1, 7, 4, tzinfo=UTC))
    page = page_of(admin, run)
    assert "2:04 AM" in page
    assert 'datetime="2026-03-01T02:04:00-05:00"' in page


def test_the_history_is_cut_into_pages(admin: Client, school: School, make_run: MakeRun) -> None:
    for _ in range(27):
        make_run()
    address = reverse("history", args=[school.pk])
    assert "1–25 of 27" in admin.get(address).content.decode()
    second = admin.get(address, {"page": "2"}).content.decode()
    assert "26–27 of 27" in second
    assert "26–27 of 27" in admin.get(address, {"page": "999"}).content.decode()
    assert "1–25 of 27" in admin.get(address, {"page": "x"}).content.decode()


def test_a_working_run_shows_how_far_it_is_and_asks_again_each_second(
    admin: Client, make_run: MakeRun
) -> None:
    run = make_run(
        RunState.FETCHING, pages_done=3, pages_total=12, students_done=300, students_total=1240
    )
    page = page_of(admin, run)
    for words in (
        "Reading students",
        "300 of 1,240 students read, page 3 of 12",
        "You can close this page",
        'hx-trigger="every 1s"',
    ):
        assert words in page, words
    assert '<progress aria-label="Reading students" value="300" max="1240">' in page


def test_only_a_change_of_stage_is_announced(admin: Client, make_run: MakeRun) -> None:
    run = make_run(RunState.FETCHING)
    assert "announce" not in page_of(admin, run, "run-progress", stage="fetching")
    assert 'id="announce"' in page_of(admin, run, "run-progress", stage="queued")
    Run.objects.update(state=RunState.DONE)
    done = page_of(admin, run, "run-progress", stage="fetching")
    assert ">Finished<" in done
    assert "every 1s" not in done


def test_a_failed_run_says_what_happened_what_was_not_touched_and_what_to_do(
    admin: Client, make_run: MakeRun
) -> None:
    run = make_run(
        RunState.FAILED,
        error_what="PowerSchool refused our sign-in.",
        error_remedy="Copy both again.",
    )
    page = page_of(admin, run)
    for words in (
        "PowerSchool refused our sign-in.",
        "Nothing was changed",
        "Copy both again.",
        "Open Step 1.1 Configure your SIS",
    ):
        assert words in page, words


def test_a_test_run_says_that_no_account_was_changed(admin: Client, make_run: MakeRun) -> None:
    assert "This was a test run: no account was changed" in page_of(admin, make_run(mode=Mode.TEST))
    assert "This was a test run" not in page_of(admin, make_run())


def test_a_held_run_is_approved_or_discarded_here(admin: Client, make_run: MakeRun) -> None:
    run = make_run(RunState.ON_HOLD, alarms=[{"code": "roster_empty", "numbers": {"accounts": 3}}])
    page = page_of(admin, run)
    for words in (
        "This run is on hold. Nothing was changed.",
        "without a single student",
        "Approve all",
        "Discard",
    ):
        assert words in page, words
    assert (
        '<dialog class="dialog" id="discard-dialog" aria-labelledby="discard-dialog-title" open>'
        in page_of(admin, run, confirm="discard")
    ), "without JavaScript"
    discard = reverse("discard", args=[run.school_id, run.pk])
    assert (
        "This run was discarded. No account was changed."
        in admin.post(discard, follow=True).content.decode()
    )
    run.refresh_from_db()
    assert run.state == RunState.DISCARDED
    assert "no longer on hold" in admin.post(discard, follow=True).content.decode()


def test_approving_lets_the_run_go_on(admin: Client, make_run: MakeRun) -> None:
    run = make_run(RunState.ON_HOLD)
    admin.post(reverse("approve", args=[run.school_id, run.pk]))
    run.refresh_from_db()
    assert run.state == RunState.PLANNED


def test_how_long_a_run_took_is_said_as_people_say_it() -> None:
    assert [span(timedelta(seconds=n)) for n in (0, 1, 48, 125)] == [
        "Under a second",
        "1 second",
        "48 seconds",
        "2 min 5 s",
    ]
    assert span(timedelta(0), "inside") == "under a second"
    assert applied_words({ChangeKind.NEW: 1240}) == "1,240 accounts were created."
    mixed = {
        ChangeKind.NEW: 2,
        ChangeKind.UPDATED: 1,
        ChangeKind.LINKED: 0,
        ChangeKind.RETURNING: 3,
    }
    assert applied_words(mixed) == "2 accounts were created, 1 was updated and 3 were brought back."
    assert applied_words({ChangeKind.NEW: 0}) == ""
    assert [initials(name) for name in ("Ada", "Ada Mary Admin", "")] == ["A", "AA", "?"]


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.FETCHING, RunState.PLANNED])
def test_a_run_under_way_is_cancelled_from_its_page_and_from_the_history(
    state: RunState, admin: Client, school: School, make_run: MakeRun
) -> None:
    run = make_run(state)
    history = admin.get(reverse("history", args=[school.pk])).content.decode()
    for page in (page_of(admin, run), history):
        assert "?confirm=cancel#cancel-dialog" in page
    dialog = page_of(admin, run, confirm="cancel")
    assert 'id="cancel-dialog" aria-labelledby="cancel-dialog-title" open>' in dialog
    assert "No account is changed" in dialog
    cancel = reverse("cancel", args=[run.school_id, run.pk])
    page = admin.post(cancel, follow=True).content.decode()
    assert "Cancelled by Ada Admin." in page and "Nothing was changed." in page
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert "already cancelled" in admin.post(cancel, follow=True).content.decode()


@pytest.mark.parametrize(
    ("state", "words"),
    [(RunState.APPLYING, "its changes are being written"), (RunState.DONE, "no longer waits")],
)
def test_a_run_that_applies_or_is_over_is_not_cancelled(
    state: RunState, words: str, admin: Client, make_run: MakeRun
) -> None:
    run = make_run(state)
    assert "cancel-dialog" not in page_of(admin, run)
    cancel = reverse("cancel", args=[run.school_id, run.pk])
    assert words in admin.post(cancel, follow=True).content.decode()
    run.refresh_from_db()
    assert run.state == state


def test_a_counselor_can_not_cancel_a_run(
    client: Client, counselor: User, make_run: MakeRun
) -> None:
    run = make_run(RunState.FETCHING)
    client.force_login(counselor)
    assert "cancel-dialog" not in page_of(client, run)
    assert client.post(reverse("cancel", args=[run.school_id, run.pk])).status_code == 403


@pytest.mark.parametrize(
    ("because", "words"),
    [("inactive", "Active was switched off"), ("test_run", "Test Run was switched on")],
)
def test_the_page_says_which_switch_ended_a_run(
    because: str, words: str, admin: Client, make_run: MakeRun
) -> None:
    ended_at = datetime(2026, 3, 1, 7, 6, 5, tzinfo=UTC)
    run = make_run(RunState.CANCELLED, cancelled_because=because, finished_at=ended_at)
    page = page_of(admin, run)
    assert words in page and "Nothing was changed." in page and "2:06 AM" in page
