"""The work list: problems across runs that are open, new or fixed, each with its words."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from rollbook.roster.planning.causes import Setting
from rollbook.roster.problems.catalogue import PROBLEMS
from rollbook.roster.problems.expected_values import EXPECTED_VALUES
from rollbook.roster.problems.problem_texts import ADMINISTRATOR
from rollbook.roster.records import Severity
from rollbook.schools import clock
from rollbook.schools.models import School
from rollbook.students.links import further_links
from rollbook.students.models import FurtherLink, StudentAccount
from rollbook.students.searching import full_name_text, having_words
from rollbook.sync.models import Issue, Problem, Run
from rollbook.sync.report import clash_people
from rollbook.sync.report.causes import Cause, causes, of_cause
from rollbook.sync.report.clash_people import Clash, Person
from rollbook.sync.report.problem_rows import FieldPlaces, ProblemRow, field_places, problem_row
from rollbook.sync.report.row_list import PagedRows
from rollbook.sync.words.causes import setting_remedy
from rollbook.sync.words.severities import WHO_LABELS, worst_first
from rollbook.sync.words.text import word

FIXED_DAYS: Final = 30  # for how long a fixed problem stays in the list
COUNTED: Final = 1_000  # the count in the navigation stops here
OPEN, NEW, FIXED = "open", "new", "fixed"
PROBLEM_TEXT: Final = full_name_text("name", "value", "sis_id")
# What a problem of the list has in common with a problem of one run.
_ISSUE_COLUMNS: Final = (
    "severity",
    "code",
    "sis_id",
    "name",
    "field",
    "source_field",
    "value",
    "other",
)


class ProblemQuery(NamedTuple):
    """Which problems to list.

    `state` is open, new (since the last run) or fixed (lately); `cause` is a `Cause.key`.
    """

    search: str = ""
    state: str = OPEN
    severity: str = ""
    who: str = ""
    cause: str = ""


class ListedProblem(NamedTuple):
    """One problem with its words.

    `where` is the place of the field in the SIS, `expected` what should stand there. `account_id`
    is the account with the problem, if there is one; `others` are the other people of a clash.
    """

    problem: Problem
    row: ProblemRow
    where: str
    expected: str
    is_new: bool
    account_id: UUID | None = None
    others: tuple[Person, ...] = ()


class ListedProblems(PagedRows):
    """The problems of a query; only those of the open page are loaded and get their words."""

    def __init__(self, query: QuerySet[Problem], of_school: list[Cause], *, one_pass: bool) -> None:
        super().__init__(query, one_pass=one_pass)
        self._causes = of_school

    def __getitem__(self, part: slice) -> list[ListedProblem]:
        return list(listed_problems(self.part(part), self._causes))


def filtered_problems(school: School, chosen: ProblemQuery) -> QuerySet[Problem]:
    """Return the problems that pass the filter, the worst and newest first."""
    problems = Problem.objects.filter(_has_state(chosen.state), school=school)
    if chosen.severity:
        problems = problems.filter(severity=chosen.severity)
    if chosen.who:
        codes = [code for code, problem in PROBLEMS.items() if problem.fixed_by == chosen.who]
        problems = problems.filter(code__in=codes)
    problems = of_cause(problems, chosen.cause)
    problems = having_words(problems, chosen.search, PROBLEM_TEXT)
    return problems.order_by(worst_first(), "-first_seen_at", "name", "pk")


def count_open(school: School) -> int:
    """Return the number of open problems, COUNTED + 1 at most: every page of the school asks."""
    return Problem.objects.filter(school=school, fixed_at__isnull=True)[: COUNTED + 1].count()


def listed_problems(
    problems: Iterable[Problem], of_school: list[Cause] | None = None
) -> Iterator[ListedProblem]:
    """Yield these problems with their words. Their accounts are looked up together."""
    loaded = list(problems)
    if not loaded:
        return
    accounts = _accounts_of(loaded)
    others = clash_people.others(loaded[0].school_id, map(_clash, loaded))
    runs = Run.objects.in_bulk({problem.last_run_id for problem in loaded})
    places = {run_id: field_places(run) for run_id, run in runs.items()}
    settings = {
        (cause.source, cause.code, cause.field): cause.setting
        for cause in (causes(loaded[0].school) if of_school is None else of_school)
        if cause.setting is not None
    }
    for problem in loaded:
        listed = _with_words(problem, places[problem.last_run_id])
        setting = settings.get((problem.source, problem.code, problem.field))
        if setting is not None:
            listed = listed._replace(row=_pointing_to(setting, listed.row))
        yield listed._replace(
            account_id=accounts.get((problem.source, problem.sis_id)),
            others=others.get(_clash(problem), ()),
        )


def problems_of(account: StudentAccount) -> list[ListedProblem]:
    """Return the open problems of an account, notes too, the worst first."""
    if not account.sis_id:
        return []
    problems = filtered_problems(account.school, ProblemQuery())
    is_about = Q(source=account.source, sis_id=account.sis_id)
    for source, sis_id in further_links(account).items():
        is_about |= Q(source=source, sis_id=sis_id)
    return list(listed_problems(problems.filter(is_about)))


def has_open_problem() -> Q:
    """Return the condition on accounts to have an open error or warning; notes do not count.

    It can be about the record of any SIS that has the student.
    """
    further = FurtherLink.objects.filter(_problem_of_link(), account=OuterRef("pk"))
    return Q(_problem_of_link()) | Q(Exists(further))


def with_open_problem(school: School) -> Q:
    """Return the same condition for a whole school, where the database begins at the problems.

    Among 200,000 students that takes a tenth of the time; for a few students it takes longer.
    """
    own = StudentAccount.objects.filter(_problem_of_link(), school=school)
    further = FurtherLink.objects.filter(_problem_of_link(), school=school)
    return Q(pk__in=own.values("pk").union(further.values("account")))


def _problem_of_link() -> Exists:
    """Return the condition on accounts or further links that their SIS ID has a problem."""
    return Exists(
        Problem.objects.filter(
            school=OuterRef("school"),
            source=OuterRef("source"),
            sis_id=OuterRef("sis_id"),
            fixed_at__isnull=True,
            severity__in=(Severity.ERROR, Severity.WARNING),
        )
    )


def ids_with_open_problem(accounts: QuerySet[StudentAccount]) -> set[UUID]:
    """Return the ids of the accounts that have an open error or warning."""
    return set(accounts.filter(has_open_problem()).values_list("pk", flat=True))


def _has_state(state: str) -> Q:
    if state == FIXED:
        return Q(fixed_at__gte=clock.now() - timedelta(days=FIXED_DAYS))
    if state == NEW:
        return Q(fixed_at__isnull=True, first_run=F("last_run"))
    return Q(fixed_at__isnull=True)


def _with_words(problem: Problem, places: FieldPlaces) -> ListedProblem:
    issue = Issue(**{name: getattr(problem, name) for name in _ISSUE_COLUMNS})
    row = problem_row(issue, places)
    known = problem.code in EXPECTED_VALUES
    return ListedProblem(
        problem=problem,
        row=row,
        where=places.where.get(row.source_field, ""),
        expected=word(EXPECTED_VALUES, problem.code) if known else row.remedy,
        is_new=problem.fixed_at is None and problem.first_run_id == problem.last_run_id,
    )


def _pointing_to(setting: Setting, row: ProblemRow) -> ProblemRow:
    """Return the row with the setting of ours that is probably wrong as its remedy."""
    return row._replace(
        remedy=setting_remedy(setting), who=word(WHO_LABELS, ADMINISTRATOR), who_code=ADMINISTRATOR
    )


def _clash(problem: Problem) -> Clash:
    return Clash(
        run_id=problem.last_run_id,
        source=problem.source,
        code=problem.code,
        sis_id=problem.sis_id or "",
        value=problem.value,
    )


def _accounts_of(problems: list[Problem]) -> dict[tuple[str, str | None], Any]:
    """Return the accounts with these problems, by source and SIS ID.

    Looked up with the source, 25 of them take 0.3 ms. By the SIS ID alone the database went through
    the whole index of a school.
    """
    sis_ids: dict[str, set[str]] = defaultdict(set)
    for problem in problems:
        if problem.sis_id is not None:
            sis_ids[problem.source].add(problem.sis_id)
    accounts = {}
    for source, ids in sis_ids.items():
        linked: dict[str, Any] = {"school_id": problems[0].school_id, "source": source}
        linked["sis_id__in"] = ids
        further = FurtherLink.objects.filter(**linked).values_list("sis_id", "account_id")
        own = StudentAccount.objects.filter(**linked).values_list("sis_id", "pk")
        for sis_id, account_id in (*further, *own):
            accounts[source, sis_id] = account_id
    return accounts
