"""The work list of problems, read: what is open, new or gone across runs, in words, and the file for the registrar."""

from collections.abc import Iterator
from datetime import timedelta
from typing import IO, Any, Final, NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from rollbook.roster.expected_values import EXPECTED_VALUES
from rollbook.roster.problem_texts import REGISTRAR
from rollbook.roster.problems import PROBLEMS
from rollbook.roster.records import Severity
from rollbook.schools.models import School
from rollbook.students.models import StudentAccount
from rollbook.students.searching import folded_text, having_words
from rollbook.sync.models import Issue, Problem, Run
from rollbook.sync.report import clash_people, rows, workbook
from rollbook.sync.report.clash_people import Clash, Person
from rollbook.sync.report.csv_file import csv_text
from rollbook.sync.words.severities import worst_first
from rollbook.sync.words.text import word

FIXED_DAYS: Final = 30  # for how long one that is gone stays in the list
COUNTED: Final = 1_000  # the count in the navigation isn't taken further
CHUNK: Final = 2_000
OPEN, NEW, FIXED = "open", "new", "fixed"
PROBLEM_TEXT: Final = folded_text("name", "sis_id", "value")


class Wanted(NamedTuple):
    """What is listed. `state` is open, new (since the last run) or fixed (lately); an empty filter lets everything through."""

    search: str = ""
    state: str = OPEN
    severity: str = ""
    who: str = ""

    @property
    def narrows(self) -> bool:
        return bool(self.search or self.severity or self.who)


class Line(NamedTuple):
    """One problem with its words. `where` is where the SIS holds the field; `account_id` the account it is about, if there is one.

    `others` are the other people of a clash over an e-mail.
    """

    problem: Problem
    row: rows.ErrorRow
    where: str
    expected: str
    is_new: bool
    account_id: Any = None
    others: tuple[Person, ...] = ()


def problems(school: School, wanted: Wanted) -> QuerySet[Problem]:
    """The problems that the filter lets through, the worst and newest first."""
    found = Problem.objects.filter(_in_state(wanted.state), school=school)
    if wanted.severity:
        found = found.filter(severity=wanted.severity)
    if wanted.who:
        found = found.filter(
            code__in=[code for code, problem in PROBLEMS.items() if problem.fixed_by == wanted.who]
        )
    found = having_words(found, wanted.search, PROBLEM_TEXT)
    return found.order_by(worst_first(), "-first_seen_at", "name", "pk")


def _in_state(state: str) -> Q:
    if state == FIXED:
        return Q(fixed_at__gte=timezone.now() - timedelta(days=FIXED_DAYS))
    return (
        Q(fixed_at__isnull=True, first_run=F("last_run"))
        if state == NEW
        else Q(fixed_at__isnull=True)
    )


def count_open(school: School) -> int:
    """How many are open; counted to COUNTED + 1 at most, because every page of the school shows it."""
    return Problem.objects.filter(school=school, fixed_at__isnull=True)[: COUNTED + 1].count()


class Lines:
    """The lazy list that a page is cut out of."""

    def __init__(self, found: QuerySet[Problem]) -> None:
        self._found = found

    def count(self) -> int:
        return self._found.count()

    def __getitem__(self, part: slice) -> list[Line]:
        return list(lines(self._found[part]))


def lines(found: QuerySet[Problem]) -> Iterator[Line]:
    """These problems with their words. The accounts they are about are looked up together, a chunk at a time."""
    places: dict[Any, rows.Places] = {}
    chunk = list(found)
    accounts = _accounts(chunk)
    clashing = clash_people.others(chunk[0].school_id, map(_clash, chunk)) if chunk else {}
    runs = Run.objects.in_bulk({problem.last_run_id for problem in chunk})
    for problem in chunk:
        run = runs[problem.last_run_id]
        if run.pk not in places:
            places[run.pk] = rows.Places.of(run)
        line = _line(problem, places[run.pk], accounts.get((problem.source, problem.sis_id)))
        yield line._replace(others=clashing.get(_clash(problem), ()))


def _clash(problem: Problem) -> Clash:
    return Clash(
        problem.last_run_id, problem.source, problem.code, problem.sis_id or "", problem.value
    )


def _line(problem: Problem, places: rows.Places, account_id: Any) -> Line:
    told = {
        name: getattr(problem, name)
        for name in (
            "severity",
            "code",
            "sis_id",
            "name",
            "field",
            "source_field",
            "value",
            "other",
        )
    }
    row = rows.error_row(Issue(**told), places)
    is_new = problem.fixed_at is None and problem.first_run_id == problem.last_run_id
    expected = (
        word(EXPECTED_VALUES, problem.code) if problem.code in EXPECTED_VALUES else row.remedy
    )
    return Line(problem, row, places.where.get(row.source_field, ""), expected, is_new, account_id)


def _accounts(chunk: list[Problem]) -> dict[tuple[str, str | None], Any]:
    if not chunk:
        return {}
    ids = {problem.sis_id for problem in chunk if problem.sis_id is not None}
    found = StudentAccount.objects.filter(school_id=chunk[0].school_id, sis_id__in=ids).values_list(
        "source", "sis_id", "pk"
    )
    return {(source, sis_id): pk for source, sis_id, pk in found}


def with_open_problem() -> Exists:
    """Accounts about which the work list has an error or a warning, as a condition on `StudentAccount`. A note asks for nothing."""
    grave = (Severity.ERROR, Severity.WARNING)
    same = {
        "school": OuterRef("school"),
        "source": OuterRef("source"),
        "sis_id": OuterRef("sis_id"),
    }
    return Exists(Problem.objects.filter(**same, fixed_at__isnull=True, severity__in=grave))


def having_problems(accounts: QuerySet[StudentAccount]) -> set[Any]:
    """Ids of those among the accounts that have an open problem."""
    return set(accounts.filter(with_open_problem()).values_list("pk", flat=True))


def of_account(account: StudentAccount) -> list[Line]:
    """What the work list has about an account, notes too, the worst first."""
    if not account.sis_id:
        return []
    return list(
        lines(
            problems(account.school, Wanted()).filter(source=account.source, sis_id=account.sis_id)
        )
    )


def registrars(school: School, wanted: Wanted) -> QuerySet[Problem]:
    """What goes into the file for the registrar: what is open and can be mended in the SIS, within the filter."""
    state = NEW if wanted.state == NEW else OPEN
    return problems(school, wanted._replace(state=state, who=REGISTRAR))


def registrar_headings() -> list[str]:
    return [_("SIS ID"), _("Name"), _("Field"), _("Value now"), _("What is expected"), _("Where")]


def registrar_rows(found: QuerySet[Problem]) -> Iterator[list[str]]:
    """One row for each correction, a chunk at a time."""
    start = 0
    while chunk := list(lines(found[start : start + CHUNK])):
        for line in chunk:
            field = line.row.source_field or line.row.field_label
            yield [line.row.sis_id, line.row.name, field, line.row.value, line.expected, line.where]
        start += CHUNK


def write_csv(found: QuerySet[Problem], target: IO[str]) -> None:
    """Write the file for the registrar as csv."""
    target.writelines(csv_text(registrar_headings(), registrar_rows(found)))


def write_xlsx(found: QuerySet[Problem], target: IO[bytes]) -> None:
    title = _("Corrections")
    workbook.write_texts({title: (registrar_headings(), registrar_rows(found))}, title, target)
