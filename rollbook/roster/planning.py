"""Stop 4: a record and its account → the change to make, with before and after of each field that differs."""

from enum import StrEnum
from typing import Any, Final, NamedTuple

from rollbook.roster.matching import Match, MatchKind
from rollbook.roster.records import ISSUE_NAME_LIMIT, Account, Issue, Severity, StudentRecord
from rollbook.roster.values import email_key, same_name


class ChangeKind(StrEnum):
    NEW = "new"
    LINKED = "linked"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    RETURNING = "returning"
    OUTSIDE_SELECTION = "outside_selection"
    NOT_IN_ROSTER = "not_in_roster"
    LEFT = "left"
    GRADUATED = "graduated"
    PROTECTED = "protected"
    NEVER_IMPORTED = "never_imported"


WRITING_KINDS: Final = (
    ChangeKind.NEW,
    ChangeKind.LINKED,
    ChangeKind.UPDATED,
    ChangeKind.RETURNING,
    ChangeKind.LEFT,
    ChangeKind.GRADUATED,
)
UPDATING_KINDS: Final = tuple(kind for kind in WRITING_KINDS if kind is not ChangeKind.NEW)
# Statuses that a run sets, and that a run takes back when the SIS ID returns.
CLOSED_BY_RUN: Final = ("left", "graduated")


class Change(NamedTuple):
    """What becomes of one student.

    `before` and `after` hold the differing fields only (`after` holds all for a new account); `account_version` is the version this
    was planned on. `reason` names the rule that decided. `row_number` is the row of a spreadsheet that says it.
    """

    kind: ChangeKind
    sis_id: str | None
    account_id: bytes | None
    account_version: int | None
    first_name: str
    last_name: str
    email: str
    before: dict[str, Any]
    after: dict[str, Any]
    fingerprint: bytes | None
    reason: str
    row_number: int | None = None


class Rules(NamedTuple):
    """What deciding depends on besides record and account: our fields that the mapping fills, and the source they come from.

    `fill_once` are fields that the source fills while they are empty and never changes afterwards.
    """

    fields: tuple[str, ...]
    source: str
    fill_once: frozenset[str] = frozenset()


class Differences(NamedTuple):
    """Before and after of what is to be written. `kept` are before and after of locked fields, where the source says otherwise."""

    before: dict[str, Any]
    after: dict[str, Any]
    kept: tuple[dict[str, Any], dict[str, Any]]


def decide(match: Match, account: Account | None, rules: Rules) -> Change | Issue:
    """The change for one matched record, or the issue that a person has to decide. `account` is the matched account's full row."""
    record = match.record
    if match.kind is MatchKind.NEVER_IMPORT:
        return _new(record, rules)._replace(
            kind=ChangeKind.NEVER_IMPORTED, fingerprint=None, reason="on_never_import_list"
        )
    if match.kind is MatchKind.NEW:
        return _new(record, rules)
    if account is None:  # it was erased while the roster was being read
        return _issue("account_gone", record)
    decided = _decide_known(match, account, rules)
    if account.protected and isinstance(decided, Change) and decided.kind in WRITING_KINDS:
        return decided._replace(
            kind=ChangeKind.PROTECTED, fingerprint=None, reason="account_protected"
        )
    return decided


def _decide_known(match: Match, account: Account, rules: Rules) -> Change | Issue:
    record = match.record
    if match.kind is MatchKind.BY_EMAIL:
        if account.status != "active" or not _names_agree(record, account):
            return _issue("link_names_differ", record, "email", record.email)._replace(
                other=f"{account.first_name} {account.last_name}"
            )
        return _linked(record, account, rules, "same_email_and_name")
    if match.kind is MatchKind.CONFIRMED:
        return _linked(record, account, rules, "confirmed_by_person")
    if is_other_person(record, account):
        return _issue("other_person", record, "sis_id", record.sis_id)
    differs = _differences(record, account, rules)
    if account.status in CLOSED_BY_RUN:
        before, after = (
            differs.before | {"status": account.status},
            differs.after | {"status": "active"},
        )
        return _change(
            ChangeKind.RETURNING,
            record,
            account,
            differs._replace(before=before, after=after),
            "sis_id_is_back",
        )
    if differs.after:
        return _change(
            ChangeKind.UPDATED,
            record,
            account,
            differs,
            "fields_differ" if not differs.kept[1] else "others_kept",
        )
    if differs.kept[1]:
        shown = differs._replace(before=differs.kept[0], after=differs.kept[1])
        return _change(ChangeKind.PROTECTED, record, account, shown, "fields_locked")
    return _change(ChangeKind.UNCHANGED, record, account, differs, "nothing_differs")


