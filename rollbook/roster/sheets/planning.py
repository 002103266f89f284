"""Stop 4 for a spreadsheet: a row and its account → the change to make.

The identity rules are those of a sync. An upload plans nothing about students whom it doesn't name.
"""

from typing import Any, Final, NamedTuple

from rollbook.roster.planning.broken_names import BrokenName, broken_name
from rollbook.roster.planning.changes import (
    WRITING_KINDS,
    Change,
    ChangeKind,
    Differences,
    same_personal_email,
)
from rollbook.roster.planning.identity import contradicts, is_other_person
from rollbook.roster.planning.matching import NO_EXCEPTIONS, StudentExceptions
from rollbook.roster.records import Account, Issue
from rollbook.roster.sheets.matching import RowMatch
from rollbook.roster.sheets.rows import IDENTIFYING, RowMapper, SheetRow
from rollbook.roster.values.names import same_first_name
from rollbook.roster.values.parsing import FREED, email_key

_NOTHING: Final = Differences({}, {}, {}, {})


class SheetRules(NamedTuple):
    """The rules of one upload.

    `only_existing` makes no accounts.
    """

    only_existing: bool = False
    exceptions: StudentExceptions = NO_EXCEPTIONS


def decide_row(
    row: SheetRow, match: RowMatch, account: Account | None, mapper: RowMapper, rules: SheetRules
) -> Change | tuple[Issue, ...]:
    """Return the change for one row, or the issues that keep it out.

    `account` is the full row of the matched account.
    """
    if match.account is None:
        return _decide_new(row, mapper, rules)
    if account is None:  # it was erased while the file was being read
        return (mapper.issue("account_gone", row, match.matched_by),)
    broken = None if account.protected else broken_name(row.values, account, account.locked)
    if broken is not None:
        return (_broken_name_issue(broken, row, mapper),)
    conflict = _identity_conflict(row, match, account)
    if conflict:
        issue = mapper.issue(conflict, row, match.matched_by)
        return (issue._replace(other=f"{account.first_name} {account.last_name}"),)
    change = _decide_known(row, account)
    if account.protected and change.kind in WRITING_KINDS:
        return change._replace(kind=ChangeKind.PROTECTED, reason="account_protected")
    return change


def _decide_new(row: SheetRow, mapper: RowMapper, rules: SheetRules) -> Change | tuple[Issue, ...]:
    exceptions = rules.exceptions
    if row.email_key in exceptions.merged_emails:
        return (mapper.issue("account_merged", row, "email"),)
    on_list = row.values.get("sis_id") in exceptions.never_import_sis_ids
    if on_list or row.email_key in exceptions.never_import_emails:
        return _row_change(row, ChangeKind.NEVER_IMPORTED, "on_never_import_list", _NOTHING)
    if rules.only_existing:
        return (mapper.issue("account_missing", row, _identifying_field(row)),)
    missing = mapper.missing(row)
    if missing:
        return missing
    broken = broken_name(row.values, None)
    if broken is not None:
        return (_broken_name_issue(broken, row, mapper),)
    return _new(row)


def _identifying_field(row: SheetRow) -> str:
    """Return the first field of the row that could have named an account."""
    for field in IDENTIFYING:
        if row.values.get(field):
            return field
    return "email"


def _broken_name_issue(broken: BrokenName, row: SheetRow, mapper: RowMapper) -> Issue:
    return mapper.issue("name_broken", row, broken.field)._replace(other=broken.repaired)


def _identity_conflict(row: SheetRow, match: RowMatch, account: Account) -> str:
    """Return the issue code where the row is about somebody else than the account; else ""."""
    if match.matched_by != "email":
        return "row_of_other_person" if is_other_person(row.person, account) else ""
    if has_other_first_name(row, account):
        return "email_names_differ"
    return "email_persons_differ" if contradicts(row.person, account) else ""


def has_other_first_name(row: SheetRow, account: Account) -> bool:
    """Return whether a row with the account's e-mail is about somebody else.

    Only the first name tells: siblings share a last name.
    """
    first_name = row.values.get("first_name")
    return first_name is not None and not same_first_name(first_name, account.first_name)


def _decide_known(row: SheetRow, account: Account) -> Change:
    differences = row_differences(row, account)
    if differences.after:
        reason = "others_kept" if differences.locked_after else "row_differs"
        return _row_change(row, ChangeKind.UPDATED, reason, differences, account)
    if differences.locked_after:
        shown = differences._replace(
            before=differences.locked_before, after=differences.locked_after
        )
        return _row_change(row, ChangeKind.PROTECTED, "fields_locked", shown, account)
    return _row_change(row, ChangeKind.UNCHANGED, "nothing_differs", differences, account)


def _new(row: SheetRow) -> Change:
    values = {field: value for field, value in row.values.items() if value is not None}
    after: dict[str, Any] = values | {"email_key": email_key(values["email"])}
    if row.active is not None:
        after["status"] = "active" if row.active else "deactivated"
    return _row_change(row, ChangeKind.NEW, "row_is_new", _NOTHING._replace(after=after))


def _row_change(
    row: SheetRow,
    kind: ChangeKind,
    reason: str,
    differences: Differences,
    account: Account | None = None,
) -> Change:
    def value(field: str) -> Any:
        return row.values.get(field) or (getattr(account, field) if account else "")

    return Change(
        kind=kind,
        sis_id=(account.sis_id if account else None) or row.values.get("sis_id"),
        account_id=account.id if account else None,
        account_version=account.version if account else None,
        first_name=value("first_name"),
        last_name=value("last_name"),
        email=value("email"),
        before=differences.before,
        after=differences.after,
        fingerprint=None,
        reason=reason,
        row_number=row.number,
    )


def row_differences(row: SheetRow, account: Account) -> Differences:
    """Return before and after of everything that the row would change.

    Which fields an upload may change is decided here, and only here.
    """
    differences = Differences({}, {}, {}, {})
    freed = email_key(account.email) if account.email_key.startswith(FREED) else None
    for field, row_value in row.values.items():
        account_value = getattr(account, field)
        if field == "sis_id" and any(link.sis_id == row_value for link in account.further_links):
            continue  # the SIS ID of another SIS that has the student
        if field == "email":
            if email_key(row_value) in (account.email_key, freed):
                continue
        elif row_value == account_value or (
            row_value is not None and same_personal_email(field, row_value, account_value)
        ):
            continue
        if field in account.locked:
            differences.locked_before[field] = account_value
            differences.locked_after[field] = row_value
            continue
        differences.before[field], differences.after[field] = account_value, row_value
        if field == "email":
            differences.before["email_key"] = account.email_key
            differences.after["email_key"] = email_key(row_value)
    status = status_after(row.active, account.status)
    if status != account.status:
        differences.before["status"], differences.after["status"] = account.status, status
        if status == "active" and freed is not None and "email" not in differences.after:
            # Its own e-mail again: an open account has one.
            differences.before.update(email=account.email, email_key=account.email_key)
            differences.after.update(email=account.email, email_key=freed)
    return differences


def status_after(active: bool | None, status: str) -> str:
    """Return the account's status after the upload.

    TRUE opens an account, whatever closed it. FALSE closes an open one. A blank changes nothing.
    """
    if active is None:
        return status
    if active:
        return "active"
    return "deactivated" if status == "active" else status
