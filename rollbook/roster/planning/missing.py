"""The active accounts that a complete roster lacks, counted for the guards."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from rollbook.roster.planning.guards import StudentGroup
from rollbook.roster.planning.leaving import is_still_elsewhere
from rollbook.roster.planning.owners import FieldOwners
from rollbook.roster.records import Account


class MissingAccounts:
    """Counts the active accounts that a complete roster lacks, whatever happens to them.

    Students whom another active SIS still has are counted apart, because they are no leavers:
    `moved_on` those who were missing here before, `newly_elsewhere` those who are missing for the
    first time. So are those whose absence a person has approved (`settled`, by `settled_ids`): they
    are no reason to hold a run.
    """

    def __init__(
        self, owners: FieldOwners | None = None, settled_ids: Collection[bytes] = ()
    ) -> None:
        self._owners = owners
        self._settled_ids = settled_ids
        self.number = self.moved_on = self.newly_elsewhere = self.settled = 0
        self._groups: Counter[tuple[str, str]] = Counter()
        self._settled_groups: Counter[tuple[str, str]] = Counter()

    def add(self, accounts: Iterable[Account]) -> None:
        for account in accounts:
            if account.status != "active":
                continue
            if is_still_elsewhere(account, self._owners):
                self._count_elsewhere(account)
            elif account.id in self._settled_ids:
                self.settled += 1
                self._settled_groups.update(_groups_of(account))
            else:
                self.number += 1
                self._groups.update(_groups_of(account))

    def _count_elsewhere(self, account: Account) -> None:
        assert self._owners is not None
        link = account.link_to(self._owners.source)
        if link is not None and link.missing_runs:
            self.moved_on += 1
        else:
            self.newly_elsewhere += 1

    def groups(self, expected: Mapping[tuple[str, str], int]) -> tuple[StudentGroup, ...]:
        """Return the groups that lack somebody. `expected` are all accounts of each group."""
        groups = []
        for (kind, name), missing in sorted(self._groups.items()):
            accounts = expected.get((kind, name), missing) - self._settled_groups[kind, name]
            groups.append(StudentGroup(kind, name, accounts, missing))
        return tuple(groups)


def _groups_of(account: Account) -> list[tuple[str, str]]:
    groups = []
    if account.graduation_year is not None:
        groups.append(("year", str(account.graduation_year)))
    if account.grade_level is not None:
        groups.append(("grade", account.grade_level))
    return groups