def _linked(record: StudentRecord, account: Account, rules: Rules, reason: str) -> Change:
    differs = _differences(record, account, rules)
    before = differs.before | {"source": account.source, "sis_id": account.sis_id}
    after = differs.after | {"source": rules.source, "sis_id": record.sis_id}
    return _change(
        ChangeKind.LINKED, record, account, differs._replace(before=before, after=after), reason
    )


def is_other_person(record: StudentRecord, account: Account) -> bool:
    """Another name and another birth date under a known SIS ID: the id was given to somebody else."""
    both_known = record.birth_date is not None and account.birth_date is not None
    return (
        both_known and record.birth_date != account.birth_date and not _names_agree(record, account)
    )


def _names_agree(record: StudentRecord, account: Account) -> bool:
    return same_name(record.first_name, account.first_name) and same_name(
        record.last_name, account.last_name
    )


def _new(record: StudentRecord, rules: Rules) -> Change:
    after = {
        field: value
        for field in rules.fields
        if (value := getattr(record, field)) is not None or field in record.blanks
    }
    after["email_key"] = record.email_key
    return Change(
        ChangeKind.NEW,
        record.sis_id,
        None,
        None,
        record.first_name,
        record.last_name,
        record.email,
        {},
        after,
        record.fingerprint,
        "sis_id_unknown",
    )


def _differences(record: StudentRecord, account: Account, rules: Rules) -> Differences:
    """What differs in the mapped fields. What the source leaves blank stays as it is, unless its blank clears the field."""
    found = Differences({}, {}, ({}, {}))
    for field in rules.fields:
        said, held = getattr(record, field), getattr(account, field)
        if field == "sis_id" or said == held or (said is None and field not in record.blanks):
            continue
        if field == "email":
            if record.email_key == account.email_key:
                continue
        elif said is not None and same_personal_email(field, said, held):
            continue
        if field in rules.fill_once and held is not None:
            continue
        if field in account.locked:
            found.kept[0][field], found.kept[1][field] = held, said
        else:
            found.before[field], found.after[field] = held, said
            if field == "email":
                found.before["email_key"], found.after["email_key"] = (
                    account.email_key,
                    record.email_key,
                )
    return found


def same_personal_email(field: str, said: Any, held: Any) -> bool:
    """Whether two personal addresses differ in their letter case only."""
    return field == "personal_email" and held is not None and email_key(said) == email_key(held)


def _change(
    kind: ChangeKind, record: StudentRecord, account: Account, differs: Differences, reason: str
) -> Change:
    """Without a fingerprint where a locked field differs: the next run looks again, and shows it again."""
    return Change(
        kind,
        record.sis_id,
        account.id,
        account.version,
        record.first_name,
        record.last_name,
        record.email,
        differs.before,
        differs.after,
        None if differs.kept[1] else record.fingerprint,
        reason,
    )


def list_account(kind: ChangeKind, account: Account, reason: str) -> Change:
    """A row that changes nothing and only says how an account stands: no longer in the roster, or outside the selection."""
    return Change(
        kind,
        account.sis_id,
        account.id,
        account.version,
        account.first_name,
        account.last_name,
        account.email,
        {},
        {},
        None,
        reason,
    )


def _issue(code: str, record: StudentRecord, field: str = "", value: str = "") -> Issue:
    return Issue(
        code,
        Severity.ERROR,
        record.sis_id,
        f"{record.first_name} {record.last_name}"[:ISSUE_NAME_LIMIT],
        field,
        "",
        value,
    )
