"""The life of a run: one table of moves, races settled by the database, nobody left waiting."""

import threading
from contextvars import copy_context
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from rollbook.config import config
from rollbook.schools.models import AuditEntry, School, User
from rollbook.sync import pipeline, queue
from rollbook.sync.models import ACTIVE_STATES, Integration, Mode, Run, RunState, Trigger
from rollbook.sync.planning import from_roster
from rollbook.sync.runs import claims, lease, progress, requests, states
from rollbook.sync.setup import credentials


def a_run(integration: Integration) -> Run:
    return requests.request(integration, trigger=Trigger.PERSON).run


@pytest.mark.django_db
class TestOneRun:
    def test_every_state_is_in_the_table_and_over_means_over(self) -> None:
        assert states.MOVES.keys() == set(RunState)
        over = {state for state, targets in states.MOVES.items() if not targets}
        assert over == {RunState.FAILED, RunState.DISCARDED, RunState.CANCELLED}
        assert states.MOVES[RunState.UNDONE] == {RunState.DONE}  # when the undo is itself undone

    def test_a_move_that_the_table_lacks_is_refused(self) -> None:
        for origin in RunState:
            for to in set(RunState) - states.MOVES[origin]:
                with pytest.raises(ValueError, match="does not move"):
                    states.move_rows(Run.objects.none(), (origin,), to)

    def test_a_school_has_one_active_run_by_the_database_s_word(
        self, integration: Integration
    ) -> None:
        run = a_run(integration)
        with pytest.raises(IntegrityError), transaction.atomic():
            Run.objects.create(
                school=run.school,
                integration=integration,
                source="powerschool",
                mode=Mode.LIVE,
                trigger=Trigger.API,
            )

    def test_another_school_is_not_kept_waiting(self, integration: Integration) -> None:
        a_run(integration)
        other = School.objects.create(name="Other")
        twin = Integration.objects.create(school=other, source="powerschool", grades=[9])
        for name in ("client_id", "client_secret", "client_url"):
            credentials.store(twin, name, "https://sis.example.org")
        assert requests.request(twin, trigger=Trigger.PERSON).created

    def test_mode_follows_the_test_run_switch_unless_asked_otherwise(
        self, integration: Integration
    ) -> None:
        integration.test_run = True
        assert a_run(integration).mode == Mode.TEST
        Run.objects.update(state=RunState.DONE)
        assert (
            requests.request(integration, trigger=Trigger.API, mode=Mode.LIVE).run.mode == Mode.LIVE
        )

    def test_a_run_can_be_claimed_once(self, integration: Integration) -> None:
        run = a_run(integration)
        assert claims.claim(run.pk) is not None
        assert claims.claim(run.pk) is None

    def test_a_run_that_is_over_is_not_claimed(self, integration: Integration) -> None:
        run = a_run(integration)
        for state in (
            RunState.DONE,
            RunState.FAILED,
            RunState.DISCARDED,
            RunState.CANCELLED,
            RunState.UNDONE,
            RunState.ON_HOLD,
        ):
            Run.objects.filter(pk=run.pk).update(state=state)
            assert claims.claim(run.pk) is None

    def test_a_silent_worker_s_run_is_taken_over_with_a_higher_fence(
        self, integration: Integration
    ) -> None:
        run = a_run(integration)
        first = claims.claim(run.pk)
        Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        second = claims.claim(run.pk)
        assert first and second and second.fence == first.fence + 1
        assert not claims.heartbeat(first)
        assert claims.heartbeat(second)
        with pytest.raises(states.LeaseLost):
            states.finish(first)

    def test_a_run_waits_while_nobody_works_on_it(self, integration: Integration) -> None:
        run = a_run(integration)
        assert claims.waiting().get() == run
        assert claims.claim_next() == run
        assert not claims.waiting() and claims.claim_next() is None
        Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        assert claims.waiting().get() == run
        Run.objects.filter(pk=run.pk).update(attempts=config.run_attempts)
        assert not claims.waiting()

    def test_after_three_tries_a_run_is_parked_with_the_reason(
        self, integration: Integration
    ) -> None:
        run = a_run(integration)
        for _ in range(config.run_attempts):
            assert claims.claim(run.pk) is not None
            Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        assert claims.claim(run.pk) is None
        claims.sweep()
        run.refresh_from_db()
        assert (run.state, run.error_code) == (RunState.FAILED, "worker_died")
        assert "No account was changed" in run.error_what
        assert requests.request(
            integration, trigger=Trigger.PERSON
        ).created  # and the next one can start

    def test_handing_back_does_not_count_as_a_try(self, integration: Integration) -> None:
        run = a_run(integration)
        claimed = claims.claim(run.pk)
        assert claimed
        claims.hand_back(claimed)
        assert not claims.heartbeat(claimed), "a late beat keeps the run from other workers"
        again = claims.claim(run.pk)
        assert again and again.attempts == 1

    def test_a_stopping_worker_hands_its_run_back_and_the_next_one_finishes_it(
        self, integration: Integration
    ) -> None:
        run = a_run(integration)
        queue.stopping.set()
        try:
            pipeline.run_sync(run.pk)
        finally:
            queue.stopping.clear()
        run.refresh_from_db()
        assert (run.state, run.lease_until) == (RunState.FETCHING, None)
        pipeline.run_sync(run.pk)
        run.refresh_from_db()
        assert run.state == RunState.DONE

    def test_a_worker_that_died_between_plan_and_apply_leaves_a_plan_that_is_applied(
        self, integration: Integration
    ) -> None:
        run = a_run(integration)
        claimed = claims.claim(run.pk)
        assert claimed
        with lease.Lease(claimed) as held:
            from_roster.plan(claimed, held)
        Run.objects.filter(pk=run.pk).update(lease_until=None)
        pages = claimed.pages_done
        pipeline.run_sync(run.pk)
        run.refresh_from_db()
        assert (run.state, run.pages_done) == (RunState.DONE, pages)

    def test_who_asked_for_a_run_is_in_the_audit_log_and_stays_there(
        self, integration: Integration, administrator: User
    ) -> None:
        run = requests.request(integration, trigger=Trigger.PERSON, by=administrator).run
        entry = AuditEntry.objects.get(action="run.requested", subject=str(run.pk))
        assert entry.actor == administrator
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            AuditEntry.objects.filter(pk=entry.pk).update(action="nothing happened")
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            entry.delete()


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_start_one_run(integration: Integration) -> None:
    answers: list[tuple[UUID, bool]] = []
    start = threading.Barrier(6)

    def click() -> None:
        start.wait()
        asked = requests.request(Integration.objects.get(pk=integration.pk), trigger=Trigger.PERSON)
        answers.append((asked.run.pk, asked.created))
        connection.close()

    clicks = [threading.Thread(target=copy_context().run, args=(click,)) for _ in range(6)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    assert len({pk for pk, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1
    assert Run.objects.filter(state__in=ACTIVE_STATES).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_claim_one_run_once(integration: Integration) -> None:
    run = a_run(integration)
    won: list[bool] = []
    start = threading.Barrier(6)

    def work() -> None:
        start.wait()
        won.append(claims.claim(run.pk) is not None)
        connection.close()

    workers = [threading.Thread(target=copy_context().run, args=(work,)) for _ in range(6)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sum(won) == 1


@pytest.mark.django_db(transaction=True)
def test_a_stopping_worker_does_not_wait_for_its_own_transaction(integration: Integration) -> None:
    claimed = claims.claim(a_run(integration).pk)
    assert claimed

    def end() -> None:
        claims.hand_back(claimed)
        connection.close()

    ending = threading.Thread(target=copy_context().run, args=(end,), daemon=True)
    with transaction.atomic():
        progress.note(claimed, [], 0)  # as before a batch of the plan is stored
        ending.start()
        ending.join(20)
        is_waiting = ending.is_alive()
    ending.join()
    assert not is_waiting
    assert claims.heartbeat(claimed), "it keeps the run until its lease runs out"


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_freezes_while_it_plans_does_not_keep_its_run(
    integration: Integration,
) -> None:
    claimed = claims.claim(a_run(integration).pk)
    assert claimed
    with transaction.atomic(), connection.cursor() as cursor:
        progress.note(claimed, [], 0)
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("30s",)
