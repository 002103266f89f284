"""Clashes over an e-mail, told with both people: whoever reads the problem of the one has to find the other."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from rollbook.roster.records import Issue, Severity
from rollbook.roster.values import email_key
from rollbook.students.models import StudentAccount
from rollbook.sync import store
from rollbook.sync.models import Run

SHOWN = 3  # of many who share one address


def with_others(run: Run, issues: Iterable[Issue], names: Mapping[str, str]) -> list[Issue]:
    """The issues of a whole roster, each with the name of its student, and where an e-mail is at stake with whom else it concerns."""
    named = [issue._replace(name=names.get(issue.sis_id or "", "")) for issue in issues]
    sharing: dict[str, list[Issue]] = defaultdict(list)
    for issue in named:
        if issue.code == "email_shared":
            sharing[issue.value].append(issue)
    holders = _holders(run, {issue.value for issue in named if issue.code == "email_taken"})
    return [issue._replace(other=_others(issue, sharing, holders)) for issue in named]


def with_holders(run: Run, issues: Iterable[Issue]) -> list[Issue]:
    """The issues of a file's rows, each with whose account has the e-mail that the row claims."""
    told = list(issues)
    holders = _holders(run, {email_key(issue.value) for issue in told if issue.code == "email_taken"})
    return [issue._replace(other=holders.get(email_key(issue.value), "")) if issue.code == "email_taken" else issue for issue in told]


def passed_on(run: Run) -> list[Issue]:
    """A note for each planned owner of an address that was another student's not long ago."""
    return [
        Issue("email_recycled", Severity.NOTE, sis_id, name, "email", "", email, other=who(earlier, its_id))
        for sis_id, name, email, earlier, its_id in store.recycled_emails(run)
    ]


def _others(issue: Issue, sharing: Mapping[str, list[Issue]], holders: Mapping[str, str]) -> str:
    if issue.code == "email_taken":
        return holders.get(issue.value, "")
    others = [who(each.name, each.sis_id) for each in sharing.get(issue.value, ()) if each.sis_id != issue.sis_id]
    return ", ".join(others[:SHOWN] + (["…"] if len(others) > SHOWN else [])) if issue.code == "email_shared" else ""


def _holders(run: Run, addresses: set[str]) -> dict[str, str]:
    """Whose account has each of these addresses."""
    found: dict[str, str] = {}
    for chunk in store.in_chunks(sorted(addresses)):
        accounts = StudentAccount.objects.filter(school_id=run.school_id, email_key__in=chunk)
        for address, first, last, sis_id in accounts.values_list("email_key", "first_name", "last_name", "sis_id"):
            found[address] = who(f"{first} {last}", sis_id)
    return found


def who(name: str, sis_id: str | None) -> str:
    """A student as a sentence names somebody: name and SIS ID."""
    return _("%(name)s (SIS ID %(sis_id)s)") % {"name": name[:200], "sis_id": sis_id} if sis_id else name[:200]
