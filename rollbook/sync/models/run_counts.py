"""What a run counts, as typed values; `Run.counts` stores them as JSON.

A key that is missing in the JSON counts as 0; one that is unknown is ignored.
"""

from collections.abc import Mapping
from typing import Any, Final, Self

import msgspec

# Rows of the plan. Where there are none of a kind, its key is left out of the JSON.
_ROWS: Final = frozenset(
    {
        "new",
        "linked",
        "updated",
        "email_changed",
        "name_changed",
        "year_changed",
        "known_errors",
        "elsewhere",
        "returning",
        "not_in_roster",
        "left",
        "graduated",
        "email_freed",
        "protected",
        "never_imported",
        "erased",
        "error",
        "warning",
        "note",
    }
)


class RunCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of any run: of an upload, it has no others.

    Most are the numbers of rows by change kind and by severity. `read` are the records or rows that
    came, `overtaken` the changes that were left out because somebody edited the account meanwhile.
    `name_changed` are accounts that get another first or last name, `year_changed` those that get
    another graduation year, `known_errors` active accounts whose record or row has an error.
    `erased` are records and rows of erased students, which were left out unread.
    """

    read: int = 0
    new: int = 0
    linked: int = 0
    updated: int = 0
    email_changed: int = 0
    name_changed: int = 0
    year_changed: int = 0
    unchanged: int = 0
    returning: int = 0
    outside_selection: int = 0
    not_in_roster: int = 0
    left: int = 0
    graduated: int = 0
    email_freed: int = 0
    protected: int = 0
    never_imported: int = 0
    erased: int = 0
    error: int = 0
    known_errors: int = 0
    warning: int = 0
    note: int = 0
    overtaken: int = 0

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Return the counts that a run has stored."""
        return msgspec.convert(stored, cls)

    def stored(self) -> dict[str, int]:
        """Return the counts as a run stores them."""
        counts = msgspec.structs.asdict(self)
        return {name: number for name, number in counts.items() if number or name not in _ROWS}

    def number(self, name: str) -> int:
        """Return one count by its name: that of a change kind, say."""
        return int(getattr(self, name))


class RosterCounts(RunCounts, frozen=True, kw_only=True):
    """The counts of a run that reads a SIS, as the guards look at them.

    `accounts` are those linked to this SIS, `expected` those that the roster should have, `missing`
    those of them that it lacks, `elsewhere` those that it lacks for the first time and that another
    SIS still has. `missing_settled` are missing too, but a person has approved that: they are not
    among the expected ones. `other_people` are known SIS IDs that belong to somebody else now,
    `re_keyed` known people who came under new SIS IDs, `moved` accounts that another SIS had.
    """

    accounts: int = 0
    expected: int = 0
    missing: int = 0
    missing_settled: int = 0
    elsewhere: int = 0
    other_people: int = 0
    re_keyed: int = 0
    moved: int = 0


class UndoCounts(RunCounts, frozen=True, kw_only=True):
    """The counts of an undo: what goes back, and how many values stay.

    `undone_again` of the values that go back were changed and written again since.
    """

    undone_accounts: int = 0
    undone_values: int = 0
    undone_deactivated: int = 0
    undone_stays: int = 0
    undone_again: int = 0
