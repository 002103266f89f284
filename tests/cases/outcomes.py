"""Whether what came of a case is right: the keys of `expect`, each compared with the database."""

from typing import Any, Final

from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.sync.models import Issue, LinkProposal
from tests.cases.schools import FIELDS, CaseSchool, Record

Accounts = list[Record]
FILE_NOTES: Final = ("row_empty", "example_row")


def all_accounts() -> Accounts:
    """Return every account as a case writes them: texts, years as numbers, days as ISO text."""
    shown = []
    for account in StudentAccount.objects.exclude(status=AccountStatus.MERGED).order_by("pk"):
        record = {field: getattr(account, field) for field in FIELDS}
        if record["birth_date"]:
            record["birth_date"] = record["birth_date"].isoformat()
        active = account.status == AccountStatus.ACTIVE
        shown.append(record | {"id": str(account.pk), "status": account.status, "active": active})
    return shown


def fits(account: Record, wanted: Record) -> bool:
    """Return whether an account has all these values; a list means any of its values."""
    for field, value in wanted.items():
        allowed = value if isinstance(value, list) else [value]
        if account[field] not in allowed:
            return False
    return True


def faults(expect: Record, before: Accounts, school: CaseSchool) -> list[str]:
    """Return what of one outcome doesn't hold; empty where it is this outcome."""
    now = all_accounts()
    wrong = []
    for key, value in expect.items():
        check = _CHECKS[key]
        if not check(value, before, now, school):
            wrong.append(f"{key}: {value}")
    return wrong


def _question(value: bool, before: Accounts, now: Accounts, school: CaseSchool) -> bool:
    return school.stopped and now == before if value else not school.stopped


def _count(value: Any, before: Accounts, now: Accounts, school: CaseSchool) -> bool:
    return within(len(now), value)


def _accounts(value: Any, before: Accounts, now: Accounts, school: CaseSchool) -> bool:
    for each in value:
        found = [account for account in now if fits(account, each["who"])]
        if len(found) != 1 or not fits(found[0], each["has"]):
            return False
    return True


def _as_before(value: Any, before: Accounts, now: Accounts, school: CaseSchool) -> bool:
    for each in value:
        was = [account for account in before if fits(account, each)]
        if any(account not in now for account in was):
            return False
    return True


def _nobody(value: Any, before: Accounts, now: Accounts, school: CaseSchool) -> bool:
    return not any(fits(account, each) for each in value for account in now)


def _problems(value: Any, before: Accounts, now: Accounts, school: CaseSchool) -> bool:
    issues = Issue.objects.filter(run=school.run).exclude(code__in=FILE_NOTES)
    return within(issues.count() if school.run else 0, value)


def _problems_or_notes(value: Any, before: Accounts, now: Accounts, school: CaseSchool) -> bool:
    number = Issue.objects.filter(run=school.run).count() if school.run else 0
    return within(number + len(school.document.get("notes", [])), value)


def _rows_refused(value: Any, before: Accounts, now: Accounts, school: CaseSchool) -> bool:
    errors = Issue.objects.filter(run=school.run, severity="error")
    places = set(errors.values_list("row_number", "sis_id", "name"))
    return within(len(places), value)


def _links(value: Any, before: Accounts, now: Accounts, school: CaseSchool) -> bool:
    return within(LinkProposal.objects.count(), value)


def _problem_says(value: Any, before: Accounts, now: Accounts, school: CaseSchool) -> bool:
    return any(words in school.words for words in value)


def within(number: int, value: Any) -> bool:
    """Return whether a number is the given one, or lies between [least, most]; None is no bound."""
    if not isinstance(value, list):
        return bool(number == value)
    least, most = value
    return (least is None or number >= least) and (most is None or number <= most)


_CHECKS: Final = {
    "question": _question,
    "count": _count,
    "accounts": _accounts,
    "as_before": _as_before,
    "nobody": _nobody,
    "problems": _problems,
    "problems_or_notes": _problems_or_notes,
    "rows_refused": _rows_refused,
    "links": _links,
    "problem_says": _problem_says,
}
