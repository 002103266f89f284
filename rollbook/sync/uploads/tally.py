"""The numbers of an upload that the guards look at, added up batch by batch."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from rollbook.roster.planning.guards import Alarm, ErrorCause, PlanCounts, review_upload
from rollbook.roster.records import Issue, Severity
from rollbook.sync import store
from rollbook.sync.models import Run, RunCounts
from rollbook.sync.setup import limits


class UploadTally:
    """Counts rows about other people, and accounts whose rows have errors.

    `accounts` are the ids of the accounts that rows are about, by row number.
    """

    def __init__(self, accounts: Mapping[int, bytes]) -> None:
        self._accounts = accounts
        self._other_people: set[int] = set()
        self._with_errors: set[bytes] = set()
        self._causes: dict[tuple[str, str], set[bytes]] = defaultdict(set)

    def add(self, issues: Iterable[Issue]) -> None:
        """Count the issues of one batch."""
        for issue in issues:
            number = issue.row_number
            if issue.severity != Severity.ERROR or number is None:
                continue
            if issue.code == "row_of_other_person":
                self._other_people.add(number)
            elif number in self._accounts:
                account = self._accounts[number]
                self._with_errors.add(account)
                self._causes[issue.code, issue.field].add(account)

    @property
    def known_errors(self) -> int:
        """The number of accounts whose rows have an error."""
        return len(self._with_errors)

    def review(self, run: Run, counts: RunCounts) -> list[Alarm]:
        """Return the reasons to ask a second time, by the school's limits of today."""
        accounts = len(set(self._accounts.values()))
        numbers = counts.stored() | {
            "expected": accounts,
            "other_people": len(self._other_people),
        }
        plan = PlanCounts(numbers, (), self._cause(), store.cleared_by_upload(run, accounts))
        return review_upload(plan, limits.today(run.school))

    def _cause(self) -> ErrorCause | None:
        causes = [ErrorCause(code, field, len(ids)) for (code, field), ids in self._causes.items()]
        return max(causes, key=lambda cause: cause.number, default=None)
