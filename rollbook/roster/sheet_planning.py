"""Stop 4 for a spreadsheet: a row and its account → the change to make.

An upload plans nothing about students whom it doesn't name.
"""

from typing import Any

from rollbook.roster.planning import Change, ChangeKind, same_personal_email
from rollbook.roster.records import Account, Issue
from rollbook.roster.sheet_matching import RowMatch
from rollbook.roster.sheet_rows import IDENTIFYING, RowMapper, SheetRow
from rollbook.roster.values import email_key, same_name


def decide_row(
    row: SheetRow, match: RowMatch, account: Account | None, mapper: RowMapper, only_existing: bool
) -> Change | tuple[Issue, ...]:
    """Return the change for one row, or the issues that keep it out.

    `account` is the full row of the matched account.
    """
    if match.account is None:
        if only_existing:
            return (mapper.issue("account_missing", row, _identifying_field(row)),)
        return mapper.missing(row) or _new(row)
    if account is None:  # it was erased while the file was being read
        return (mapper.issue("account_gone", row, match.matched_by),)
    if match.matched_by == "email" and has_other_first_name(row, account):
        return (mapper.issue("email_names_differ", row, "email"),)
    before, after = row_differences(row, account)
    return Change(
        kind=ChangeKind.UPDATED if after else ChangeKind.UNCHANGED,
        sis_id=account.sis_id or row.values.get("sis_id"),
        account_id=account.id,
        account_version=account.version,
        first_name=row.values.get("first_name") or account.first_name,
        last_name=row.values.get("last_name") or account.last_name,
        email=row.values.get("email") or account.email,
        before=before,
        after=after,
        fingerprint=None,
        reason="row_differs" if after else "nothing_differs",
        row_number=row.number,
    )


def _identifying_field(row: SheetRow) -> str:
    """Return the first field of the row that could have named an account."""
    for field in IDENTIFYING:
        if row.values.get(field):
            return field
    return "email"


def has_other_first_name(row: SheetRow, account: Account) -> bool:
    """Return whether a row with the account's e-mail is about somebody else.

    Only the first name tells: siblings share a last name.
    """
    first_name = row.values.get("first_name")
    return first_name is not None and not same_name(first_name, account.first_name)


def _new(row: SheetRow) -> Change:
    values = {field: value for field, value in row.values.items() if value is not None}
    after: dict[str, Any] = values | {"email_key": email_key(values["email"])}
    if row.active is not None:
        after["status"] = "active" if row.active else "deactivated"
    return Change(
        kind=ChangeKind.NEW,
        sis_id=values.get("sis_id"),
        account_id=None,
        account_version=None,
        first_name=values["first_name"],
        last_name=values["last_name"],
        email=values["email"],
        before={},
        after=after,
        fingerprint=None,
        reason="row_is_new",
        row_number=row.number,
    )


def row_differences(row: SheetRow, account: Account) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return before and after of everything that the row would change.

    Which fields an upload may change is decided here, and only here.
    """
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for field, row_value in row.values.items():
        account_value = getattr(account, field)
        if field == "email":
            if email_key(row_value) != account.email_key:
                before |= {"email": account.email, "email_key": account.email_key}
                after |= {"email": row_value, "email_key": email_key(row_value)}
            continue
        if row_value is not None and same_personal_email(field, row_value, account_value):
            continue
        if row_value != account_value:
            before[field], after[field] = account_value, row_value
    status = status_after(row.active, account.status)
    if status != account.status:
        before["status"], after["status"] = account.status, status
    return before, after


def status_after(active: bool | None, status: str) -> str:
    """Return the account's status after the upload.

    TRUE opens an account, whatever closed it. FALSE closes an open one. A blank changes nothing.
    """
    if active is None:
        return status
    if active:
        return "active"
    return "deactivated" if status == "active" else status
