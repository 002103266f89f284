"""What a person has settled by approving a held run: it holds no later run while it lasts."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import connection

from rollbook.sync.models import Run, Settlement
from rollbook.sync.store.statements import copying, execute, rows_of, whole_tables

# An empty roster says nothing about its students: approving it settles none of them.
ABSENCE_ALARMS: Final = frozenset({"leavers", "overlap", "vanished"})
_ERROR_GUARDS: Final = ("errors", "other_people")


def save_missing(run: Run, account_ids: Iterable[bytes]) -> None:
    """Store accounts that the roster of this run lacked, inside the caller's transaction."""
    school, run_id = str(run.school_id), str(run.pk)
    with connection.cursor() as cursor, copying(cursor, "missing") as copy:
        for account_id in account_ids:
            copy.write_row((school, run_id, account_id.hex()))


def settled_accounts(run: Run, guard: str) -> frozenset[bytes]:
    """Return the accounts that no longer count for a guard, because a person approved them."""
    rows = rows_of("settled_accounts", run, guard=guard)
    return frozenset(bytes(account_id) for (account_id,) in rows)


def update_settlements(run: Run) -> None:
    """End what this applied run found no more, and keep what a person approved in it.

    Inside the transaction that applied the run, after its accounts were written.
    """
    with whole_tables():
        _end_settlements(run)
        if run.approved_at is not None:
            _add_settlements(run)


def _end_settlements(run: Run) -> None:
    if Settlement.objects.filter(school_id=run.school_id).exists():
        execute("end_settled_missing", run)
        execute("end_settled_moves", run)
        for guard in _ERROR_GUARDS:
            execute("end_settled_errors", run, guard=guard)


def _add_settlements(run: Run) -> None:
    alarms = {alarm["code"] for alarm in run.alarms}
    for guard in _ERROR_GUARDS:
        if guard in alarms:
            execute("settle_errors", run, guard=guard)
    if run.approved_additions_only:  # closing and moving accounts is still undecided
        return
    if alarms & ABSENCE_ALARMS:
        execute("settle_missing", run)
    if "moved" in alarms:
        execute("settle_moved", run)


def end_settlements(run: Run, account_id: str | None = None) -> None:
    """Forget what approving this run settled, because the run is undone.

    With `account_id`, only for that account.
    """
    settlements = Settlement.objects.filter(school_id=run.school_id, run=run)
    if account_id is not None:
        settlements = settlements.filter(account=UUID(account_id))
    settlements.delete()
