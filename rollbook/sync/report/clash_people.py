"""The other people of a clash over an e-mail who have accounts, so that a screen links them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final, NamedTuple
from uuid import UUID

from rollbook.roster.values.parsing import email_key
from rollbook.students.freeing import holds_email
from rollbook.students.models import FurtherLink, StudentAccount
from rollbook.sync.models import Issue
from rollbook.sync.planning.clashes import CLASHES, SHOWN

# The problems whose value is an e-mail that an account has.
ABOUT_EMAILS: Final = (
    *CLASHES,
    "link_names_differ",
    "link_persons_differ",
    "email_persons_differ",
    "also_elsewhere",
)
MOST_CLAIMS: Final = 500  # thousands may share a placeholder address


class Clash(NamedTuple):
    """A problem that may be about an e-mail: its run, the source of the run, and its values."""

    run_id: Any
    source: str
    code: str
    sis_id: str
    value: str


class Person(NamedTuple):
    """Somebody with an account. `can_free` says that it is closed and has the e-mail."""

    account_id: UUID
    name: str
    can_free: bool = False


class _Accounts(NamedTuple):
    """The accounts that a few clashes are about, by e-mail and by source and SIS ID.

    `claims` are the SIS IDs whose records have the same e-mail, by run and e-mail.
    """

    by_email: dict[str, list[StudentAccount]]
    by_sis_id: dict[tuple[str, str | None], StudentAccount]
    claims: dict[tuple[Any, str], list[str | None]]


def others(school_id: UUID, problems: Iterable[Clash]) -> dict[Clash, tuple[Person, ...]]:
    """Return whose account has the e-mail of each problem, and who else claims it.

    A few queries answer for all problems together.
    """
    clashes = {each for each in problems if each.code in ABOUT_EMAILS}
    if not clashes:
        return {}
    accounts = _accounts_of(school_id, clashes)
    return {clash: _people(clash, accounts) for clash in clashes}


def _accounts_of(school_id: UUID, clashes: set[Clash]) -> _Accounts:
    accounts = StudentAccount.objects.filter(school_id=school_id)
    by_email: dict[str, list[StudentAccount]] = defaultdict(list)
    for account in accounts.filter(email_key__in={email_key(each.value) for each in clashes}):
        by_email[account.email_key].append(account)
    claims = _claims(school_id, clashes)
    sis_ids = {sis_id for claiming in claims.values() for sis_id in claiming if sis_id}
    sources = {clash.source for clash in clashes}  # with the source there is an index
    claiming_accounts = accounts.filter(source__in=sources, sis_id__in=sis_ids) if sis_ids else ()
    by_sis_id = {(account.source, account.sis_id): account for account in claiming_accounts}
    all_ids = _sis_ids(clashes, sis_ids)
    further = FurtherLink.objects.filter(
        school_id=school_id, source__in=sources, sis_id__in=all_ids
    )
    for link in further.select_related("account"):
        by_sis_id[link.source, link.sis_id] = link.account
    return _Accounts(by_email, by_sis_id, claims)


def _sis_ids(clashes: set[Clash], claiming: set[str]) -> set[str]:
    """Return the SIS IDs of the records that clash, and of those that claim the same e-mail."""
    return claiming | {clash.sis_id for clash in clashes if clash.sis_id}


def _claims(school_id: UUID, clashes: set[Clash]) -> dict[tuple[Any, str], list[str | None]]:
    issues = Issue.objects.filter(
        school_id=school_id,
        run_id__in={each.run_id for each in clashes},
        code="email_shared",
        value__in={each.value for each in clashes},
    )
    claims: dict[tuple[Any, str], list[str | None]] = defaultdict(list)
    for run_id, value, sis_id in issues.values_list("run_id", "value", "sis_id")[:MOST_CLAIMS]:
        claims[run_id, value].append(sis_id)
    return claims


def _people(clash: Clash, accounts: _Accounts) -> tuple[Person, ...]:
    with_email = accounts.by_email[email_key(clash.value)]
    own_link = (clash.source, clash.sis_id)
    people = {account.pk: account for account in with_email}
    for sis_id in accounts.claims[clash.run_id, clash.value]:
        claiming = accounts.by_sis_id.get((clash.source, sis_id))
        if claiming is not None:
            people[claiming.pk] = claiming
    own = accounts.by_sis_id.get(own_link)
    for account in with_email:
        if (account.source, account.sis_id) == own_link:
            own = account
            break
    if own is not None:
        people.pop(own.pk, None)
    closed = {account.pk for account in with_email if holds_email(account)}
    return tuple(
        Person(account.pk, account.name, can_free=account.pk in closed)
        for account in list(people.values())[:SHOWN]
    )
