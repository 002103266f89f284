"""New students who have the name and the date of birth of another one: a person decides."""

from rollbook.roster.planning.lookalikes import Lookalike, lookalikes
from rollbook.roster.planning.matching import Matcher
from rollbook.roster.planning.rekeying import PossibleRelink
from rollbook.roster.records import ISSUE_NAME_LIMIT, Issue, Severity
from rollbook.sync import store
from rollbook.sync.models import Run
from rollbook.sync.planning import clashes, links


def withdraw(run: Run, matcher: Matcher) -> list[Issue]:
    """Withdraw the new accounts that may be a second one of their student; return the issues.

    A link with the existing account is proposed, so that a person can decide. Two new students who
    are alike both get an account, and a note: the SIS says that they are two, and nobody's
    account is at stake.
    """
    new_students = store.new_students(run)
    if not new_students:
        return []
    days = sorted({student.born for student in new_students})
    alike = lookalikes(new_students, store.students_born_on(run, days), matcher.is_rejected)
    waiting = [each for each in alike if each.other.account_id is not None]
    names: dict[str, str] = {}
    if waiting:
        _propose_links(run, waiting)
        names = store.withdraw(run, [each.student.sis_id for each in waiting])
    return [_issue(each, names.get(each.student.sis_id)) for each in alike]


def _propose_links(run: Run, alike: list[Lookalike]) -> None:
    pairs = {
        each.student.sis_id: each.other.account_id
        for each in alike
        if each.other.account_id is not None
    }
    accounts = store.load_accounts(run.school_id, pairs.values())
    possible = []
    for planned in store.planned_new(run, pairs):
        account = accounts.get(pairs[planned.sis_id])
        if account is not None:
            possible.append(PossibleRelink(account, planned))
    links.propose_relinks(run, possible)


def _issue(alike: Lookalike, withdrawn_name: str | None) -> Issue:
    student, other = alike.student, alike.other
    waits = withdrawn_name is not None
    return Issue(
        "like_another_student" if waits else "new_students_alike",
        Severity.ERROR if waits else Severity.NOTE,
        student.sis_id,
        f"{student.first_name} {student.last_name}"[:ISSUE_NAME_LIMIT],
        "birth_date",
        other=clashes.who(f"{other.first_name} {other.last_name}", other.sis_id),
    )
