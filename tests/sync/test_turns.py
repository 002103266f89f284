"""Whose turn it is: fair between schools, however many previews one of them wants."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from rollbook.schools.models import School
from rollbook.sync.models import Integration, Mode, Run, RunState, Trigger
from rollbook.sync.runs import claims, requests
from rollbook.sync.runs.lease import PATIENCE_SECONDS, Lease

pytestmark = pytest.mark.django_db


def uploads(school: School, number: int) -> list[UUID]:
    """Queue so many uploads of a school, oldest first."""
    runs = [
        Run.objects.create(school=school, source="spreadsheet", mode=Mode.LIVE, trigger="upload")
        for _ in range(number)
    ]
    return [run.pk for run in runs]


def rests(run_id: UUID) -> None:
    """Let the plan of an upload be complete."""
    Run.objects.filter(pk=run_id).update(state=RunState.PREVIEW, lease_until=None)


def taken() -> UUID | None:
    run = claims.claim_next()
    return run.pk if run else None


def test_one_preview_of_a_school_is_at_work_and_the_oldest_comes_first(school: School) -> None:
    first, second, third = uploads(school, 3)
    assert taken() == first
    assert taken() is None
    rests(first)
    assert taken() == second
    Run.objects.filter(pk=second).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert taken() == second, "its worker died"
    Run.objects.filter(pk=second).update(state=RunState.CANCELLED)
    assert taken() == third


def test_previews_that_were_requested_at_the_same_moment_come_one_after_the_other(
    school: School,
) -> None:
    uploads(school, 3)
    Run.objects.update(requested_at=timezone.now())
    assert taken() is not None
    assert taken() is None


@pytest.mark.django_db(transaction=True)  # or all would begin at the same moment
def test_many_uploads_of_one_school_let_others_have_their_turn(
    school: School,
) -> None:
    """One place, and it is never free for long."""
    mine, theirs = uploads(school, 5), uploads(School.objects.create(name="Other"), 2)
    turns = []
    while run_id := taken():
        turns.append(run_id)
        rests(run_id)
    assert turns == [mine[0], theirs[0], mine[1], theirs[1], *mine[2:]]


def test_the_run_of_a_school_waits_for_no_preview_of_it(
    school: School, integration: Integration
) -> None:
    first, *_more = uploads(school, 5)
    run = requests.request(integration, trigger=Trigger.PERSON).run
    assert {taken(), taken()} == {first, run.pk}
    assert taken() is None


def test_a_preview_whose_tries_are_used_up_keeps_none_waiting(school: School) -> None:
    first, second = uploads(school, 2)
    Run.objects.filter(pk=first).update(attempts=3)
    assert taken() == second


def test_a_run_lends_its_place_once_it_has_waited_long_enough_in_all(
    integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("rollbook.sync.runs.lease.time.monotonic", lambda: now[0])
    run = requests.request(integration, trigger=Trigger.PERSON).run
    lease = Lease(run)
    with lease.waiting():
        now[0] += PATIENCE_SECONDS - 1
        assert not lease.waits_for_sis
    assert not lease.waits_for_sis
    with lease.waiting():  # slow, not silent: this wait is short
        now[0] += 1
        assert lease.waits_for_sis
    assert not lease.waits_for_sis, "it works on a page now"
    with lease.waiting():
        assert lease.waits_for_sis
