"""Why is a student not in? Answers from accounts, open problems, the last plans, other grades."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from rollbook.roster.planning.changes import ChangeKind
from rollbook.schools import clock
from rollbook.schools.models import School
from rollbook.students.links import links_of
from rollbook.students.listing import first_of
from rollbook.students.models import AccountStatus, Protection, StudentAccount
from rollbook.students.searching import LONGEST_SEARCH, accounts_having, having_words
from rollbook.sync.models import Change, Mode, OutsideList, Run, RunState
from rollbook.sync.report.change_rows import CHANGE_TEXT
from rollbook.sync.report.work_list import ProblemQuery, filtered_problems, listed_problems
from rollbook.sync.setup import link_decisions
from rollbook.sync.store.outside import DIGEST_BYTES, digests
from rollbook.sync.words.findings import FINDINGS
from rollbook.sync.words.sources import sis_label, source_label

MOST_FINDINGS: Final = 10  # of each kind; a more precise search gets fewer


class Finding(NamedTuple):
    """What is known about one student, and what to do.

    `code` is a key of FINDINGS or "problem"; `account` and `run` are ids of where to look further.
    """

    code: str
    about: str
    what: str
    remedy: str
    account: UUID | None = None
    run: UUID | None = None


def why(school: School, asked: str) -> list[Finding]:
    """Return all that is known about a name, e-mail or SIS ID, the likeliest first; never empty."""
    asked = asked.replace("\0", " ").strip()[:LONGEST_SEARCH]
    findings = [
        *_from_accounts(school, asked),
        *_from_problems(school, asked),
        *_from_plans(school, asked),
        *_from_other_grades(school, asked),
    ]
    return findings or [_nothing_known(school)]


def _finding(code: str, about: str = "", **values: Any) -> Finding:
    text = FINDINGS[code]
    return Finding(code, about, _(text.what) % values, _(text.remedy))


def _from_accounts(school: School, asked: str) -> Iterator[Finding]:
    matching = accounts_having(StudentAccount.objects.filter(school=school), school, asked)
    accounts = first_of(matching, MOST_FINDINGS)
    ids = [account.pk for account in accounts]
    undecided = link_decisions.undecided(school).filter(account__in=ids)
    with_proposal = set(undecided.values_list("account_id", flat=True))
    outside = _last_changes(school).filter(kind=ChangeKind.OUTSIDE_SELECTION, account_id__in=ids)
    in_other_grade = set(outside.values_list("account_id", flat=True))
    for account in accounts:
        code = _account_code(account, account.pk in with_proposal, account.pk in in_other_grade)
        finding = _finding(
            code,
            account.name,
            name=account.name,
            sis=source_label(account.source),
            sis_id=account.sis_id,
            links=_links_text(account),
            status=account.get_status_display(),
        )
        yield finding._replace(account=account.pk)


def _account_code(account: StudentAccount, has_proposal: bool, in_other_grade: bool) -> str:
    if account.status != AccountStatus.ACTIVE:
        return "not_active"
    if has_proposal:
        return "link_undecided"
    if not account.source or account.sis_id is None:
        return "not_linked"
    if in_other_grade:
        return "outside_selection"
    if _is_protected(account):
        return "protected"
    return "is_in_both" if account.further_links.exists() else "is_in"


def _links_text(account: StudentAccount) -> str:
    """Return the links of an account as a sentence names them."""
    link = _("%(sis)s (SIS ID %(sis_id)s)")
    texts = [
        link % {"sis": source_label(each.source), "sis_id": each.sis_id}
        for each in links_of(account)
    ]
    return get_text_list(texts, _("and"))


def _is_protected(account: StudentAccount) -> bool:
    not_over = Q(until__isnull=True) | Q(until__gt=clock.now())
    protections = Protection.objects.filter(school_id=account.school_id, account=account)
    return protections.filter(not_over).exists()


def _from_problems(school: School, asked: str) -> Iterator[Finding]:
    problems = filtered_problems(school, ProblemQuery(search=asked))
    for listed in listed_problems(problems[:MOST_FINDINGS]):
        yield Finding(
            code="problem",
            about=listed.row.name or listed.row.sis_id,
            what=listed.row.cause,
            remedy=listed.row.remedy,
            account=listed.account_id,
            run=listed.problem.last_run_id,
        )


def _from_plans(school: School, asked: str) -> Iterator[Finding]:
    """Yield students whom the last plan of a source would create, but who are not in yet."""
    if not asked:
        return
    kinds = (ChangeKind.NEW, ChangeKind.NEVER_IMPORTED)
    changes = _last_changes(school).filter(kind__in=kinds).select_related("run")
    for change in having_words(changes, asked, CHANGE_TEXT).order_by("pk")[:MOST_FINDINGS]:
        code = _planned_code(change)
        if code:
            name = f"{change.first_name} {change.last_name}"
            finding = _finding(code, name, name=name, sis=sis_label(change.run))
            yield finding._replace(run=change.run_id)


def _planned_code(change: Change) -> str:
    """Return why a planned account is not there yet, or "" where it was created."""
    if change.kind == ChangeKind.NEVER_IMPORTED:
        return "never_imported"
    if change.run.mode == Mode.TEST:
        return "test_run"
    if change.run.state == RunState.ON_HOLD:
        return "on_hold"
    was_created = change.run.state == RunState.DONE and not change.outcome
    return "" if was_created else "not_applied"


def _from_other_grades(school: School, asked: str) -> Iterator[Finding]:
    if not asked:
        return
    digest = digests(school.pk, [asked])
    for outside in OutsideList.objects.filter(school=school):
        if digest in _split(bytes(outside.digests)):
            sis = source_label(outside.source)
            finding = _finding("grade_not_selected", asked, sis=sis, sis_id=asked)
            yield finding._replace(run=outside.run_id)


def _split(joined: bytes) -> Iterator[bytes]:
    """Yield the digests of a list one by one."""
    for start in range(0, len(joined), DIGEST_BYTES):
        yield joined[start : start + DIGEST_BYTES]


def _nothing_known(school: School) -> Finding:
    finished = Run.objects.filter(school=school, integration__isnull=False, state=RunState.DONE)
    return _finding("unknown" if finished.exists() else "no_run")


def _last_changes(school: School) -> QuerySet[Change]:
    """Return the changes of the last plan of each source."""
    planned = Run.objects.filter(school=school, integration__isnull=False).exclude(counts={})
    last = planned.order_by("integration", "-requested_at").distinct("integration")
    return Change.objects.filter(school=school, run__in=list(last.values_list("pk", flat=True)))
