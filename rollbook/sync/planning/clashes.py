"""Clashes over an e-mail: the issue of one student names the others, so that they can be found."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from django.utils.translation import gettext as _

from rollbook.roster.records import Issue, Severity
from rollbook.roster.values.parsing import email_key
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.sync import store
from rollbook.sync.models import Run

SHOWN: Final = 3  # of many who share one address
# An account has the address. The other clash is among the records.
HELD_BY_ACCOUNT: Final = ("email_taken", "email_names_differ")
CLASHES: Final = (*HELD_BY_ACCOUNT, "email_shared")


def with_others(run: Run, issues: Iterable[Issue], names: Mapping[str, str]) -> list[Issue]:
    """Return the issues of a whole roster with the student's name and the others concerned."""
    named = [issue._replace(name=names.get(issue.sis_id or "", "")) for issue in issues]
    return with_holders(run, named)


def with_holders(run: Run, issues: Sequence[Issue]) -> list[Issue]:
    """Return the issues; those of a clash say who has the e-mail, or who claims it too."""
    claims: dict[str, list[Issue]] = defaultdict(list)
    taken = set()
    for issue in issues:
        if issue.code == "email_shared":
            claims[email_key(issue.value)].append(issue)
        elif issue.code in HELD_BY_ACCOUNT:
            taken.add(email_key(issue.value))
    holders = _holders(run, taken)
    completed = []
    for issue in issues:
        others = ""
        if issue.code in HELD_BY_ACCOUNT:
            others = holders.get(email_key(issue.value), "")
        elif issue.code == "email_shared":
            others = _other_claimants(issue, claims[email_key(issue.value)])
        completed.append(issue._replace(other=others) if others else issue)
    return completed


def passed_on(run: Run) -> list[Issue]:
    """Return a note for each student who gets an e-mail that another one had not long ago."""
    return [
        Issue(
            "email_recycled",
            Severity.NOTE,
            sis_id,
            name,
            "email",
            "",
            email,
            other=who(earlier, its_id),
        )
        for sis_id, name, email, earlier, its_id in store.recycled_emails(run)
    ]


def _other_claimants(issue: Issue, claims: Sequence[Issue]) -> str:
    """Return who else claims the e-mail of an issue."""
    same = (issue.sis_id, issue.row_number)
    others = (each for each in claims if (each.sis_id, each.row_number) != same)
    few = islice(others, SHOWN + 1)  # a whole school may have one placeholder
    return _listed(
        [who(each.name, each.sis_id) or _("row %(row)s") % {"row": each.row_number} for each in few]
    )


def rows(own: int, numbers: Sequence[int]) -> str:
    """Return the other rows of a file that a row clashes with."""
    others = islice((number for number in numbers if number != own), SHOWN + 1)
    return _listed([_("row %(row)s") % {"row": number} for number in others])


def _listed(few: list[str]) -> str:
    """Return at most SHOWN of them, and a sign that there are more."""
    return ", ".join(few[:SHOWN] + (["…"] if len(few) > SHOWN else []))


def _holders(run: Run, addresses: set[str]) -> dict[str, str]:
    """Return by address whose account has it."""
    holders: dict[str, str] = {}
    for chunk in store.in_chunks(sorted(addresses)):
        accounts = StudentAccount.objects.filter(school_id=run.school_id, email_key__in=chunk)
        for address, first, last, sis_id, status in accounts.values_list(
            "email_key", "first_name", "last_name", "sis_id", "status"
        ):
            holders[address] = who(f"{first} {last}", sis_id) + _closed_words(status)
    return holders


def _closed_words(status: str) -> str:
    """Return how the account that has an e-mail was closed; "" for an open one."""
    if status == AccountStatus.ACTIVE:
        return ""
    label = AccountStatus(status).label.lower()
    return _(", closed as %(status)s") % {"status": label}


def who(name: str, sis_id: str | None) -> str:
    """Return a student as a sentence names somebody: name and SIS ID."""
    name = name[:200]
    return _("%(name)s (SIS ID %(sis_id)s)") % {"name": name, "sis_id": sis_id} if sis_id else name
