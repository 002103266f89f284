"""The e-mails of closed accounts that a run gives to other students, where the school says so."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from rollbook.roster.planning.freeing import can_be_freed, free_email
from rollbook.roster.planning.identity import Person
from rollbook.roster.planning.matching import Match, MatchKind
from rollbook.roster.records import Account
from rollbook.sync import store
from rollbook.sync.models import Run


class Claim(NamedTuple):
    """Somebody whose record or row has this e-mail, and whose account has not."""

    email_key: str
    person: Person


class FreedEmails:
    """The e-mails that this run can free, each with the closed account that has it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._accounts: dict[str, Account] = {}
        self._refused: set[str] = set()

    @property
    def addresses(self) -> Collection[str]:
        """The e-mail keys that are free for their new owners."""
        return self._accounts.keys() - self._refused

    @property
    def account_ids(self) -> frozenset[bytes]:
        """The closed accounts that give them up."""
        return frozenset(self._accounts[address].id for address in self.addresses)

    def add(self, claims: Collection[Claim]) -> None:
        """Look up whether closed accounts have these e-mails and give them up.

        One of several people with the same e-mail who may be the account's own is enough: then it
        keeps its e-mail, and a person decides.
        """
        days = self._run.free_emails_after
        if days is None or not claims:
            return
        addresses = {claim.email_key for claim in claims}
        closed = {
            account.email_key: account
            for account in store.load_closed_accounts(self._run, addresses, days)
        }
        for claim in claims:
            account = closed.get(claim.email_key)
            if account is None:
                continue
            if can_be_freed(account, claim.person):
                self._accounts[claim.email_key] = account
            else:
                self._refused.add(claim.email_key)

    def without_freed_accounts(self, matches: Iterable[Match]) -> list[Match]:
        """Return the matches of a batch; who met the account of somebody else by e-mail is new."""
        matches = list(matches)
        self.add([claim for match in matches if (claim := _claim(match)) is not None])
        return [self._without_freed_account(match) for match in matches]

    def _without_freed_account(self, match: Match) -> Match:
        is_freed = match.record.email_key in self.addresses
        if match.kind in (MatchKind.BY_EMAIL, MatchKind.ELSEWHERE) and is_freed:
            return Match(MatchKind.NEW, match.record, None)
        return match

    def save(self) -> None:
        """Store the changes that free the e-mails which somebody gets in this plan."""
        claimed = store.planned_emails(self._run, self.addresses) if self.addresses else ()
        store.save_plan(self._run, [free_email(self._accounts[each]) for each in claimed], [])


def _claim(match: Match) -> Claim | None:
    """Return the e-mail that a record wants for its account, where it is not there already."""
    record, key = match.record, match.key
    if match.kind is MatchKind.NEVER_IMPORT:
        return None
    is_linked = match.kind in (MatchKind.KNOWN, MatchKind.CONFIRMED)
    if is_linked and key is not None and key.email_key == record.email_key:
        return None
    return Claim(record.email_key, record)
