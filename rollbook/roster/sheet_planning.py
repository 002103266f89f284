"""Stop 4 for a spreadsheet: a row and its account → the change to make. An upload never plans anything about students it doesn't name."""

from typing import Any

from rollbook.roster.planning import Change, ChangeKind, same_personal_email
from rollbook.roster.records import Account, Issue
from rollbook.roster.sheet_matching import Found
from rollbook.roster.sheet_rows import RowMapper, SheetRow
from rollbook.roster.values import email_key, same_name


def decide_row(
    row: SheetRow, found: Found, account: Account | None, mapper: RowMapper, only_existing: bool
) -> Change | tuple[Issue, ...]:
    """The change for one row, or the issues that keep it out. `account` is the full row of the account that was found."""
    if found.account is None:
        if only_existing:
            by = next(
                (field for field in ("sis_id", "student_number", "email") if row.said.get(field)),
                "email",
            )
            return (mapper.issue("account_missing", row, by),)
        return mapper.missing(row) or _new(row)
    if account is None:  # it was erased while the file was being read
        return (mapper.issue("account_gone", row, found.by),)
    if found.by == "email" and is_quite_another(row, account):
        return (mapper.issue("email_names_differ", row, "email"),)
    before, after = differences(row, account)
    kind = ChangeKind.UPDATED if after else ChangeKind.UNCHANGED
    first, last, address = (
        row.said.get(field) or getattr(account, field)
        for field in ("first_name", "last_name", "email")
    )
    reason = "row_differs" if after else "nothing_differs"
    sis_id = account.sis_id or row.said.get("sis_id")
    return Change(
        kind,
        sis_id,
        account.id,
        account.version,
        first,
        last,
        address,
        before,
        after,
        None,
        reason,
        row.number,
    )


def is_quite_another(row: SheetRow, account: Account) -> bool:
    """Whether a row that only the address ties to an account names somebody else: brothers and sisters share a last name."""
    first = row.said.get("first_name")
    return first is not None and not same_name(first, account.first_name)


def _new(row: SheetRow) -> Change:
    said = {field: value for field, value in row.said.items() if value is not None}
    after: dict[str, Any] = said | {"email_key": email_key(said["email"])}
    if row.active is not None:
        after["status"] = "active" if row.active else "deactivated"
    first, last, address = said["first_name"], said["last_name"], said["email"]
    return Change(
        ChangeKind.NEW,
        said.get("sis_id"),
        None,
        None,
        first,
        last,
        address,
        {},
        after,
        None,
        "row_is_new",
        row.number,
    )


def differences(row: SheetRow, account: Account) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after of everything the row says otherwise than the account holds. Who may say what is decided here, and only here."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for field, said in row.said.items():
        held = getattr(account, field)
        if field == "email":
            if email_key(said) != account.email_key:
                before |= {"email": account.email, "email_key": account.email_key}
                after |= {"email": said, "email_key": email_key(said)}
        elif said != held and not (said is not None and same_personal_email(field, said, held)):
            before[field], after[field] = held, said
    wanted = status_after(row.active, account.status)
    if wanted != account.status:
        before["status"], after["status"] = account.status, wanted
    return before, after


def status_after(active: bool | None, status: str) -> str:
    """TRUE opens an account whatever had closed it; FALSE closes an open one; nothing leaves it."""
    if active is None:
        return status
    return "active" if active else "deactivated" if status == "active" else status
