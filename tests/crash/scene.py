"""What the crash tests look at: the state of a run, the accounts, locks, and doubled rows."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db.models import Count

from rollbook.schools.models import School
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Change, Integration, Issue, Run, RunState, Trigger
from rollbook.sync.runs import requests
from tests.processes import Started, wait_until

NOT_COMPARED = {"id", "school_id", "created_at", "updated_at"}
SOON = {"ROLLBOOK_LEASE_SECONDS": "5", "ROLLBOOK_SWEEP_SECONDS": "1"}
PATIENT = {"ROLLBOOK_REQUEST_SECONDS": "3600"}
"""A worker that waits for a request of a hanging SIS waits beyond the last bound of any test."""
StartWorker = Callable[..., Started]


def request(integration: Integration) -> Run:
    """Request a run as a person does, and return it."""
    return requests.request(integration, trigger=Trigger.PERSON).run


def in_state(run: Run, *states: RunState) -> Callable[[], bool]:
    """Return a check whether the run is in one of these states by now."""

    def check() -> bool:
        run.refresh_from_db()
        return run.state in states

    return check


def taken_over(run: Run, attempts: int) -> Callable[[], bool]:
    """Return a check whether this many workers have claimed the run by now."""

    def check() -> bool:
        run.refresh_from_db()
        return run.attempts >= attempts

    return check


def accounts(school: School) -> list[tuple[Any, ...]]:
    """Return every account of a school with all columns that a run writes, versions included."""
    columns = sorted(
        field.attname
        for field in StudentAccount._meta.concrete_fields
        if field.attname not in NOT_COMPARED
    )
    return sorted(StudentAccount.objects.filter(school=school).values_list(*columns), key=str)


def undisturbed(twin: Integration) -> list[tuple[Any, ...]]:
    """Run the twin's sync once more and return its accounts."""
    run = request(twin)
    pipeline.run_sync(run.pk)
    wait_until(in_state(run, RunState.DONE, RunState.FAILED))  # a worker may have been faster
    assert run.state == RunState.DONE, run.error_what
    return accounts(twin.school)


def assert_nothing_is_doubled(run: Run) -> None:
    """Assert that no planned change, issue or mail of this run exists twice."""
    by_account = Change.objects.filter(run=run).values("account_id")
    by_place = Issue.objects.filter(run=run).values("code", "sis_id", "field", "value")
    by_user = run.notices.values("user")
    for rows in (by_account, by_place, by_user):
        assert not rows.annotate(times=Count("id")).filter(times__gt=1)


def hold(standin: StandIn, page: int) -> None:
    """Let the SIS hold back this page until `recover`."""
    standin.faults = [Fault("hold", page=page, release="page")]


def is_holding(standin: StandIn) -> bool:
    """Whether a request waits for the page that is held back."""
    return "page" in standin.holding


def recover(standin: StandIn) -> None:
    """End all faults of the SIS and answer the requests that wait."""
    standin.faults = []


def requests_for_data(standin: StandIn) -> int:
    """Return how many requests the SIS has received, those for tokens not counted."""
    return sum(request.path.startswith("/ws/") for request in list(standin.requests))


def row_locked(account: StudentAccount) -> AbstractContextManager[None]:
    """Lock the row of one account, so that applying waits for it."""
    return _locked(f"SELECT 1 FROM students_studentaccount WHERE id = '{account.pk}' FOR UPDATE")


def table_locked(name: str) -> AbstractContextManager[None]:
    """Lock a table against every write."""
    return _locked(f"LOCK TABLE {name} IN EXCLUSIVE MODE")


@contextmanager
def _locked(statement: str) -> Iterator[None]:
    with _connection() as connection:
        connection.execute(statement.encode())
        yield
        connection.rollback()


def waits_for_lock() -> bool:
    """Whether a session of this database waits for a lock."""
    with _connection() as connection:
        waiting = connection.execute(
            "SELECT 1 FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return waiting.fetchone() is not None


def _connection() -> "psycopg.Connection[Any]":
    """Return a connection of its own to the test's database, as the user that logs in."""
    at = settings.DATABASES["default"]
    where = {
        "host": at["HOST"],
        "port": at["PORT"] or None,
        "user": at["USER"],
        "password": at["PASSWORD"],
        "dbname": at["NAME"],
        "options": "-c rollbook.installation=on",
    }
    return psycopg.connect(**{name: value for name, value in where.items() if value})
