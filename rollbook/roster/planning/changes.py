"""Stop 4: a record and its account → the change to make.

A change has before and after of each field that differs.
"""

from enum import StrEnum
from typing import Any, Final, NamedTuple

from rollbook.roster.planning.broken_names import NAME_FIELDS, broken_name
from rollbook.roster.planning.identity import contradicts, is_other_person, names_agree
from rollbook.roster.planning.matching import Match, MatchKind
from rollbook.roster.planning.owners import FieldOwners
from rollbook.roster.records import (
    ISSUE_NAME_LIMIT,
    LINK_KEY,
    Account,
    Issue,
    Severity,
    SisAnswer,
    SisLink,
    StudentRecord,
)
from rollbook.roster.values.parsing import FREED, email_key


class ChangeKind(StrEnum):
    """What a run does with a student; docs/glossary.md explains each kind."""

    NEW = "new"
    LINKED = "linked"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    RETURNING = "returning"
    OUTSIDE_SELECTION = "outside_selection"
    NOT_IN_ROSTER = "not_in_roster"
    LEFT = "left"
    GRADUATED = "graduated"
    EMAIL_FREED = "email_freed"
    PROTECTED = "protected"
    NEVER_IMPORTED = "never_imported"


WRITING_KINDS: Final = (
    ChangeKind.NEW,
    ChangeKind.LINKED,
    ChangeKind.UPDATED,
    ChangeKind.RETURNING,
    ChangeKind.LEFT,
    ChangeKind.GRADUATED,
    ChangeKind.EMAIL_FREED,
)
UPDATING_KINDS: Final = tuple(kind for kind in WRITING_KINDS if kind is not ChangeKind.NEW)
# Statuses that a run sets, and that a run takes back when the SIS ID returns.
CLOSED_BY_RUN: Final = ("left", "graduated")


