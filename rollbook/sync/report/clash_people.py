"""The accounts of the other people in a clash over an e-mail, looked up for one page of problems, so that a screen can lead to them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from rollbook.roster.values import email_key
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Issue
from rollbook.sync.planning.clashes import CLASHES, SHOWN

MOST: Final = 500  # problems that are looked through for who shares an address; thousands may share a placeholder


class Clash(NamedTuple):
    """A problem that may be about an e-mail: its run, the source of that, and what the problem says."""

    run_id: Any
    source: str
    code: str
    sis_id: str
    value: str


class Person(NamedTuple):
    """Somebody with an account, to lead to."""

    account_id: Any
    name: str


def others(school_id: Any, problems: Iterable[Clash]) -> dict[Clash, tuple[Person, ...]]:
    """For each problem over an e-mail, whose account has that address, and who else claims it; a few queries for all of them."""
    clashes = {each for each in problems if each.code in (*CLASHES, "link_names_differ")}
    if not clashes:
        return {}
    having: dict[str, list[StudentAccount]] = defaultdict(list)
    accounts = StudentAccount.objects.filter(school_id=school_id)
    for account in accounts.filter(email_key__in={email_key(each.value) for each in clashes}):
        having[account.email_key].append(account)
    claims = Issue.objects.filter(
        school_id=school_id, run_id__in={each.run_id for each in clashes}, code="email_shared"
    )
    sharing: dict[tuple[Any, str], list[str | None]] = defaultdict(list)
    for run_id, value, sis_id in claims.filter(
        value__in={each.value for each in clashes}
    ).values_list("run_id", "value", "sis_id")[:MOST]:
        sharing[run_id, value].append(sis_id)
    named = {sis_id for ids in sharing.values() for sis_id in ids if sis_id}
    linked = (
        {(account.source, account.sis_id): account for account in accounts.filter(sis_id__in=named)}
        if named
        else {}
    )
    found: dict[Clash, tuple[Person, ...]] = {}
    for each in clashes:
        claiming = (
            linked.get((each.source, sis_id)) for sis_id in sharing[each.run_id, each.value]
        )
        people = {
            account.pk: account.name
            for account in (*having[email_key(each.value)], *claiming)
            if account is not None
        }
        own = next(
            (account for account in having[email_key(each.value)] if _is_own(account, each)),
            linked.get((each.source, each.sis_id)),
        )
        if own is not None:
            people.pop(own.pk, None)
        found[each] = tuple(Person(*person) for person in people.items())[:SHOWN]
    return found


def _is_own(account: StudentAccount, clash: Clash) -> bool:
    return (account.source, account.sis_id) == (clash.source, clash.sis_id)
