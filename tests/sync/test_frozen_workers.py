"""A worker that freezes in the middle of a transaction lets go of its run and of the accounts."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import psycopg
import pytest
from django.db import Error, connection, transaction

from rollbook.config import config
from rollbook.roster.records import Issue as PlannedIssue
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline, store
from rollbook.sync.models import Integration, Issue, Run, RunState, Trigger
from rollbook.sync.planning import from_roster
from rollbook.sync.runs import claims, progress, requests, states
from rollbook.sync.runs.lease import Lease
from rollbook.sync.store import statements
from tests.processes import wait_until
from tests.sync.report_runs import problem


@pytest.mark.django_db(transaction=True)
def test_a_worker_frozen_while_storing_a_plan_lets_go_of_its_run(
    integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL ends no session by itself that waits for the rows of a COPY."""
    monkeypatch.setattr(statements, "FROZEN_SECONDS", 0)
    monkeypatch.setattr(config, "lease_seconds", 3)
    run = requests.request(integration, trigger=Trigger.PERSON).run
    claimed = claims.claim(run.pk)
    assert claimed is not None
    in_copy, go_on = threading.Event(), threading.Event()

    def issues() -> Iterator[PlannedIssue]:
        yield problem()
        in_copy.set()
        go_on.wait()
        yield problem(sis_id="0043")

    def store_plan() -> None:
        try:
            with transaction.atomic():
                progress.note(claimed, [], 0)
                store.save_plan(claimed, [], issues())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as frozen:
        stored = frozen.submit(copy_context().run, store_plan)
        in_copy.wait()
        assert store.end_frozen_sessions() == 0  # its lease has not expired
        wait_until(lambda: store.end_frozen_sessions() == 1)
        go_on.set()
        with pytest.raises(psycopg.OperationalError):
            stored.result()
    assert not Issue.objects.filter(run=run).exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_frozen_while_applying_lets_go_of_the_accounts(
    integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "FROZEN_SECONDS", 1)
    run = requests.request(integration, trigger=Trigger.PERSON).run
    claimed = claims.claim(run.pk)
    assert claimed is not None
    with Lease(claimed) as lease:
        from_roster.plan(claimed, lease)
    states.applying(claimed)
    with pytest.raises(Error), transaction.atomic():
        store.apply_plan(claimed)
        time.sleep(2)  # frozen: the database ends the session
        states.finish(claimed)
    connection.close()
    assert not StudentAccount.objects.exists()
    Run.objects.filter(pk=run.pk).update(lease_until=None)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, StudentAccount.objects.count()) == (RunState.DONE, run.counts["new"])