class Change(NamedTuple):
    """What a run does with one student.

    `before` and `after` have the differing fields only; of a new account `after` has all. The
    change was planned for `account_version`, the version of the account's row. `reason` names the
    rule that decided. `row_number` is the row of the spreadsheet, where there is one. `sis_answer`
    is what the SIS says about a student who is missing, where it was asked for him.
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
    sis_answer: SisAnswer | None = None


class Rules(NamedTuple):
    """The rules of one run: the fields that the mapping fills, and the source that they come from.

    `fill_once` are fields that the source fills while they are empty and never changes afterwards.
    `owners` says which fields another SIS fills; None where the school has only one.
    """

    fields: tuple[str, ...]
    source: str
    fill_once: frozenset[str] = frozenset()
    owners: FieldOwners | None = None

    def foreign_fields(self, account: Account) -> frozenset[str]:
        """Return the fields of an account that another SIS owns."""
        if self.owners is None:
            return frozenset()
        links = account.links
        if account.link_to(self.source) is None:
            links += (SisLink(self.source, None),)  # it is about to be linked
        return self.owners.foreign_fields(links, self.fields)


class Differences(NamedTuple):
    """Before and after of the fields to write.

    `locked_before` and `locked_after` are those of locked fields, which are shown but not written.
    """

    before: dict[str, Any]
    after: dict[str, Any]
    locked_before: dict[str, Any]
    locked_after: dict[str, Any]


def decide(match: Match, account: Account | None, rules: Rules) -> Change | Issue:
    """Return the change for one matched record, or an issue that a person has to decide about.

    `account` is the full row of the matched account.
    """
    record = match.record
    if match.kind is MatchKind.NEVER_IMPORT:
        change = _new(record, rules)
        return change._replace(
            kind=ChangeKind.NEVER_IMPORTED, fingerprint=None, reason="on_never_import_list"
        )
    if match.kind is MatchKind.NEW:
        return _broken_name_issue(record, None, rules) or _new(record, rules)
    if match.kind is MatchKind.MERGED:
        return _issue("email_of_merged", record, "email", record.email)
    if account is None:  # it was erased while the roster was being read
        return _issue("account_gone", record)
    if not account.protected:
        issue = _broken_name_issue(record, account, rules)
        if issue is not None:
            return issue
    decision = _decide_with_account(match, account, rules)
    if isinstance(decision, Issue) or not account.protected:
        return decision
    if decision.kind not in WRITING_KINDS:
        return decision
    return decision._replace(
        kind=ChangeKind.PROTECTED, fingerprint=None, reason="account_protected"
    )


def _broken_name_issue(
    record: StudentRecord, account: Account | None, rules: Rules
) -> Issue | None:
    """Return the issue of a record that would write a name with broken letters."""
    names: dict[str, str | None] = {}
    for field in NAME_FIELDS:
        if field in rules.fields:
            names[field] = getattr(record, field)
    unwritten: set[str] = set()
    if account is not None:
        filled = {field for field in rules.fill_once if getattr(account, field) is not None}
        unwritten = filled.union(account.locked)
    broken = broken_name(names, account, unwritten)
    if broken is None:
        return None
    return _issue("name_broken", record, broken.field, broken.name)._replace(other=broken.repaired)


def _decide_with_account(match: Match, account: Account, rules: Rules) -> Change | Issue:
    record = match.record
    if match.kind is MatchKind.ELSEWHERE:
        return _issue_of_other_sis(record, account)
    if match.kind is MatchKind.BY_EMAIL:
        code = _link_conflict(record, account)
        if code:
            issue = _issue(code, record, "email", record.email)
            return issue._replace(other=f"{account.first_name} {account.last_name}")
        return _linked(record, account, rules, "same_email_and_name")
    if match.kind is MatchKind.CONFIRMED:
        return _linked(record, account, rules, "confirmed_by_person")
    if is_other_person(record, account):
        return _issue("other_person", record, "sis_id", record.sis_id)
    differences = _differences(record, account, rules)
    if account.status in CLOSED_BY_RUN:
        differences.before["status"] = account.status
        differences.after["status"] = "active"
        return _change(ChangeKind.RETURNING, record, account, differences, "sis_id_is_back")
    if differences.after:
        reason = "others_kept" if differences.locked_after else "fields_differ"
        return _change(ChangeKind.UPDATED, record, account, differences, reason)
    if differences.locked_after:
        shown = differences._replace(
            before=differences.locked_before, after=differences.locked_after
        )
        return _change(ChangeKind.PROTECTED, record, account, shown, "fields_locked")
    if account.status == "deactivated":
        change = _change(ChangeKind.PROTECTED, record, account, differences, "account_deactivated")
        return change._replace(fingerprint=None)  # so that each run shows it
    return _change(ChangeKind.UNCHANGED, record, account, differences, "nothing_differs")


def _link_conflict(record: StudentRecord, account: Account) -> str:
    """Return the issue code where an account with the record's e-mail can't be linked; else ""."""
    if account.status != "active" or not names_agree(record, account):
        return "link_names_differ"
    return "link_persons_differ" if contradicts(record, account) else ""


def _issue_of_other_sis(record: StudentRecord, account: Account) -> Issue:
    """Return the issue of a record whose e-mail the account of another active SIS has."""
    code = "also_elsewhere"
    if not names_agree(record, account):
        code = "link_names_differ"
    elif contradicts(record, account):
        code = "link_persons_differ"
    issue = _issue(code, record, "email", record.email)
    return issue._replace(other=f"{account.first_name} {account.last_name}")


def _linked(record: StudentRecord, account: Account, rules: Rules, reason: str) -> Change:
    differences = _differences(record, account, rules)
    if is_further_link(account, rules.source, rules.owners):
        key = LINK_KEY + rules.source
        current = account.link_to(rules.source)
        differences.before[key] = current.sis_id if current else None
        differences.after[key] = record.sis_id
    else:
        differences.before.update(source=account.source, sis_id=account.sis_id)
        differences.after.update(source=rules.source, sis_id=record.sis_id)
    if account.status in CLOSED_BY_RUN:
        differences.before["status"], differences.after["status"] = account.status, "active"
    return _change(ChangeKind.LINKED, record, account, differences, reason)


def is_further_link(account: Account, source: str, owners: FieldOwners | None) -> bool:
    """Return whether a link to this source is one besides the account's first link."""
    if account.source == source or not account.links:
        return False
    if account.link_to(source) is not None:
        return True
    return owners is not None and account.source in owners.other_sources


