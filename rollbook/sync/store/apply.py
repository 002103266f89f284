"""Stop 7: the stored plan onto the accounts, and a finished run's issues onto the work list."""

from typing import Final

from django.db import IntegrityError, connection, transaction

from rollbook.roster.values.names import same_name
from rollbook.sync.models import Run
from rollbook.sync.store.statements import end_if_frozen, execute, rows_of, whole_tables


def apply_plan(run: Run) -> int:
    """Write the stored plan onto the accounts, inside the caller's transaction.

    Returns how many rows were overtaken: rows whose account has changed since they were planned are
    left out and marked. If an e-mail or SIS ID was given to somebody else meanwhile, the database
    refuses all rows; then those are marked too, and the rest is applied.
    """
    end_if_frozen(run)
    with whole_tables():
        execute("lock_accounts", run)
        overtaken = execute("mark_overtaken", run)
        if not run.is_undo:
            overtaken += _mark_namesakes(run)
        if run.is_upload:
            overtaken += execute("mark_arrived", run)
        elif not run.is_undo:
            execute("mark_missing", run)
            execute("mark_seen", run)
        has_links = rows_of("plan_has_links", run)[0][0]
        if has_links:
            overtaken += execute("mark_linked_elsewhere", run)
        overtaken += execute("mark_freed_for_nobody", run)
        try:
            with transaction.atomic():
                _write_accounts(run, has_links)
        except IntegrityError:
            while marked := execute("mark_collisions", run):
                overtaken += marked + execute("mark_freed_for_nobody", run)
            _write_accounts(run, has_links)
    return overtaken


def _mark_namesakes(run: Run) -> int:
    """Mark new students who have got an account since they were planned; return how many.

    An account that was written since has the same name and date of birth. Nobody was asked yet
    whether the two are one student.
    """
    ids = {
        row_id
        for row_id, first, last, other_first, other_last in rows_of("born_since", run)
        if same_name(first, other_first) and same_name(last, other_last)
    }
    return execute("mark_rows", run, ids=list(ids)) if ids else 0


_ACCOUNTS: Final = ("keep_aliases", "apply_updates", "apply_new", "apply_fingerprints")
_FURTHER_LINKS: Final = ("drop_further_links", "make_further_links", "note_fingerprints")


def _write_accounts(run: Run, has_links: bool) -> None:
    for name in (*_ACCOUNTS, *(_FURTHER_LINKS if has_links else ())):
        execute(name, run)
    # The constraint is deferred for swaps; now every address has its final owner.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS one_account_per_email IMMEDIATE")
        cursor.execute("SET CONSTRAINTS one_account_per_email DEFERRED")


def keep_problems(run: Run) -> None:
    """Bring the work list up to what a finished run found.

    New problems are added, known ones are seen again, and those that were not found are closed.
    """
    execute("keep_problems", run)
    execute("fix_problems", run)
