"""Stop 6: the counts of a plan → go on, or hold. Each guard is a small function with its reason.

Percentages are of the accounts that this roster should have: linked to its source, active, not
outside the selected grades, and without an approved absence; of an upload, of the accounts that its
rows are about.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from rollbook.roster.planning.selecting import RenamedGrades


class Limits(NamedTuple):
    """The limits that a plan is compared with. A percentage of None switches its guard off.

    The guards with a percentage and a number hold a run above both. `vanished` switches on the
    guard for a whole grade level or graduation year.
    """

    leavers_percent: float | None = 5.0
    leavers_count: int = 5
    emails_percent: float | None = 20.0
    emails_count: int = 5
    overlap_percent: float | None = 50.0
    vanished: bool = True
    names_percent: float | None = 20.0
    names_count: int = 5
    errors_percent: float | None = 20.0
    errors_count: int = 5
    years_percent: float | None = 20.0
    years_count: int = 5
    new_percent: float | None = 30.0
    new_count: int = 5
    blanks_percent: float | None = 20.0
    blanks_count: int = 5


class StudentGroup(NamedTuple):
    """A grade level or graduation year: its accounts, and how many of them the roster lacks."""

    kind: str  # grade or year
    name: str
    accounts: int
    missing: int


class ErrorCause(NamedTuple):
    """An issue code and a field, and how many of the known students have it as an error."""

    code: str
    field: str
    number: int


class ClearedField(NamedTuple):
    """A field that a plan clears: in how many accounts, and how many have a value of it."""

    field: str
    number: int
    known: int

    @property
    def percent(self) -> float:
        return 100 * self.number / self.known if self.known else 0.0


class PlanCounts(NamedTuple):
    """The counts of a plan that the guards look at, and the groups that lack somebody.

    `counts` has `read`, `new`, `email_changed`, `name_changed`, `re_keyed` and more; `expected` are
    the accounts that the roster should have (of an upload, those that its rows are about),
    `missing` those that it lacks, and `elsewhere` those that it lacks for the first time and that
    another SIS still has; `other_people` are known SIS IDs that belong to somebody else
    now. `known_errors` are active accounts whose record has an error, and `cause` the most frequent
    one. `cleared` are the fields that lose values. `renamed` are grades that the SIS seems to have
    renamed, and `empty_schools` the chosen schools that have no student any more, with the number
    that they had.
    """

    counts: Mapping[str, int]
    groups: tuple[StudentGroup, ...] = ()
    cause: ErrorCause | None = None
    cleared: tuple[ClearedField, ...] = ()
    renamed: RenamedGrades | None = None
    empty_schools: Mapping[str, int] = MappingProxyType({})

    def number(self, name: str) -> int:
        return self.counts.get(name, 0)

    def percent(self, name: str) -> float:
        """Return a count in percent of the expected accounts; 0 where none is expected."""
        expected = self.number("expected")
        return 100 * self.number(name) / expected if expected else 0.0


class Alarm(NamedTuple):
    """A reason to hold a run. `code` names the guard; `numbers` fill its sentence."""

    code: str
    numbers: dict[str, Any]


Guard: TypeAlias = Callable[[PlanCounts, Limits], Alarm | None]


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
    if plan.number("missing_settled"):
        numbers["settled"] = plan.number("missing_settled")
    return Alarm("leavers", numbers)


def emails(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if more sign-in e-mails change than usual.

    Another field was mapped, or the domain changed.
    """
    numbers = _above(plan, "email_changed", limits.emails_percent, limits.emails_count)
    return Alarm("emails", numbers) if numbers else None