def _new(record: StudentRecord, rules: Rules) -> Change:
    after: dict[str, Any] = {}
    for field in rules.fields:
        value = getattr(record, field)
        if value is not None or field in record.blanks:
            after[field] = value
    after["email_key"] = record.email_key
    return Change(
        kind=ChangeKind.NEW,
        sis_id=record.sis_id,
        account_id=None,
        account_version=None,
        first_name=record.first_name,
        last_name=record.last_name,
        email=record.email,
        before={},
        after=after,
        fingerprint=record.fingerprint,
        reason="sis_id_unknown",
    )


def _differences(record: StudentRecord, account: Account, rules: Rules) -> Differences:
    """Return what differs in the mapped fields.

    A field that the source leaves blank stays as it is, unless its blank clears the field. A field
    that another SIS owns stays as well.
    """
    differences = Differences({}, {}, {}, {})
    foreign_fields = rules.foreign_fields(account)
    for field in rules.fields:
        record_value, account_value = getattr(record, field), getattr(account, field)
        if field == "sis_id" or field in foreign_fields:
            continue
        if field == "email":
            if not _email_differs(record, account):
                continue
        elif record_value == account_value:
            continue
        if record_value is None and field not in record.blanks:
            continue
        if record_value is not None and same_personal_email(field, record_value, account_value):
            continue
        # An account whose e-mail was freed needs one again, whatever is kept.
        needs_email = field == "email" and account.email_key.startswith(FREED)
        if field in rules.fill_once and account_value is not None and not needs_email:
            continue
        if field in account.locked and not needs_email:
            differences.locked_before[field] = account_value
            differences.locked_after[field] = record_value
            continue
        differences.before[field] = account_value
        differences.after[field] = record_value
        if field == "email":
            differences.before["email_key"] = account.email_key
            differences.after["email_key"] = record.email_key
    return differences


def _email_differs(record: StudentRecord, account: Account) -> bool:
    """Return whether the record has an e-mail that the account has to get.

    An account whose e-mail was freed gets the same one back only when a run opens it again.
    """
    if not account.email_key.startswith(FREED):
        return record.email_key != account.email_key
    return account.status in CLOSED_BY_RUN or record.email_key != email_key(account.email)


def same_personal_email(field: str, one: Any, other: Any) -> bool:
    """Return whether two values of the personal e-mail differ in letter case only."""
    return field == "personal_email" and other is not None and email_key(one) == email_key(other)


def _change(
    kind: ChangeKind,
    record: StudentRecord,
    account: Account,
    differences: Differences,
    reason: str,
) -> Change:
    """Return the change of an account.

    It has no fingerprint where a locked field differs: so the next run compares it again, and shows
    it again.
    """
    return Change(
        kind=kind,
        sis_id=record.sis_id,
        account_id=account.id,
        account_version=account.version,
        first_name=record.first_name,
        last_name=record.last_name,
        email=record.email,
        before=differences.before,
        after=differences.after,
        fingerprint=None if differences.locked_after else record.fingerprint,
        reason=reason,
    )


def list_account(kind: ChangeKind, account: Account, reason: str, source: str = "") -> Change:
    """Return a row that changes nothing: the account is listed with its kind and reason.

    Where the account has several links, the row has the SIS ID of this source.
    """
    link = account.link_to(source)
    return Change(
        kind=kind,
        sis_id=link.sis_id if link else account.sis_id,
        account_id=account.id,
        account_version=account.version,
        first_name=account.first_name,
        last_name=account.last_name,
        email=account.email,
        before={},
        after={},
        fingerprint=None,
        reason=reason,
    )


def _issue(code: str, record: StudentRecord, field: str = "", value: str = "") -> Issue:
    name = f"{record.first_name} {record.last_name}"[:ISSUE_NAME_LIMIT]
    return Issue(code, Severity.ERROR, record.sis_id, name, field, value=value)
