"""The states of a run, and the only code that writes `Run.state`.

Races are settled by the database: a move is a conditional update, one active run per school is a
constraint, and the fence tells a worker that was taken for dead that it has lost its run.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from django.db import connection, models, transaction
from django.db.models.functions import Now

from rollbook.roster.planning.guards import Alarm
from rollbook.roster.records import Proof
from rollbook.sync import store
from rollbook.sync.mail import notices
from rollbook.sync.models import CANCELLABLE_STATES, CancelReason, Run, RunCounts, RunState
from rollbook.sync.runs.roster_proof import stored_proof

# Every move there is: from a state to others.
MOVES: Final[dict[RunState, frozenset[RunState]]] = {
    RunState.QUEUED: frozenset({RunState.FETCHING, RunState.FAILED, RunState.CANCELLED}),
    # A run whose worker died is read from the beginning.
    RunState.FETCHING: frozenset(
        {
            RunState.FETCHING,
            RunState.PLANNED,
            RunState.PREVIEW,
            RunState.FAILED,
            RunState.CANCELLED,
        }
    ),
    RunState.PREVIEW: frozenset({RunState.PLANNED, RunState.DISCARDED}),
    # A test run is done when its plan is complete.
    RunState.PLANNED: frozenset(
        {
            RunState.ON_HOLD,
            RunState.APPLYING,
            RunState.DONE,
            RunState.FAILED,
            RunState.CANCELLED,
        }
    ),
    RunState.ON_HOLD: frozenset({RunState.PLANNED, RunState.DISCARDED}),
    RunState.APPLYING: frozenset({RunState.APPLYING, RunState.DONE, RunState.FAILED}),
    RunState.DONE: frozenset({RunState.UNDONE}),
    RunState.FAILED: frozenset(),
    RunState.DISCARDED: frozenset(),
    RunState.CANCELLED: frozenset(),
    RunState.UNDONE: frozenset({RunState.DONE}),  # when the undo is itself undone
}

ANNOUNCED_STATES: Final = (RunState.DONE, RunState.FAILED, RunState.ON_HOLD)


class LeaseLost(Exception):
    """This worker no longer has the run: another one took it over, or a person cancelled it.

    Whoever gets this stops, and writes nothing more.
    """


def move_rows(
    runs: models.QuerySet[Run], origins: Collection[RunState], to: RunState, **columns: Any
) -> int:
    """Move those of these runs that are in one of `origins` to another state. Returns how many.

    `columns` are written with the state. Raises ValueError for a move that MOVES does not have.
    """
    for origin in origins:
        if to not in MOVES[origin]:
            raise ValueError(f"A run does not move from {origin} to {to}.")
    return runs.filter(state__in=origins).update(state=to, **columns)


def owned(run: Run) -> models.QuerySet[Run]:
    """Return the row of a run, unless another worker has claimed it since."""
    return Run.objects.filter(pk=run.pk, fence=run.fence)


def planned(run: Run, counts: RunCounts, alarms: Sequence[Alarm], proof: Proof) -> None:
    """Note that the plan is stored. Raises LeaseLost."""
    run.counts = counts.stored()
    run.alarms = [alarm._asdict() for alarm in alarms]
    run.proof = stored_proof(run, proof)
    run.classes = store.plan_classes(run)
    columns = {"counts": run.counts, "alarms": run.alarms, "proof": run.proof}
    columns["classes"] = run.classes
    columns["roster_names"] = run.roster_names
    _move(run, (RunState.FETCHING,), RunState.PLANNED, **columns)


def previewed(
    run: Run, counts: RunCounts, proof: Proof | None = None, alarms: Sequence[Alarm] = ()
) -> None:
    """Let the plan of an upload or an undo rest until a person confirms it. Raises LeaseLost.

    `alarms` are what that person has to confirm besides.
    """
    run.counts, run.proof = counts.stored(), stored_proof(run, proof)
    run.alarms = [alarm._asdict() for alarm in alarms]
    run.classes = store.plan_classes(run)
    columns = {"counts": run.counts, "alarms": run.alarms, "proof": run.proof}
    columns["classes"] = run.classes
    resting: dict[str, Any] = {"lease_until": None, "attempts": 0}
    _move(run, (RunState.FETCHING,), RunState.PREVIEW, **columns, **resting)


def hold(run: Run) -> None:
    """Let a run rest, with nothing applied, until a person decides. Raises LeaseLost."""
    _move(run, (RunState.PLANNED,), RunState.ON_HOLD, held_at=Now(), lease_until=None, attempts=0)


def applying(run: Run) -> None:
    """Note that the plan is about to be written. Raises LeaseLost."""
    _move(run, (RunState.PLANNED, RunState.APPLYING), RunState.APPLYING)


def finish(run: Run, counts: RunCounts | None = None) -> None:
    """End a run that did what it was asked to do. Raises LeaseLost.

    A test run ends here, too, without having applied anything. Live and test runs both bring the
    work list of problems up to date, because both show what the SIS sends; an upload does not. The
    checks that the database leaves to the commit, 0.1 s of a large run, are part of its time.
    """
    if counts is not None:
        run.counts = counts.stored()
    with transaction.atomic():
        origins = (RunState.PLANNED, RunState.APPLYING)
        columns = {"counts": run.counts, "lease_until": None, "finished_at": Now()}
        _move(run, origins, RunState.DONE, **columns)
        if not run.is_upload and not run.is_undo:
            store.keep_problems(run)
        connection.check_constraints()
        owned(run).update(finished_at=Now())


def fail(
    run: Run,
    code: str,
    what: str,
    remedy: str,
    proof: Proof | None = None,
    *,
    announced: bool = True,
) -> None:
    """End a run that can't go on; nothing was applied. Raises LeaseLost.

    `proof` is that of a roster that came short. Without `announced` nobody gets mail about it.
    """
    run.error_code, run.error_what, run.error_remedy = code, what, remedy
    run.proof = stored_proof(run, proof)
    origins = (RunState.QUEUED, RunState.FETCHING, RunState.PLANNED, RunState.APPLYING)
    columns = {
        "error_code": code,
        "error_what": what,
        "error_remedy": remedy,
        "proof": run.proof,
        "lease_until": None,
        "finished_at": Now(),
    }
    _move(run, origins, RunState.FAILED, announced=announced, **columns)


def cancel(run: Run, reason: CancelReason) -> None:
    """End a run that this worker has claimed and has not begun to apply. Raises LeaseLost."""
    run.cancelled_because = reason
    columns: dict[str, Any] = {
        "cancelled_because": reason,
        "lease_until": None,
        "finished_at": Now(),
    }
    _move(run, CANCELLABLE_STATES, RunState.CANCELLED, **columns)


def mark_undone(run: Run) -> bool:
    """Note that an undo has taken this run back. Returns False where it was not done."""
    done = Run.objects.filter(pk=run.pk)
    return bool(move_rows(done, (RunState.DONE,), RunState.UNDONE))


def mark_done_again(run: Run) -> bool:
    """Note that the undo of this run was itself undone. Returns False where it was not undone."""
    undone = Run.objects.filter(pk=run.pk)
    return bool(move_rows(undone, (RunState.UNDONE,), RunState.DONE))


def _move(
    run: Run,
    origins: Collection[RunState],
    to: RunState,
    *,
    announced: bool = True,
    **columns: Any,
) -> None:
    """Move the run that this worker has claimed, and mail who wants to know. Raises LeaseLost."""
    with transaction.atomic():
        if not move_rows(owned(run), origins, to, **columns):
            raise LeaseLost(str(run.pk))
        run.state = to
        if announced and to in ANNOUNCED_STATES:
            notices.announce(run)
