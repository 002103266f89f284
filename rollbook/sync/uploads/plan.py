"""Stops 1 to 6 for a spreadsheet: the file of an upload → a stored plan, which is a preview.

The rows are read twice: first for what only the whole file tells, with nothing but keys in memory,
then to decide them.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.roster.planning.changes import WRITING_KINDS, Change, ChangeKind
from rollbook.roster.records import Account, Completeness, Issue, Proof, Severity
from rollbook.roster.sheets.decided_rows import NewEmail, taken_emails
from rollbook.roster.sheets.matching import RowKeys, SheetCheck, SheetKey, check_sheet
from rollbook.roster.sheets.planning import SheetRules, decide_row
from rollbook.roster.sheets.rows import SheetRow
from rollbook.roster.values.identifiers import plain_digits
from rollbook.sources.base import Page
from rollbook.sync import erasing, store
from rollbook.sync.models import Run, RunCounts
from rollbook.sync.planning import clashes, lookalikes
from rollbook.sync.planning import rules as run_rules
from rollbook.sync.planning.erased_records import ErasedRecords
from rollbook.sync.planning.freeing import Claim, FreedEmails
from rollbook.sync.runs import progress, states
from rollbook.sync.runs.lease import Lease
from rollbook.sync.uploads.rows import UploadRows, open_rows
from rollbook.sync.uploads.tally import UploadTally

BATCH: Final = 1_000  # rows that are decided and stored together


def plan(run: Run, lease: Lease) -> None:
    """Read the file and store a change or an issue for each row. Raises an `UploadRefused`."""
    progress.begin_plan(run)
    upload = open_rows(run)
    pages = -(-upload.total // BATCH)
    freed_emails = FreedEmails(run)
    erased = ErasedRecords(run)
    upload = upload._replace(erased=erased) if erased else upload
    check = _check_whole_file(run, upload, lease, freed_emails)
    tally = UploadTally(check.accounts)
    emails: list[NewEmail] = []
    left_out = erased.number  # each row of an erased student is read again below
    read = unchanged = 0
    for number, cells in enumerate(store.in_chunks(upload.corrected(), BATCH), 1):
        lease.check()
        rows = [upload.mapper.map(row) for row in cells]
        decided, issues = _decide_batch(run, rows, upload, check)
        changes = [change for change in decided if change.kind != ChangeKind.UNCHANGED]
        emails += _new_emails(changes)
        tally.add(issues)
        read += len(rows)
        unchanged += len(decided) - len(changes)
        with transaction.atomic():
            progress.note(run, [Page([], number, pages, upload.total)], read)
            store.save_plan(run, changes, issues)
    # A file does not say who is missing from it.
    proof = Proof(Completeness.UNSTATED, None, read, pages)
    with transaction.atomic():
        erasing.recheck(run)
        tally.add(_withdraw_taken_emails(run, upload, check, emails))
        alike = lookalikes.withdraw_rows(run, upload.mapper, accepted=upload.accept_lookalikes)
        store.save_plan(run, [], alike)
        tally.add(alike)
        freed_emails.save()
        rows_by_kind = store.count_plan(run) | {"unchanged": unchanged}
        counts = RunCounts(
            **rows_by_kind, read=read, known_errors=tally.known_errors, erased=left_out
        )
        states.previewed(run, counts, proof, tally.review(run, counts))


def _new_emails(changes: list[Change]) -> Iterator[NewEmail]:
    """Yield the e-mails that the changes of rows give to accounts."""
    for change in changes:
        address = change.after.get("email_key") if change.kind in WRITING_KINDS else None
        if address and change.row_number is not None:
            yield NewEmail(change.row_number, change.account_id, address)


def _withdraw_taken_emails(
    run: Run, upload: UploadRows, check: SheetCheck, emails: list[NewEmail]
) -> list[Issue]:
    """Take back the changes with an e-mail that another account keeps; return their issues."""
    taken = taken_emails(emails, check.holders)
    if not taken:
        return []
    rows = [upload.mapper.map(row) for row in upload.corrected() if row.number in taken]
    issues = [upload.mapper.issue("email_taken", row, "email") for row in rows]
    issues = clashes.with_holders(run, issues)
    store.withdraw_rows(run, taken)
    store.save_plan(run, [], issues)
    return issues


def _check_whole_file(
    run: Run, upload: UploadRows, lease: Lease, freed_emails: FreedEmails
) -> SheetCheck:
    """Return which account each row is about, and which rows contradict each other."""
    keys: list[RowKeys] = []
    for rows in store.in_chunks(map(upload.mapper.map, upload.corrected()), BATCH):
        lease.check()
        keys += [RowKeys.of(row) for row in rows]
        freed_emails.add([Claim(row.email_key, row.person) for row in rows if row.email_key])
    accounts = _without_freed(_account_keys(run.school_id, keys), keys, freed_emails)
    return check_sheet(keys, accounts, accept_lookalikes=upload.accept_lookalikes)


def _without_freed(
    accounts: list[SheetKey], keys: list[RowKeys], freed_emails: FreedEmails
) -> list[SheetKey]:
    """Return the keys of accounts; no row meets an account by an e-mail that it gives up.

    An account that a row names by an ID keeps its e-mail.
    """
    ids = {each for key in keys for each in (key.sis_id, key.student_number) if each}
    freed = freed_emails.account_ids
    return [
        account._replace(email_key="")
        if account.id in freed and not ids & {account.sis_id, account.student_number}
        else account
        for account in accounts
    ]


def _account_keys(school_id: UUID, keys: list[RowKeys]) -> list[SheetKey]:
    sis_ids = {key.sis_id for key in keys if key.sis_id}
    # A "Student ID" may be a student number: then the file must not be taken for SIS IDs.
    student_numbers = {key.student_number for key in keys if key.student_number} | sis_ids
    email_keys = {key.email_key for key in keys if key.email_key}
    digits = {plain_digits(each) for each in student_numbers}
    return store.load_sheet_keys(
        school_id,
        sis_ids=list(sis_ids),
        student_numbers=list(student_numbers),
        email_keys=list(email_keys),
        digits=[each for each in digits if each],
    )


def _decide_batch(
    run: Run, rows: list[SheetRow], upload: UploadRows, check: SheetCheck
) -> tuple[list[Change], list[Issue]]:
    """Return the changes and issues of a batch. Its accounts are loaded together."""
    matches = {row.number: check.matches.get(row.number) for row in rows}
    matched = [match.account for match in matches.values() if match and match.account]
    similar = [check.similar_ids[row.number] for row in rows if row.number in check.similar_ids]
    accounts = store.load_accounts(run.school_id, (*(account.id for account in matched), *similar))
    rules = SheetRules(upload.only_existing, run_rules.never_import(run))
    changes: list[Change] = []
    issues: list[Issue] = []
    for row in rows:
        problems = _problems_between_rows(row, upload, check, accounts)
        match = matches[row.number]
        decided: Change | tuple[Issue, ...] = problems
        if not problems and match is not None:
            account = accounts.get(match.account.id) if match.account is not None else None
            decided = decide_row(row, match, account, upload.mapper, rules)
        if isinstance(decided, Change):
            changes.append(decided)
            issues += row.issues
        else:
            issues += chain(row.issues, decided)
    return changes, clashes.with_holders(run, issues)


def _problems_between_rows(
    row: SheetRow, upload: UploadRows, check: SheetCheck, accounts: dict[bytes, Account]
) -> tuple[Issue, ...]:
    """Return the issue of a row that repeats or contradicts another one, or has a doubtful ID."""
    if row.number in check.repeats:
        return (upload.mapper.issue("row_twice", row, "", Severity.NOTE),)
    if row.number not in check.conflicts:
        return ()
    code, field = check.conflicts[row.number]
    if code == "id_reshaped":
        others = _intended_id(row, field, accounts.get(check.similar_ids.get(row.number, b"")))
    else:
        others = clashes.rows(row.number, check.sharing.get(row.number, ()))
    return (upload.mapper.issue(code, row, field)._replace(other=others),)


def _intended_id(row: SheetRow, field: str, account: Account | None) -> str:
    """Return what the ID of a row may have been: the account that has it, else its digits."""
    if account is None:
        return _("the ID %(id)s") % {"id": plain_digits(row.values[field])}
    return clashes.who(f"{account.first_name} {account.last_name}", getattr(account, field))
