"""A roster that comes back under new SIS IDs: the same people, whom a SIS was moved or set up anew for.

Recognised by e-mail and name together, where the old ID is missing from a complete roster. A few such students are a question about each
of them; many at once are one decision.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from rollbook.roster.planning import CLOSED_BY_RUN, Change, ChangeKind
from rollbook.roster.records import Account
from rollbook.roster.values import same_name


class PlannedAccount(NamedTuple):
    """A new account that was planned for a record: its SIS ID, its values as they are stored, its fingerprint."""

    sis_id: str
    after: Mapping[str, Any]
    fingerprint: bytes | None


def relink(
    planned: PlannedAccount, account: Account, fill_once: frozenset[str] = frozenset()
) -> Change | None:
    """The change that links the account to the new SIS ID instead; None where the names speak against it, or the account is protected.

    Locked values stay, and so do those of `fill_once`, the fields that the source fills only while they are empty. An account that a person closed stays closed.
    """
    after = planned.after
    if account.protected or not (
        same_name(after.get("first_name"), account.first_name)
        and same_name(after.get("last_name"), account.last_name)
    ):
        return None
    differing = {
        field: value
        for field, value in after.items()
        if field not in ("email", "email_key")
        and value != (held := _stored(getattr(account, field, None)))
        and not (field in fill_once and held is not None)
    }
    kept = [field for field in differing if field in account.locked]
    for field in kept:
        del differing[field]
    before = {field: _stored(getattr(account, field)) for field in differing}
    if account.status in CLOSED_BY_RUN:
        before, differing = before | {"status": account.status}, differing | {"status": "active"}
    return Change(
        ChangeKind.LINKED,
        planned.sis_id,
        account.id,
        account.version,
        account.first_name,
        account.last_name,
        account.email,
        before,
        differing,
        None if kept else planned.fingerprint,  # what a lock keeps back is shown by each run
        "re_keyed",
    )


def _stored(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
