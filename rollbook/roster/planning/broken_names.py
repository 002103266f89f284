"""Names with broken letters, such as JosÃ©, are not written: one rule for syncs and uploads."""

from collections.abc import Container, Mapping
from typing import Any, Final, NamedTuple

from rollbook.roster.records import Account
from rollbook.roster.values.broken_letters import (
    has_broken_letters,
    is_broken_spelling,
    repaired_name,
)

NAME_FIELDS: Final = ("first_name", "last_name", "middle_name", "preferred_name")


class BrokenName(NamedTuple):
    """A name with broken letters. `repaired` is the name that it may be, "" if that isn't known."""

    field: str
    name: str
    repaired: str


def broken_name(
    names: Mapping[str, Any], account: Account | None, unwritten: Container[str] = ()
) -> BrokenName | None:
    """Return the first name that would be written with broken letters.

    `names` are the values of a record or a row by field, `account` is the one that they would go
    to. Fields in `unwritten` are not written. A name that the account has already is no change.
    """
    for field in NAME_FIELDS:
        name = names.get(field)
        if not name or field in unwritten:
            continue
        present = getattr(account, field) if account is not None else None
        if name == present:
            continue
        if present and is_broken_spelling(name, present):
            return BrokenName(field, name, present)
        if has_broken_letters(name):
            return BrokenName(field, name, repaired_name(name) or "")
    return None
