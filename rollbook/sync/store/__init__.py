"""The plan in the database and on the accounts: the only room that runs hand-written SQL."""

from rollbook.sync.store.apply import apply_plan, keep_problems
from rollbook.sync.store.cleared import cleared_by_upload, cleared_fields
from rollbook.sync.store.keys import load_account_keys, load_linked_accounts, load_sheet_keys
from rollbook.sync.store.plan import (
    clear_plan,
    count_expected,
    count_known_errors,
    count_moved,
    count_plan,
    expected_groups,
    load_accounts,
    load_closed_accounts,
    names_of,
    open_sis_ids,
    people_alike,
    planned_emails,
    planned_like,
    planned_new,
    recycled_emails,
    save_plan,
    split_emails,
    withdraw,
    withdraw_accounts,
    withdraw_rows,
)
from rollbook.sync.store.school_rows import delete_school_rows
from rollbook.sync.store.settled import (
    end_settlements,
    save_missing,
    settled_accounts,
    update_settlements,
)
from rollbook.sync.store.statements import CHUNK, end_if_frozen, in_chunks, whole_tables

__all__ = [
    "CHUNK",
    "apply_plan",
    "clear_plan",
    "cleared_by_upload",
    "cleared_fields",
    "count_expected",
    "count_known_errors",
    "count_moved",
    "count_plan",
    "delete_school_rows",
    "end_if_frozen",
    "end_settlements",
    "expected_groups",
    "in_chunks",
    "keep_problems",
    "load_account_keys",
    "load_accounts",
    "load_closed_accounts",
    "load_linked_accounts",
    "load_sheet_keys",
    "names_of",
    "open_sis_ids",
    "people_alike",
    "planned_emails",
    "planned_like",
    "planned_new",
    "recycled_emails",
    "save_missing",
    "save_plan",
    "settled_accounts",
    "split_emails",
    "update_settlements",
    "whole_tables",
    "withdraw",
    "withdraw_accounts",
    "withdraw_rows",
]
