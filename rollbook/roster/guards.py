"""Stop 6: the counts of a plan → go on, or hold. Each guard is a small function with its reason.

Percentages are of the accounts that this roster should have: linked to its source, active, and not
outside the selected grades.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from rollbook.roster.records import Account


class Limits(NamedTuple):
    """The limits that a plan is compared with. A percentage of None switches its guard off.

    The guards for leavers and e-mails hold a run above both their percentage and their number.
    `vanished` switches on the guard for a whole grade level or graduation year.
    """

    leavers_percent: float | None = 5.0
    leavers_count: int = 5
    emails_percent: float | None = 20.0
    emails_count: int = 5
    overlap_percent: float | None = 50.0
    vanished: bool = True


class StudentGroup(NamedTuple):
    """A grade level or graduation year: its accounts, and how many of them the roster lacks."""

    kind: str  # grade or year
    name: str
    accounts: int
    missing: int


class PlanCounts(NamedTuple):
    """The counts of a plan that the guards look at, and the groups that lack somebody.

    `counts` has `read`, `new`, `email_changed`, `re_keyed` and more; `expected` are the accounts
    that the roster should have, `missing` those that it lacks; `other_people` are known SIS IDs
    that belong to somebody else now.
    """

    counts: Mapping[str, int]
    groups: tuple[StudentGroup, ...] = ()

    def number(self, name: str) -> int:
        return self.counts.get(name, 0)

    def percent(self, name: str) -> float:
        """Return a count in percent of the expected accounts; 0 where none is expected."""
        expected = self.number("expected")
        return 100 * self.number(name) / expected if expected else 0.0


class MissingAccounts:
    """Counts the active accounts that a complete roster lacks, whatever happens to them."""

    def __init__(self) -> None:
        self.number = 0
        self._groups: Counter[tuple[str, str]] = Counter()

    def add(self, accounts: Iterable[Account]) -> None:
        for account in accounts:
            if account.status != "active":
                continue
            self.number += 1
            if account.graduation_year is not None:
                self._groups["year", str(account.graduation_year)] += 1
            if account.grade_level is not None:
                self._groups["grade", account.grade_level] += 1

    def groups(self, expected: Mapping[tuple[str, str], int]) -> tuple[StudentGroup, ...]:
        """Return the groups that lack somebody. `expected` are the accounts of each group."""
        return tuple(
            StudentGroup(kind, name, expected.get((kind, name), missing), missing)
            for (kind, name), missing in sorted(self._groups.items())
        )


class Alarm(NamedTuple):
    """A reason to hold a run. `code` names the guard; `numbers` fill its sentence."""

    code: str
    numbers: dict[str, Any]


def empty_roster(plan: PlanCounts, _limits: Limits) -> Alarm | None:
    """Return an alarm if the SIS sent no students at all.

    A permission was taken away, or the wrong school was asked: no school is without students.
    """
    if plan.number("read"):
        return None
    return Alarm("roster_empty", {"accounts": plan.number("accounts")})


def leavers(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if more students are missing than leave a school in a week."""
    missing, percent = plan.number("missing"), plan.percent("missing")
    if limits.leavers_percent is None or missing <= limits.leavers_count:
        return None
    if percent <= limits.leavers_percent:
        return None
    largest = sorted(plan.groups, key=lambda group: -group.missing)[:3]
    numbers = {
        "missing": missing,
        "expected": plan.number("expected"),
        "percent": percent,
        "limit": limits.leavers_percent,
        "groups": {f"{group.kind} {group.name}": group.missing for group in largest},
    }
    return Alarm("leavers", numbers)


def emails(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if more sign-in e-mails change than usual.

    Another field was mapped, or the domain changed.
    """
    changed, percent = plan.number("email_changed"), plan.percent("email_changed")
    if limits.emails_percent is None or changed <= limits.emails_count:
        return None
    if percent <= limits.emails_percent:
        return None
    numbers = {
        "changed": changed,
        "expected": plan.number("expected"),
        "percent": percent,
        "limit": limits.emails_percent,
    }
    return Alarm("emails", numbers)


def overlap(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if so few known SIS IDs came that it may be another school's roster."""
    expected = plan.number("expected")
    if limits.overlap_percent is None or not expected:
        return None
    here = expected - plan.number("missing")
    percent = 100 * here / expected
    if percent >= limits.overlap_percent:
        return None
    numbers = {
        "here": here,
        "expected": expected,
        "percent": percent,
        "limit": limits.overlap_percent,
        "read": plan.number("read"),
    }
    return Alarm("overlap", numbers)


def vanished(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if all students of a grade level or graduation year are missing.

    One student alone is no class.
    """
    groups = [group for group in plan.groups if group.missing == group.accounts > 1]
    if not limits.vanished or not groups:
        return None
    accounts = {f"{group.kind} {group.name}": group.accounts for group in groups}
    return Alarm("vanished", {"groups": accounts})


def re_keyed(plan: PlanCounts, _limits: Limits) -> Alarm | None:
    """Return an alarm if students come back under new SIS IDs.

    That is one decision, instead of one for everybody who left and everybody who joined.
    """
    number = plan.number("re_keyed")
    if not number:
        return None
    return Alarm("re_keyed", {"re_keyed": number, "expected": plan.number("expected")})


def moved(plan: PlanCounts, _limits: Limits) -> Alarm | None:
    """Accounts that are linked to another SIS would be linked to this one.

    That is right when a school changes its SIS, and nobody else should do it unasked.
    """
    number = plan.number("moved")
    return Alarm("moved", {"moved": number}) if number else None


def other_people(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if many known SIS IDs belong to somebody else now.

    Then this is another school's roster, and its new students are not of this school either.
    """
    number, expected = plan.number("other_people"), plan.number("expected")
    if not is_many(number, expected, limits):
        return None
    return Alarm("other_people", {"other_people": number, "expected": expected})


def is_many(number: int, total: int, limits: Limits) -> bool:
    """Return whether so many at once are more than single cases.

    The limits for leavers decide, even where their guard is switched off.
    """
    percent = limits.leavers_percent
    if percent is None:
        percent = Limits().leavers_percent or 0
    return number > limits.leavers_count and total > 0 and 100 * number / total > percent


GUARDS: Final[tuple[Callable[[PlanCounts, Limits], Alarm | None], ...]] = (
    other_people,
    re_keyed,
    moved,
    leavers,
    emails,
    overlap,
    vanished,
)


def review(plan: PlanCounts, limits: Limits) -> list[Alarm]:
    """Return all reasons to hold this plan; none means go on.

    An empty roster is the only reason that is given for it.
    """
    empty = empty_roster(plan, limits)
    if empty is not None:
        return [empty]
    alarms = [guard(plan, limits) for guard in GUARDS]
    return [alarm for alarm in alarms if alarm is not None]