def names(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if more first or last names change than usual.

    Another field was mapped, two columns were swapped, or the rows are about other people.
    """
    numbers = _above(plan, "name_changed", limits.names_percent, limits.names_count)
    return Alarm("names", numbers) if numbers else None


def years(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if more graduation years change than usual.

    Another field was mapped, or the SIS counts its school years differently now.
    """
    numbers = _above(plan, "year_changed", limits.years_percent, limits.years_count)
    return Alarm("years", numbers) if numbers else None


def newcomers(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if more students are new than join a school at once.

    Another school's students came in. On a first run nobody is expected, so nobody is too many.
    """
    numbers = _above(plan, "new", limits.new_percent, limits.new_count)
    return Alarm("newcomers", numbers) if numbers else None


def blanks(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if a blank clears a field of more accounts than usual.

    A right was taken away, or the SIS keeps the values somewhere else now.
    """
    many = [field for field in plan.cleared if _clears_too_many(field, limits)]
    if not many:
        return None
    most = max(many, key=lambda field: field.percent)
    numbers = {
        "field": most.field,
        "changed": most.number,
        "expected": most.known,
        "percent": most.percent,
        "limit": limits.blanks_percent,
        "other_fields": [field.field for field in many if field is not most],
    }
    return Alarm("blanks", numbers)


def _clears_too_many(field: ClearedField, limits: Limits) -> bool:
    percent = limits.blanks_percent
    return percent is not None and field.number > limits.blanks_count and field.percent > percent


def errors(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if many students who have an account can't be read or decided any more.

    A field was renamed or emptied in the SIS, or a setting was changed: none of them is updated.
    """
    numbers = _error_numbers(plan, limits)
    return Alarm("errors", numbers) if numbers else None


def row_errors(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if the rows of many students who have an account can't be used."""
    numbers = _error_numbers(plan, limits)
    return Alarm("row_errors", numbers) if numbers else None


def _error_numbers(plan: PlanCounts, limits: Limits) -> dict[str, Any]:
    numbers = _above(plan, "known_errors", limits.errors_percent, limits.errors_count)
    if numbers and plan.cause is not None:
        numbers["cause"] = plan.cause._asdict()
    return numbers


def _above(
    plan: PlanCounts, name: str, percent_limit: float | None, count_limit: int
) -> dict[str, Any]:
    """Return the numbers of a count above both its limits; nothing where it is within one."""
    number, percent = plan.number(name), plan.percent(name)
    if percent_limit is None or number <= count_limit or percent <= percent_limit:
        return {}
    return {
        "changed": number,
        "expected": plan.number("expected"),
        "percent": percent,
        "limit": percent_limit,
    }


def overlap(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if so few known SIS IDs came that it may be another school's roster."""
    expected = plan.number("expected")
    if limits.overlap_percent is None or not expected:
        return None
    here = expected - plan.number("missing") - plan.number("elsewhere")
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


def renamed_grades(plan: PlanCounts, _limits: Limits) -> Alarm | None:
    """Return an alarm if the SIS has another name for a grade now, and nobody has selected it."""
    if plan.renamed is None:
        return None
    numbers = {"gone": dict(plan.renamed.gone), "new": dict(plan.renamed.new)}
    return Alarm("grades_renamed", numbers)


def empty_schools(plan: PlanCounts, _limits: Limits) -> Alarm | None:
    """Return an alarm if a chosen school of the district has no students any more."""
    if not plan.empty_schools:
        return None
    return Alarm("school_empty", {"schools": dict(plan.empty_schools)})


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


def other_rows(plan: PlanCounts, limits: Limits) -> Alarm | None:
    """Return an alarm if many rows with a known ID are about somebody else.

    A list with running numbers, or another school's: its other rows may be wrong as well.
    """
    number, expected = plan.number("other_people"), plan.number("expected")
    if not is_many(number, expected, limits):
        return None
    return Alarm("other_rows", {"other_people": number, "expected": expected})


def is_many(number: int, total: int, limits: Limits) -> bool:
    """Return whether so many at once are more than single cases.

    The limits for leavers decide, even where their guard is switched off.
    """
    percent = limits.leavers_percent
    if percent is None:
        percent = Limits().leavers_percent or 0
    return number > limits.leavers_count and total > 0 and 100 * number / total > percent


GUARDS: Final[tuple[Guard, ...]] = (
    other_people,
    re_keyed,
    moved,
    leavers,
    newcomers,
    emails,
    names,
    years,
    blanks,
    errors,
    overlap,
    vanished,
    renamed_grades,
    empty_schools,
)
# A file does not say who is missing from it.
UPLOAD_GUARDS: Final[tuple[Guard, ...]] = (
    other_rows,
    emails,
    names,
    years,
    blanks,
    row_errors,
)


def review(plan: PlanCounts, limits: Limits) -> list[Alarm]:
    """Return all reasons to hold this plan; none means go on.

    An empty roster is the only reason that is given for it.
    """
    empty = empty_roster(plan, limits)
    if empty is not None:
        return [empty]
    return _alarms(GUARDS, plan, limits)


def review_upload(plan: PlanCounts, limits: Limits) -> list[Alarm]:
    """Return all reasons to ask a second time before the plan of an upload is applied."""
    return _alarms(UPLOAD_GUARDS, plan, limits)


def _alarms(guards: Iterable[Guard], plan: PlanCounts, limits: Limits) -> list[Alarm]:
    alarms = [guard(plan, limits) for guard in guards]
    return [alarm for alarm in alarms if alarm is not None]
