"""Stops 1 to 6 for a spreadsheet: the file of an upload → a stored plan, which is a preview.

The rows are read twice: first for what only the whole file tells, with nothing but keys in memory,
then to decide them.
"""

from itertools import chain
from typing import Final
from uuid import UUID

from django.db import transaction

from rollbook.roster.planning import Change, ChangeKind
from rollbook.roster.records import Account, Completeness, Issue, Proof, Severity
from rollbook.roster.sheet_matching import RowKeys, RowMatch, SheetCheck, SheetKey, check_sheet
from rollbook.roster.sheet_planning import decide_row
from rollbook.roster.sheet_rows import SheetRow
from rollbook.sources.base import Page
from rollbook.sync import store
from rollbook.sync.models import Run, RunCounts
from rollbook.sync.planning import clashes
from rollbook.sync.runs import progress, states
from rollbook.sync.runs.lease import Lease
from rollbook.sync.uploads.rows import UploadRows, open_rows

BATCH: Final = 1_000  # rows that are decided and stored together


def plan(run: Run, lease: Lease) -> None:
    """Read the file and store a change or an issue for each row. Raises an `UploadRefused`."""
    progress.begin_plan(run)
    upload = open_rows(run)
    pages = -(-upload.total // BATCH)
    check = _check_whole_file(run, upload, lease)
    read = unchanged = 0
    for number, cells in enumerate(store.in_chunks(upload.corrected(), BATCH), 1):
        lease.check()
        rows = [upload.mapper.map(row) for row in cells]
        decided, issues = _decide_batch(run, rows, upload, check)
        changes = [change for change in decided if change.kind != ChangeKind.UNCHANGED]
        read += len(rows)
        unchanged += len(decided) - len(changes)
        with transaction.atomic():
            progress.note(run, [Page([], number, pages, upload.total)], read)
            store.save_plan(run, changes, issues)
    # A file does not say who is missing from it.
    proof = Proof(Completeness.UNSTATED, None, read, pages)
    with transaction.atomic():
        rows_by_kind = store.count_plan(run) | {"unchanged": unchanged}
        states.previewed(run, RunCounts(**rows_by_kind, read=read), proof)


def _check_whole_file(run: Run, upload: UploadRows, lease: Lease) -> SheetCheck:
    """Return which account each row is about, and which rows contradict each other."""
    keys: list[RowKeys] = []
    for cells in upload.corrected():
        keys.append(RowKeys.of(upload.mapper.map(cells)))
        if len(keys) % BATCH == 0:
            lease.check()
    return check_sheet(keys, _account_keys(run.school_id, keys))


def _account_keys(school_id: UUID, keys: list[RowKeys]) -> list[SheetKey]:
    sis_ids = {key.sis_id for key in keys if key.sis_id}
    student_numbers = {key.student_number for key in keys if key.student_number}
    email_keys = {key.email_key for key in keys if key.email_key}
    return store.load_sheet_keys(school_id, list(sis_ids), list(student_numbers), list(email_keys))


def _decide_batch(
    run: Run, rows: list[SheetRow], upload: UploadRows, check: SheetCheck
) -> tuple[list[Change], list[Issue]]:
    """Return the changes and issues of a batch. Its accounts are loaded together."""
    matches = {row.number: check.matches.get(row.number) for row in rows}
    matched = [match.account for match in matches.values() if match and match.account]
    accounts = store.load_accounts(run.school_id, (account.id for account in matched))
    changes: list[Change] = []
    issues: list[Issue] = []
    for row in rows:
        problems = _problems_between_rows(row, upload, check)
        match = matches[row.number]
        decided: Change | tuple[Issue, ...] = problems
        if not problems and match is not None:
            decided = _decide(row, match, accounts, upload)
        if isinstance(decided, Change):
            changes.append(decided)
            issues += row.issues
        else:
            issues += chain(row.issues, decided)
    return changes, clashes.with_holders(run, issues)


def _problems_between_rows(
    row: SheetRow, upload: UploadRows, check: SheetCheck
) -> tuple[Issue, ...]:
    """Return the issue of a row that repeats or contradicts another one."""
    if row.number in check.repeats:
        return (upload.mapper.issue("row_twice", row, "", Severity.NOTE),)
    if row.number not in check.conflicts:
        return ()
    code, field = check.conflicts[row.number]
    others = clashes.rows(row.number, check.sharing.get(row.number, ()))
    return (upload.mapper.issue(code, row, field)._replace(other=others),)


def _decide(
    row: SheetRow, match: RowMatch, accounts: dict[bytes, Account], upload: UploadRows
) -> Change | tuple[Issue, ...]:
    account = accounts.get(match.account.id) if match.account is not None else None
    return decide_row(row, match, account, upload.mapper, upload.only_existing)
