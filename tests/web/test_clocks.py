"""A web machine whose clock is wrong: what ends by the database's clock all the same."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from rollbook.schools import clock, slow_down
from rollbook.schools.models import School, TryCounter, User
from rollbook.sync.models import Run, Trigger

pytestmark = pytest.mark.django_db
FAR = timedelta(days=400)


@pytest.fixture(params=(FAR, -FAR), ids=("ahead", "behind"))
def wrong_clock(request: pytest.FixtureRequest) -> Any:
    with time_machine.travel(clock.now() + request.param):
        yield


def test_rows_get_the_time_of_the_database(wrong_clock: None, administrator: User) -> None:
    now = clock.now()
    school = School.objects.create(name="Clock", timezone="UTC")
    run = Run.objects.create(school=school, trigger=Trigger.PERSON)
    assert abs(school.created_at - now) < timedelta(minutes=1)
    assert abs(run.requested_at - now) < timedelta(minutes=1)
    assert abs(School.objects.get(pk=school.pk).created_at - now) < timedelta(minutes=1)


def test_failed_sign_ins_count_for_15_minutes(wrong_clock: None) -> None:
    def one_more() -> slow_down.Refused | None:
        return slow_down.count("staff", "ada@lincoln.example", "192.0.2.1").refused

    assert [one_more() for _time in range(10)] == [None] * 10
    assert one_more() == slow_down.Refused("account", 15)
    TryCounter.objects.update(last_at=clock.now() - timedelta(minutes=15))
    assert one_more() is None


def test_a_session_ends_by_the_clock_of_the_database(
    admin: Client, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, now = reverse("students", args=[school.pk]), clock.now()
    assert admin.get(page).status_code == 200
    with time_machine.travel(now - FAR):  # Django's own end is by this clock, far away
        for minutes, status in ((29, 200), (58, 200), (90, 302)):
            _set_clock(monkeypatch, now + timedelta(minutes=minutes))
            assert admin.get(page).status_code == status, minutes


def _set_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)
