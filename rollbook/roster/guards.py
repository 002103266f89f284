"""Stop 6: a plan's counts → go on, or hold. Each guard is one small function with its reason.

Percentages are of the accounts that this roster should have: linked to its source, active, and not outside the selected grades.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from rollbook.roster.records import Account


class Limits(NamedTuple):
    """The figures that plans are held against. A percentage of None switches its guard off. `leavers` and `emails` trip above both
    their percentage and their number. `vanished` is about a whole grade level or graduation year."""

    leavers_percent: float | None = 5.0
    leavers_count: int = 5
    emails_percent: float | None = 20.0
    emails_count: int = 5
    overlap_percent: float | None = 50.0
    vanished: bool = True


class StudentGroup(NamedTuple):
    """The accounts of one grade level or graduation year that the roster should have, and how many of them it lacks."""

    kind: str  # grade or year
    name: str
    accounts: int
    missing: int


class PlanCounts(NamedTuple):
    """What is looked at. `counts` maps `read`, `expected` (accounts the roster should have), `missing` (those it lacks),
    `email_changed`, `re_keyed`, `other_people` (known SIS IDs that are somebody else's now), `new` and more to numbers; `groups` are
    those that lack somebody."""

    counts: Mapping[str, int]
    groups: tuple[StudentGroup, ...] = ()

    def percent(self, name: str) -> float:
        """How many of the expected accounts this count is, in percent; 0 where none is expected."""
        expected = self.counts.get("expected", 0)
        return 100 * self.counts.get(name, 0) / expected if expected else 0.0


class MissingAccounts:
    """The active accounts that a complete roster lacks, whatever becomes of them, counted as they pass."""

    def __init__(self) -> None:
        self.number = 0
        self._of: Counter[tuple[str, str]] = Counter()

    def add(self, accounts: Iterable[Account]) -> None:
        for account in accounts:
            if account.status != "active":
                continue
            self.number += 1
            if account.graduation_year is not None:
                self._of["year", str(account.graduation_year)] += 1
            if account.grade_level is not None:
                self._of["grade", account.grade_level] += 1

    def groups(self, expected: Mapping[tuple[str, str], int]) -> tuple[StudentGroup, ...]:
        """The groups that lack somebody; `expected` says how many accounts of each there should be."""
        return tuple(
            StudentGroup(kind, name, expected.get((kind, name), number), number)
            for (kind, name), number in sorted(self._of.items())
        )


class Alarm(NamedTuple):
    """A reason to hold a run. `code` names the guard; `numbers` fill its sentence."""

    code: str
    numbers: dict[str, Any]


def empty_roster(plan: PlanCounts, _limits: Limits) -> Alarm | None:
    """A SIS that answers with no students at all: a right was lost or the wrong school asked, never a school without children."""
    return (
        Alarm("roster_empty", {"accounts": plan.counts.get("accounts", 0)})
        if plan.counts.get("read", 0) == 0
        else None
    )


def leavers(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """More students are missing than leave a school in a week."""
    missing, percent = plan.counts.get("missing", 0), plan.percent("missing")
    if (
        limits.leavers_percent is None
        or missing <= limits.leavers_count
        or percent <= limits.leavers_percent
    ):
        return None
    groups = {
        f"{group.kind} {group.name}": group.missing
        for group in sorted(plan.groups, key=lambda each: -each.missing)[:3]
    }
    numbers = {
        "missing": missing,
        "expected": plan.counts["expected"],
        "percent": percent,
        "limit": limits.leavers_percent,
    }
    return Alarm("leavers", {**numbers, "groups": groups})


def emails(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """More sign-in addresses change than people marry: another field was mapped, or the domain moved."""
    changed, percent = plan.counts.get("email_changed", 0), plan.percent("email_changed")
    if (
        limits.emails_percent is None
        or changed <= limits.emails_count
        or percent <= limits.emails_percent
    ):
        return None
    numbers = {
        "changed": changed,
        "expected": plan.counts["expected"],
        "percent": percent,
        "limit": limits.emails_percent,
    }
    return Alarm("emails", numbers)


def overlap(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """So few of the known SIS IDs are in the roster that it may be another school's."""
    expected = plan.counts.get("expected", 0)
    here = expected - plan.counts.get("missing", 0)
    if (
        limits.overlap_percent is None
        or not expected
        or 100 * here / expected >= limits.overlap_percent
    ):
        return None
    numbers = {
        "here": here,
        "expected": expected,
        "percent": 100 * here / expected,
        "limit": limits.overlap_percent,
    }
    return Alarm("overlap", {**numbers, "read": plan.counts.get("read", 0)})


def vanished(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """All students of a grade level or graduation year are missing at once. One student alone is no class."""
    gone = [group for group in plan.groups if group.missing == group.accounts > 1]
    if not limits.vanished or not gone:
        return None
    return Alarm(
        "vanished", {"groups": {f"{group.kind} {group.name}": group.accounts for group in gone}}
    )


def re_keyed(plan: PlanCounts, _limits: Limits) -> Alarm | None:
    """Students come back under new SIS IDs: one decision, instead of everybody left and everybody joined."""
    number = plan.counts.get("re_keyed", 0)
    return (
        Alarm("re_keyed", {"re_keyed": number, "expected": plan.counts.get("expected", 0)})
        if number
        else None
    )


def other_people(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """So many known SIS IDs belong to somebody else now that this is another school's roster, and its new students are strangers."""
    number, expected = plan.counts.get("other_people", 0), plan.counts.get("expected", 0)
    return (
        Alarm("other_people", {"other_people": number, "expected": expected})
        if is_many(number, expected, limits)
        else None
    )


def is_many(number: int, of: int, limits: Limits) -> bool:
    """Whether so many at once are no longer single cases: as many as leavers would have to be to hold a run."""
    percent = Limits().leavers_percent if limits.leavers_percent is None else limits.leavers_percent
    return number > limits.leavers_count and of > 0 and 100 * number / of > (percent or 0)


GUARDS: Final[tuple[Callable[[PlanCounts, Limits], Alarm | None], ...]] = (
    other_people,
    re_keyed,
    leavers,
    emails,
    overlap,
    vanished,
)


def review(plan: PlanCounts, limits: Limits) -> list[Alarm]:
    """All reasons to hold this plan; none means go on. Of an empty roster there is nothing else to say."""
    if (empty := empty_roster(plan, limits)) is not None:
        return [empty]
    return [alarm for guard in GUARDS if (alarm := guard(plan, limits)) is not None]
