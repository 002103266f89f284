"""Scheduled runs: one for each due time, one after downtime, a reason where none starts."""

import threading
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from django.db import connection

from rollbook.schools import clock
from rollbook.schools.clock import local_time
from rollbook.sync import pipeline
from rollbook.sync.models import (
    Integration,
    Mode,
    Notice,
    NoticeEvent,
    Run,
    RunState,
    Schedule,
    Trigger,
)
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.runs import requests
from rollbook.sync.setup import credentials, schedules
from rollbook.sync.worker.due import run_due

START = datetime(2026, 10, 12, tzinfo=UTC)  # a Monday


def set_up(
    integration: Integration,
    zone: str = "Asia/Singapore",
    days: list[int] | None = None,
    times: list[str] | None = None,
) -> Schedule:
    """Save a schedule at START, on whatever day this test runs."""
    schedules.ensure(integration)
    Schedule.objects.filter(integration=integration).update(enabled=False)
    return schedules.save(
        integration,
        None,
        schedules.checked(
            enabled=True, days=[6] if days is None else days, times=times or ["02:00"], zone=zone
        ),
        now=START,
    )


def end_active() -> None:
    for run in Run.objects.filter(state=RunState.QUEUED):
        pipeline.run_sync(run.pk)


@pytest.mark.django_db
class TestSchedules:
    def test_a_new_one_is_weekly_sunday_two_o_clock_in_singapore(
        self, integration: Integration
    ) -> None:
        schedule = schedules.ensure(integration)
        due = schedule.next_due_at
        assert due is not None
        assert local_time(due, "Asia/Singapore").strftime("%A %H:%M") == "Sunday 02:00"
        assert schedules.upcoming(schedule)[0] == due

    @pytest.mark.parametrize("zone", ["America/New_York", "Europe/London", "Australia/Sydney"])
    def test_five_weeks_over_a_clock_change_run_five_times_at_the_right_instants(
        self, integration: Integration, zone: str
    ) -> None:
        schedule = set_up(integration, zone)
        expected = schedules.upcoming(schedule, 5, START)
        moment = START
        while moment < START + timedelta(weeks=5):
            moment += timedelta(minutes=433)
            run_due(moment)
            end_active()
        runs_made = Run.objects.filter(trigger=Trigger.SCHEDULE, due_at__isnull=False).order_by(
            "due_at"
        )
        made = [run.due_at for run in runs_made if run.due_at]
        assert made == expected
        assert {local_time(each, zone).strftime("%A %H:%M") for each in made} == {"Sunday 02:00"}
        hours = {(later - earlier).total_seconds() / 3600 for earlier, later in pairwise(expected)}
        assert hours == ({168} if zone == "Australia/Sydney" else {168, 169})

    def test_three_weeks_off_make_one_catch_up_run(self, integration: Integration) -> None:
        schedule = set_up(integration)
        late = START + timedelta(weeks=3, days=1)
        assert run_due(late) == 1
        end_active()
        assert run_due(late) == 0
        schedule.refresh_from_db()
        assert schedule.next_due_at is not None and schedule.next_due_at > late
        assert Run.objects.count() == 1

    def test_test_run_left_on_makes_rehearsals(self, integration: Integration) -> None:
        Integration.objects.update(test_run=True)
        set_up(integration)
        run_due(START + timedelta(weeks=1))
        assert Run.objects.get().mode == Mode.TEST

    def test_switched_off_nothing_starts_and_nobody_is_mailed(
        self, integration: Integration
    ) -> None:
        set_up(integration)
        Integration.objects.update(active=False)
        assert run_due(START + timedelta(weeks=1)) == 0
        assert not Run.objects.exists() and not Notice.objects.exists()

    def test_a_held_run_is_not_passed_and_the_notice_says_so(
        self, integration: Integration
    ) -> None:
        set_up(integration)
        held = requests.request(integration, trigger=Trigger.PERSON).run
        Run.objects.filter(pk=held.pk).update(state=RunState.ON_HOLD)
        assert run_due(START + timedelta(weeks=1)) == 0
        notice = Notice.objects.get(event=NoticeEvent.DID_NOT_RUN)
        assert "on hold" in notice.reason
        assert Run.objects.count() == 1

    def test_two_integrations_that_are_due_together_run_one_after_the_other(
        self, integration: Integration, short_waits: None
    ) -> None:
        second = Integration.objects.create(
            school=integration.school,
            source="veracross",
            variant="v2",
            grades=[9],
            mapping=integration.mapping,
            test_run=True,
        )
        for name in ("user_name", "password", "client"):
            credentials.store(second, name, "http://127.0.0.1:9/abc" if name == "client" else "x")
        set_up(integration)
        set_up(second)
        due = START + timedelta(weeks=1)
        assert run_due(due) == 1
        assert run_due(due) == 0, "the other one waits"
        end_active()
        assert run_due(due) == 1
        assert {run.integration_id for run in Run.objects.all()} == {integration.pk, second.pk}
        assert not Notice.objects.filter(event=NoticeEvent.DID_NOT_RUN).exists()

    def test_a_zone_is_found_however_it_is_typed(self, integration: Integration) -> None:
        assert set_up(integration, " america/new york ").timezone == "America/New_York"

    def test_another_zone_forgets_what_was_due_before(self, integration: Integration) -> None:
        set_up(integration)
        later = START + timedelta(weeks=2)
        schedules.save(
            integration,
            None,
            schedules.checked(enabled=True, days=[6], times=["02:00"], zone="Europe/London"),
            now=later,
        )
        assert run_due(later) == 0

    def test_saved_unchanged_a_missed_run_is_still_started(self, integration: Integration) -> None:
        set_up(integration)
        later = START + timedelta(weeks=2)
        typed = schedules.checked(enabled=True, days=[6], times=["02:00"], zone="Asia/Singapore")
        schedules.save(integration, None, typed, now=later)
        assert run_due(later) == 1

    def test_a_due_time_that_is_too_far_away_is_put_right(self, integration: Integration) -> None:
        schedule = set_up(integration)
        due = schedule.next_due_at
        far = START + timedelta(days=400)
        for wrong in (far, None):
            Schedule.objects.filter(pk=schedule.pk).update(next_due_at=wrong)
            assert run_due(START) == 0
            schedule.refresh_from_db()
            assert schedule.next_due_at == due

    @time_machine.travel(START + timedelta(days=400))
    def test_a_worker_whose_clock_is_wrong_starts_nothing_too_early(
        self, integration: Integration
    ) -> None:
        schedule = schedules.ensure(integration)
        due = schedule.next_due_at
        assert run_due() == 0
        schedule.refresh_from_db()
        assert schedule.next_due_at == due
        assert abs(clock.seconds_ahead()) > 86_400 * 300

    def test_disabled_means_never_due(self, integration: Integration) -> None:
        schedules.save(
            integration,
            None,
            schedules.checked(enabled=False, days=[6], times=["02:00"], zone="UTC"),
            now=START,
        )
        assert run_due(START + timedelta(weeks=9)) == 0

    @pytest.mark.parametrize(
        ("days", "times", "zone", "field"),
        [
            ([], ["02:00"], "UTC", "days"),
            ([1], [], "UTC", "times"),
            ([1], ["25:00"], "UTC", "times"),
            ([1], ["02:00"], "Mars/Base", "timezone"),
        ],
    )
    def test_what_makes_no_sense_is_refused_by_name(
        self, integration: Integration, days: list[int], times: list[str], zone: str, field: str
    ) -> None:
        with pytest.raises(SettingRefused) as refused:
            schedules.save(
                integration,
                None,
                schedules.checked(enabled=True, days=days, times=times, zone=zone),
            )
        assert refused.value.field == field


@pytest.mark.django_db(transaction=True)
def test_six_workers_that_look_at_once_start_one_run(integration: Integration) -> None:
    set_up(integration)
    started: list[int] = []
    together = threading.Barrier(6)

    def look() -> None:
        together.wait()
        started.append(run_due(START + timedelta(weeks=1)))
        connection.close()

    workers = [threading.Thread(target=copy_context().run, args=(look,)) for _ in range(6)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sum(started) == 1
    assert Run.objects.count() == 1
