"""Recognising the students of a roster that comes back under new SIS IDs.

This happens when a SIS was moved or set up again. A student is recognised by e-mail and name
together, where the old ID is missing from a complete roster. A few of them are a question about
each student; many at once are one decision.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from rollbook.roster.planning.changes import CLOSED_BY_RUN, Change, ChangeKind, is_further_link
from rollbook.roster.planning.identity import PersonKey, key_of, person_key
from rollbook.roster.planning.owners import FieldOwners
from rollbook.roster.records import LINK_KEY, Account, StudentRecord
from rollbook.roster.values.names import same_first_name, same_name


class PlannedAccount(NamedTuple):
    """A new account that was planned for a record. `after` has its values as they are stored."""

    sis_id: str
    after: Mapping[str, Any]
    fingerprint: bytes | None


class PossibleRelink(NamedTuple):
    """A new student of the roster who may be the person of an account that the roster lacks."""

    account: Account
    planned: PlannedAccount


def waiting_student(record: StudentRecord) -> PlannedAccount:
    """Return a student who waits for a decision about another account, ready to be compared."""
    born = record.birth_date.isoformat() if record.birth_date is not None else None
    values = {
        "email": record.email,
        "email_key": record.email_key,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "graduation_year": record.graduation_year,
        "birth_date": born,
        "student_number": record.student_number,
    }
    return PlannedAccount(record.sis_id, values, None)


def possible_relinks(
    missing: Iterable[Account], planned: Iterable[PlannedAccount]
) -> list[PossibleRelink]:
    """Return the new students who may be the person of a missing account.

    They have its name, and its e-mail or its date of birth.

    Several students may come for one account, and the other way round: a person decides.
    """
    by_email: dict[str, Account] = {}
    by_person: dict[PersonKey, list[Account]] = {}
    for account in missing:
        by_email[account.email_key] = account
        key = person_key(account)
        if key is not None:
            by_person.setdefault(key, []).append(account)
    possible = []
    for each in planned:
        candidates = {}
        account_by_email = by_email.get(str(each.after.get("email_key")))
        if account_by_email is not None and _names_agree(each.after, account_by_email):
            candidates[account_by_email.id] = account_by_email
        for account in by_person.get(_key_of(each.after) or ("", "", ""), []):
            candidates[account.id] = account
        possible += [PossibleRelink(account, each) for account in candidates.values()]
    return possible


def _key_of(values: Mapping[str, Any]) -> PersonKey | None:
    """Return the person key of stored values, where the date of birth is ISO text."""
    return key_of(*(values.get(name) for name in ("first_name", "last_name", "birth_date")))


def relink(
    planned: PlannedAccount,
    account: Account,
    fill_once: frozenset[str] = frozenset(),
    owners: FieldOwners | None = None,
) -> Change | None:
    """Return the change that links an existing account to the new SIS ID instead.

    None where the names differ or the account is protected. Locked values stay, and so do those of
    `fill_once`, the fields that the source fills only while they are empty, and those that another
    SIS owns. The link to another SIS stays as well. An account that a person closed stays closed.
    """
    if account.protected or not _names_agree(planned.after, account):
        return None
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    values = dict(planned.after)
    foreign_fields: frozenset[str] = frozenset()
    if owners is not None:
        foreign_fields = owners.foreign_fields(account.links, values)
        if is_further_link(account, owners.source, owners):
            link, key = account.link_to(owners.source), LINK_KEY + owners.source
            before[key], after[key] = link and link.sis_id, values.pop("sis_id")
    locked_differs = False
    for field, value in values.items():
        account_value = _stored(getattr(account, field, None))
        if field in ("email", "email_key") or value == account_value:
            continue
        if field in foreign_fields and field != "sis_id":
            continue
        if field in fill_once and account_value is not None:
            continue
        if field in account.locked:
            locked_differs = True
            continue
        before[field], after[field] = account_value, value
    if account.status in CLOSED_BY_RUN:
        before["status"], after["status"] = account.status, "active"
    return Change(
        kind=ChangeKind.LINKED,
        sis_id=planned.sis_id,
        account_id=account.id,
        account_version=account.version,
        first_name=account.first_name,
        last_name=account.last_name,
        email=account.email,
        before=before,
        after=after,
        # Without a fingerprint each run shows again what a lock keeps.
        fingerprint=None if locked_differs else planned.fingerprint,
        reason="re_keyed",
    )


def _names_agree(values: Mapping[str, Any], account: Account) -> bool:
    if not same_first_name(values.get("first_name"), account.first_name):
        return False
    return same_name(values.get("last_name"), account.last_name)


def _stored(value: Any) -> Any:
    """Return a value as a stored plan has it."""
    return value.isoformat() if isinstance(value, date) else value
