"""The whole story of a run: claim → plan → hold? → apply → finish."""

import logging
from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec
import psycopg
from django.db import DataError, Error, connection, transaction
from django.utils.translation import gettext as _

from rollbook import logs, scope
from rollbook.sources.errors import RosterIncomplete, SourceError
from rollbook.sync import erasing, queue, store, undoing
from rollbook.sync.models import Mode, Run, RunState
from rollbook.sync.planning import from_roster, lookalikes
from rollbook.sync.refusals import RunRefused
from rollbook.sync.runs import cancelling, claims, states
from rollbook.sync.runs.lease import HandBack, Lease
from rollbook.sync.setup import link_decisions
from rollbook.sync.setup.credentials import KeyMissing
from rollbook.sync.uploads import plan as from_upload
from rollbook.sync.words.mistakes import run_mistake
from rollbook.sync.words.text import translated

log = logging.getLogger(__name__)

OUR_ERROR: Final = "our_error"


class ForeignIntegration(Exception):
    """A run of one school names the integration of another."""


def run_sync(run_id: UUID) -> None:
    """Do a run, or the rest of it. Does nothing where it is over or another worker has it."""
    with queue.scope_of_row(Run, run_id):
        run = claims.claim(run_id)
    if run is not None:
        work_on(run)


def work_on(run: Run) -> None:
    """Do a claimed run: plan it, look at the plan, and apply it if the run is live.

    Every way to fail leaves all accounts as they were. The run sees the rows of its school alone.
    """
    with logs.of_run(run.pk), scope.of_school(run.school_id):
        log.info("run %s: claimed as %s, try %s", run.pk, run.state, run.attempts)
        try:
            with Lease(run) as lease:
                _plan_and_apply(run, lease)
        except HandBack:
            claims.hand_back(run)
        except states.LeaseLost:
            _say_why_it_stops(run)
        except (Error, psycopg.Error) as error:  # COPY raises the driver's own
            if _fails_each_time(error):
                _fail_by_our_error(run, error)
            else:
                _leave_to_next_try(run, error)
        except Exception as error:  # noqa: BLE001 - tried again, it would end the same way
            _fail_by_our_error(run, error)
        if run.state == RunState.FAILED:
            log.warning("run %s: failed %s", run.pk, run.error_code)
        else:
            log.info("run %s: %s %s", run.pk, run.state, run.counts)


def _plan_and_apply(run: Run, lease: Lease) -> None:
    """Do the run. Raises HandBack, and LeaseLost where this worker no longer has the run."""
    try:
        _refuse_foreign_integration(run)
        if run.state == RunState.FETCHING:
            cancelling.refuse_switched_off(run)
            planner = _planner_of(run)
            planner(run, lease)
        if run.state == RunState.PREVIEW:
            log.info("run %s: previewed, waits for a person", run.pk)
        elif run.mode == Mode.TEST:
            states.finish(run)
        elif _must_be_held(run):
            states.hold(run)
        else:
            apply(run)
    except cancelling.SwitchedOff as error:
        cancelling.end_switched_off(run, error.reason)
    except (RunRefused, SourceError, KeyMissing) as error:
        _fail(run, error)


def _refuse_foreign_integration(run: Run) -> None:
    """Raise ForeignIntegration where the integration is another school's; no key allows it."""
    if run.integration is not None and run.integration.school_id != run.school_id:
        raise ForeignIntegration(str(run.pk))


def _say_why_it_stops(run: Run) -> None:
    """Log why this worker stops a run that it no longer has."""
    state = Run.objects.filter(pk=run.pk).values_list("state", flat=True).first()
    if state == RunState.CANCELLED:
        log.info("run %s: cancelled, stopped here", run.pk)
    else:
        log.warning("run %s: taken over by another worker, stopped here", run.pk)


def _planner_of(run: Run) -> Callable[[Run, Lease], None]:
    """Return the function that makes the plan of this kind of run."""
    if run.is_undo:
        return undoing.plan
    return from_upload.plan if run.is_upload else from_roster.plan


def _must_be_held(run: Run) -> bool:
    """Return whether a guard holds this plan until a person decides.

    Raises RunRefused where people have to decide first which accounts belong to which students.
    """
    if not (run.is_upload or run.is_undo):
        link_decisions.refuse_undecided(run.school, run.source)
    return bool(run.alarms) and run.approved_at is None


def apply(run: Run) -> None:
    """Write the stored plan onto the accounts (stop 7): all of it or nothing.

    Raises LeaseLost or SwitchedOff, and then writes nothing, where another worker has taken the run
    over, or the run has to end. Once it has begun, nobody can cancel it any more.
    """
    with transaction.atomic():
        if run.state == RunState.PLANNED:
            cancelling.refuse_switched_off(run)
        states.applying(run)
    with transaction.atomic():
        erasing.recheck(run)
        overtaken = store.apply_plan(run)
        lookalikes.ask(run)
        if run.is_undo:
            undoing.settle(run)
        elif not run.is_upload:
            store.update_settlements(run)
        states.finish(run, msgspec.structs.replace(run.typed_counts, overtaken=overtaken))
        erasing.forget_file(run)


def _fail(run: Run, error: RunRefused | SourceError | KeyMissing) -> None:
    """End the run as failed, with what happened and what to do."""
    if isinstance(error, KeyMissing):
        remedy = _("Set the key the credentials were stored with, or enter the credentials again.")
        states.fail(run, "key_missing", str(error), remedy)
    else:
        proof = error.proof if isinstance(error, RosterIncomplete) else None
        states.fail(run, error.code, translated(error.what), translated(error.remedy), proof)


def _fails_each_time(error: Error | psycopg.Error) -> bool:
    """Return whether the database refused a statement for what it is, so no further try helps.

    That is a value that can't be stored, or a column or right that is missing. The driver raises
    ProgrammingError for broken connections too, but without a code of the server.
    """
    driver = error if isinstance(error, psycopg.Error) else error.__cause__
    if isinstance(driver, psycopg.ProgrammingError):
        return driver.sqlstate is not None
    return isinstance(error, DataError | psycopg.DataError)


def _leave_to_next_try(run: Run, error: Exception) -> None:
    """Leave a run whose database failed to the next try, which begins when the lease runs out.

    The database was restarted or is full, or the statement was cancelled.
    """
    log.warning("run %s: the database failed: %s", run.pk, type(error).__name__)
    connection.close()
    claims.note_database_trouble(run, error)


def _fail_by_our_error(run: Run, error: Exception) -> None:
    """End the run at once as failed, with the error's class and a reference for the log."""
    reference = logs.log_unforeseen(log, f"run {run.pk}", error)
    what, remedy = run_mistake(error, reference)
    try:
        try:
            states.fail(run, OUR_ERROR, what, remedy)
        except (Error, states.LeaseLost):
            raise
        except Exception as again:  # noqa: BLE001 - its mail can't be written either
            logs.log_unforeseen(log, f"run {run.pk}: mail about its failure", again)
            states.fail(run, OUR_ERROR, what, remedy, announced=False)
    except Error as away:
        _leave_to_next_try(run, away)
    except states.LeaseLost:
        log.warning("run %s: it is over, or another worker has it", run.pk)
