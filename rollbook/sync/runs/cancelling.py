"""Ends runs before they are applied: a person cancels one, or its integration is switched off."""

from django.db import transaction
from django.db.models.functions import Now

from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.sync.models import (
    CANCELLABLE_STATES,
    CancelReason,
    Integration,
    Mode,
    Run,
    RunState,
)
from rollbook.sync.runs import states


class SwitchedOff(Exception):
    """A switch of the integration was changed since the run was requested: the run must end."""

    def __init__(self, reason: CancelReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def cancel(run: Run, by: User | None, via: str = "web") -> bool:
    """Cancel a run that has not begun to apply. Returns False where it is too late.

    The run is over at once, whether a worker has it or not. A worker that has it stops within
    seconds, and can't write anything of it meanwhile.
    """
    with transaction.atomic():
        rows = Run.objects.filter(pk=run.pk, school_id=run.school_id)
        columns = {
            "cancelled_because": CancelReason.PERSON,
            "cancelled_by": by,
            "lease_until": None,
            "finished_at": Now(),
        }
        moved = states.move_rows(rows, CANCELLABLE_STATES, RunState.CANCELLED, **columns)
        if moved:
            _record(run, by, via, CancelReason.PERSON)
    return bool(moved)


def reason_to_end(run: Run, *, active: bool, test_run: bool) -> CancelReason | None:
    """Return why the switches of the integration end this run; None where it goes on.

    A run that a person approved goes on: that decision was about exactly this plan. So does a live
    run that was requested while Test Run was on.
    """
    if run.approved_at is not None:
        return None
    if not active:
        return CancelReason.INACTIVE
    if run.mode == Mode.LIVE and test_run and not run.roster_settings.test_run:
        return CancelReason.TEST_RUN
    return None


@transaction.atomic
def refuse_switched_off(run: Run) -> None:
    """Raise SwitchedOff where the switches of the integration end this run.

    Inside a transaction they can't change before its end: it holds the row of the integration.
    """
    if run.integration_id is None:
        return
    integration = Integration.objects.select_for_update(no_key=True).get(pk=run.integration_id)
    reason = reason_to_end(run, active=integration.active, test_run=integration.test_run)
    if reason is not None:
        raise SwitchedOff(reason)


def end_switched_off(run: Run, reason: CancelReason) -> None:
    """End a run whose integration was switched off. Raises LeaseLost."""
    with transaction.atomic():
        states.cancel(run, reason)
        _record(run, None, "worker", reason)


def _record(run: Run, by: User | None, via: str, reason: CancelReason) -> None:
    audit.record(
        "run.cancelled",
        school=run.school,
        actor=by,
        subject=str(run.pk),
        via=via,
        reason=reason.value,
    )
