"""Recognising the students of a roster that comes back under new SIS IDs.

This happens when a SIS was moved or set up again. A student is recognised by e-mail and name
together, where the old ID is missing from a complete roster. A few of them are a question about
each student; many at once are one decision.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from rollbook.roster.planning import CLOSED_BY_RUN, Change, ChangeKind
from rollbook.roster.records import Account
from rollbook.roster.values import same_name


class PlannedAccount(NamedTuple):
    """A new account that was planned for a record. `after` has its values as they are stored."""

    sis_id: str
    after: Mapping[str, Any]
    fingerprint: bytes | None


def relink(
    planned: PlannedAccount, account: Account, fill_once: frozenset[str] = frozenset()
) -> Change | None:
    """Return the change that links an existing account to the new SIS ID instead.

    None where the names differ or the account is protected. Locked values stay, and so do those of
    `fill_once`, the fields that the source fills only while they are empty. An account that a
    person closed stays closed.
    """
    if account.protected or not _names_agree(planned.after, account):
        return None
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    locked_differs = False
    for field, value in planned.after.items():
        account_value = _stored(getattr(account, field, None))
        if field in ("email", "email_key") or value == account_value:
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
    same_first_name = same_name(values.get("first_name"), account.first_name)
    return same_first_name and same_name(values.get("last_name"), account.last_name)


def _stored(value: Any) -> Any:
    """Return a value as a stored plan has it."""
    return value.isoformat() if isinstance(value, date) else value
