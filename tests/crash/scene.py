"""What the crash tests look at: how far a run is, what accounts are like without a crash, and that nothing is there twice."""

from collections.abc import Callable
from typing import Any

from django.db.models import Count

from rollbook.schools.models import School
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Change, Integration, Issue, Run, RunState, Trigger
from rollbook.sync.runs import requests
from tests.processes import Started

NOT_COMPARED = {"id", "school_id", "created_at", "updated_at"}
StartWorker = Callable[..., Started]


def request(integration: Integration) -> Run:
    return requests.request(integration, trigger=Trigger.PERSON).run


def in_state(run: Run, *states: RunState) -> Callable[[], bool]:
    """Whether the run is in one of these states by now."""

    def look() -> bool:
        run.refresh_from_db()
        return run.state in states

    return look


def taken_over(run: Run, attempts: int) -> Callable[[], bool]:
    """Whether so many workers have claimed the run by now."""

    def look() -> bool:
        run.refresh_from_db()
        return run.attempts >= attempts

    return look


def accounts(school: School) -> list[tuple[Any, ...]]:
    """Every account of a school with all that a run writes, versions included."""
    columns = sorted(
        field.attname
        for field in StudentAccount._meta.concrete_fields
        if field.attname not in NOT_COMPARED
    )
    return sorted(StudentAccount.objects.filter(school=school).values_list(*columns), key=str)


def undisturbed(twin: Integration) -> list[tuple[Any, ...]]:
    """The twin's accounts after one more run."""
    run = request(twin)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE, run.error_what
    return accounts(twin.school)


def assert_nothing_is_doubled(run: Run) -> None:
    """Neither a planned change nor an issue nor the mail of this run is there twice."""
    assert (
        not Change.objects.filter(run=run)
        .values("account_id")
        .annotate(times=Count("id"))
        .filter(times__gt=1)
    )
    assert (
        not Issue.objects.filter(run=run)
        .values("code", "sis_id", "field", "value")
        .annotate(times=Count("id"))
        .filter(times__gt=1)
    )
    assert not run.notices.values("user").annotate(times=Count("id")).filter(times__gt=1)
