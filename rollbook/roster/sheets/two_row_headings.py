"""Headings over two rows: groups such as "Name" above, "First" and "Last" below."""

from collections.abc import Sequence
from typing import Final

from rollbook.roster.sheets.columns import is_value
from rollbook.roster.sheets.headings import heading_key, known_heading, speaks_against_student

CellTexts = Sequence[str | None]

# Groups whose columns are the student's own all the same.
_PLAIN_GROUPS: Final = frozenset(
    ("contact", "contacts", "contactdetails", "contactinformation", "details")
)


def is_group_row(upper: CellTexts, lower: CellTexts) -> bool:
    """Return whether a row has groups, or further headings, for the headings right below it.

    A title has one text, or stands over headings that are complete without it.
    """
    if _filled(upper) < 2 or _filled(lower) < 2 or any(map(is_value, [*upper, *lower])):
        return False
    if _gaps(upper, lower):
        return True
    keys = [heading_key(text) for text in lower if text]
    return len(set(keys)) < len(keys) and _filled(upper) < len(keys)


def continues_below(upper: CellTexts, lower: CellTexts) -> bool:
    """Return whether the row below the headings goes on with headings for their empty cells."""
    if not is_group_row(upper, lower):
        return False
    pairs = zip(upper, lower, strict=False)
    return any(known_heading(low) is not None for up, low in pairs if low and not up)


def joined_headings(upper: CellTexts, lower: CellTexts) -> list[str | None]:
    """Return one heading for each column of two rows of headings."""
    keys = [heading_key(text) for text in lower if text]
    headings: list[str | None] = []
    group = None
    for up, low in zip(upper, lower, strict=False):
        group = up or group
        if not low:
            headings.append(up)
        elif group is None:
            headings.append(low)
        else:
            headings.append(_joined(group, low, keys.count(heading_key(low)) > 1))
    return headings


def _joined(group: str, low: str, is_repeated: bool) -> str:
    """Return the heading of a column in a group, such as "Parent Email"; "Email" if it is clear."""
    in_group = f"{group.strip()} {low.strip()}"
    reversed_order = f"{low.strip()} {group.strip()}"  # "First Name" for "First" below "Name"
    is_of_others = speaks_against_student(in_group) and speaks_against_student(reversed_order)
    if is_repeated or (is_of_others and heading_key(group) not in _PLAIN_GROUPS):
        return in_group
    for heading in (low, reversed_order, in_group):
        if known_heading(heading) is not None:
            return heading
    return in_group


def _gaps(upper: CellTexts, lower: CellTexts) -> list[int]:
    """Return the columns that only the upper row names."""
    pairs = enumerate(zip(upper, lower, strict=False))
    return [column for column, (up, low) in pairs if up and not low]


def _filled(row: CellTexts) -> int:
    return sum(1 for cell in row if cell)
