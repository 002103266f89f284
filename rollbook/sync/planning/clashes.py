"""Clashes over an e-mail, told with both people: whoever reads the problem of the one has to find the other."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from django.utils.translation import gettext as _

from rollbook.roster.records import Issue, Severity
from rollbook.roster.values import email_key
from rollbook.students.models import StudentAccount
from rollbook.sync import store
from rollbook.sync.models import Run

SHOWN: Final = 3  # of many who share one address
HELD_BY_ACCOUNT: Final = (
    "email_taken",
    "email_names_differ",
)  # an account has the address; the other clash is among the records
CLASHES: Final = (*HELD_BY_ACCOUNT, "email_shared")


def with_others(run: Run, issues: Iterable[Issue], names: Mapping[str, str]) -> list[Issue]:
    """The issues of a whole roster, each with the name of its student, and where an e-mail is at stake with whom else it concerns."""
    return _told(run, [issue._replace(name=names.get(issue.sis_id or "", "")) for issue in issues])


def with_holders(run: Run, issues: Iterable[Issue]) -> list[Issue]:
    """The issues of a batch of a file's rows, each with whose account has the e-mail that the row claims, or which rows claim it too."""
    return _told(run, list(issues))


def _told(run: Run, issues: list[Issue]) -> list[Issue]:
    sharing: dict[str, list[Issue]] = defaultdict(list)
    for issue in issues:
        if issue.code == "email_shared":
            sharing[email_key(issue.value)].append(issue)
    holders = _holders(
        run, {email_key(issue.value) for issue in issues if issue.code in HELD_BY_ACCOUNT}
    )
    return [
        issue._replace(other=_others(issue, sharing, holders) or issue.other)
        if issue.code in CLASHES
        else issue
        for issue in issues
    ]


def passed_on(run: Run) -> list[Issue]:
    """A note for each planned owner of an address that was another student's not long ago."""
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


def _others(issue: Issue, sharing: Mapping[str, list[Issue]], holders: Mapping[str, str]) -> str:
    if issue.code in HELD_BY_ACCOUNT:
        return holders.get(email_key(issue.value), "")
    same = (issue.sis_id, issue.row_number)
    claims = (
        each for each in sharing[email_key(issue.value)] if (each.sis_id, each.row_number) != same
    )
    few = islice(claims, SHOWN + 1)  # a whole school may have one placeholder
    return _listed(
        [who(each.name, each.sis_id) or _("row %(row)s") % {"row": each.row_number} for each in few]
    )


def rows(own: int, numbers: Sequence[int]) -> str:
    """The other rows of a file that a row clashes with."""
    return _listed(
        [
            _("row %(row)s") % {"row": number}
            for number in islice((each for each in numbers if each != own), SHOWN + 1)
        ]
    )


def _listed(few: list[str]) -> str:
    """At most SHOWN of them, and a sign that there are more."""
    return ", ".join(few[:SHOWN] + (["…"] if len(few) > SHOWN else []))


def _holders(run: Run, addresses: set[str]) -> dict[str, str]:
    """Whose account has each of these addresses."""
    found: dict[str, str] = {}
    for chunk in store.in_chunks(sorted(addresses)):
        accounts = StudentAccount.objects.filter(school_id=run.school_id, email_key__in=chunk)
        for address, first, last, sis_id in accounts.values_list(
            "email_key", "first_name", "last_name", "sis_id"
        ):
            found[address] = who(f"{first} {last}", sis_id)
    return found


def who(name: str, sis_id: str | None) -> str:
    """A student as a sentence names somebody: name and SIS ID."""
    return (
        _("%(name)s (SIS ID %(sis_id)s)") % {"name": name[:200], "sis_id": sis_id}
        if sis_id
        else name[:200]
    )
