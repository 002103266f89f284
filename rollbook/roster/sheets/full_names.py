"""First and last name in one column, written "Smith, John": they are split at the comma."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from rollbook.roster.values.parsing import Unreadable

# What such a column fills. It is no field of an account: it stands for the two of SPLIT_FIELDS.
FULL_NAME: Final = "full_name"
SPLIT_FIELDS: Final = ("last_name", "first_name")


class SplitName(NamedTuple):
    """The two parts of a full name."""

    last_name: str
    first_name: str


def split_name(text: str) -> SplitName:
    """Return the parts of a name with one comma, the last name first.

    Raises Unreadable("name_not_split") for any other: "Li Na" and "John Smith" don't say which
    part is which.
    """
    parts = [part.strip() for part in text.replace("，", ",").split(",")]
    if len(parts) != 2 or not all(parts):
        raise Unreadable("name_not_split")
    return SplitName(*parts)


def can_be_split(text: str) -> bool:
    """Return whether a text is a name with one comma."""
    try:
        split_name(text)
    except Unreadable:
        return False
    return True


def account_fields(field: str | None) -> tuple[str, ...]:
    """Return the fields of an account that a column with this choice fills."""
    if field == FULL_NAME:
        return SPLIT_FIELDS
    return (field,) if field else ()


def all_account_fields(fields: Iterable[str | None]) -> list[str]:
    """Return the fields of an account that these columns fill together."""
    filled: list[str] = []
    for field in fields:
        filled.extend(account_fields(field))
    return filled
