"""Stop 3: a record and the keys of all accounts → which account it is, and what only the whole roster can tell.

Repeated ids, shared and taken e-mails show themselves only after the last page; `verdict` names the records to withdraw.
"""

from collections.abc import Collection, Iterable
from enum import Enum
from itertools import chain
from typing import NamedTuple

from rollbook.roster.mapping import Mapped
from rollbook.roster.records import AccountKey, Issue, Severity, StudentRecord


class How(Enum):
    """How a record meets the accounts."""

    NEW = "new"
    KNOWN = "known"
    BY_EMAIL = "by_email"  # an account without a link has this address


class Match(NamedTuple):
    """`key` is the account's light form, None for a new one."""

    how: How
    record: StudentRecord
    key: AccountKey | None


class Verdict(NamedTuple):
    """What the whole roster told: SIS IDs whose planned changes are withdrawn, the issues that say why, and accounts the roster lacks."""

    withdrawn: frozenset[str]
    withdrawn_same: int
    issues: list[Issue]
    not_in_roster: list[AccountKey]


class Matcher:
    """Matches the records of one roster against the accounts of one school.

    `linked` are the accounts linked to this source by SIS ID, `unlinked` those without any link, `elsewhere` the e-mail keys of accounts
    that are linked to another source.
    """

    def __init__(self, linked: Iterable[AccountKey], unlinked: Iterable[AccountKey], elsewhere: Iterable[str] = ()) -> None:
        self.known = {key.sis_id: key for key in linked if key.sis_id is not None}
        self._unlinked = {key.email_key: key for key in unlinked}
        self._holders = {key.email_key: key for key in self.known.values()} | self._unlinked
        self._elsewhere = frozenset(elsewhere)
        self._seen: dict[str, bytes] = {}
        self._claims: dict[str, str] = {}
        self._shared: dict[str, set[str]] = {}
        self._repeated: set[str] = set()

    def admit(self, mapped: Mapped) -> bool:
        """Whether this is the first record with its SIS ID. An equal repetition is dropped; a different one puts both aside at the end."""
        sis_id = mapped.sis_id
        if sis_id is None:
            return True
        before = self._seen.get(sis_id)
        if before is None:
            self._seen[sis_id] = mapped.digest
            return True
        if before != mapped.digest:
            self._repeated.add(sis_id)
        return False

    def match(self, mapped: Mapped) -> Match | None:
        """The account that an admitted record belongs to; None for one that is skipped, outside the selection, or as before."""
        if mapped.same and mapped.sis_id is not None:
            key = self.known[mapped.sis_id]
            self._claim(key.email_key, key.sis_id or mapped.sis_id)  # the account's own strings: no second copy of an unchanged roster
            return None
        record = mapped.record
        if record is None:
            return None
        self._claim(record.email_key, record.sis_id)
        known = self.known.get(record.sis_id)
        if known is not None:
            return Match(How.KNOWN, record, known)
        unlinked = self._unlinked.get(record.email_key)
        return Match(How.NEW if unlinked is None else How.BY_EMAIL, record, unlinked)

    def holds(self, sis_id: str | None) -> AccountKey | None:
        """The account of this school that is linked to this SIS ID."""
        return self.known.get(sis_id) if sis_id is not None else None

    def _claim(self, email_key: str, sis_id: str) -> None:
        first = self._claims.setdefault(email_key, sis_id)
        if first != sis_id:
            self._shared.setdefault(email_key, {first}).add(sis_id)

    def verdict(self, moved: Collection[str], complete: bool) -> Verdict:
        """Judge the whole roster. `moved` are the SIS IDs of accounts whose e-mail is planned to change.

        Accounts missing from the roster are named only where the read was `complete`.
        """
        issues = [Issue("id_repeated", Severity.ERROR, sis_id, "", "sis_id", "", sis_id) for sis_id in sorted(self._repeated)]
        withdrawn = set(self._repeated)
        for address, sis_ids in self._shared.items():
            claimants = sorted(sis_ids - self._repeated)
            if len(claimants) > 1:
                withdrawn.update(claimants)
                issues += [Issue("email_shared", Severity.ERROR, sis_id, "", "email", "", address) for sis_id in claimants]
        taken = self._taken(moved, withdrawn)
        issues += [Issue("email_taken", Severity.ERROR, sis_id, "", "email", "", address) for sis_id, address in taken]
        missing = [key for sis_id, key in self.known.items() if sis_id not in self._seen] if complete else []
        same = sum(self._was_same(sis_id) for sis_id in withdrawn)
        return Verdict(frozenset(withdrawn), same, issues, missing)

    def _was_same(self, sis_id: str) -> bool:
        """Whether the first record of this SIS ID said what it said last time."""
        known = self.known.get(sis_id)
        return known is not None and known.fingerprint is not None and known.fingerprint == self._seen.get(sis_id)

    def _taken(self, moved: Collection[str], withdrawn: set[str]) -> list[tuple[str, str]]:
        """Claims on an address that another account keeps; adds them to `withdrawn`.

        A withdrawn change leaves its own account's old address taken, so whoever claims that is looked at again.
        """
        shared = ((address, sis_id) for address, sis_ids in self._shared.items() for sis_id in sis_ids)
        claims = [claim for claim in chain(self._claims.items(), shared) if self._is_foreign(*claim)]
        claimants: dict[str, set[str]] = {}
        for address, sis_id in claims:
            claimants.setdefault(address, set()).add(sis_id)
        taken: list[tuple[str, str]] = []
        while claims:
            address, sis_id = claims.pop()
            if sis_id in withdrawn or self._frees(address, moved, withdrawn):
                continue
            withdrawn.add(sis_id)
            taken.append((sis_id, address))
            stays = self.known.get(sis_id)
            if stays is not None:
                claims += [(stays.email_key, other) for other in claimants.get(stays.email_key, ())]
        return sorted(taken)

    def _is_foreign(self, address: str, sis_id: str) -> bool:
        """Whether another account has this address now, and this record can't simply be linked to it."""
        if address in self._elsewhere:
            return True
        holder = self._holders.get(address)
        if holder is None or holder.sis_id == sis_id:
            return False
        return holder.sis_id is not None or sis_id in self.known

    def _frees(self, address: str, moved: Collection[str], withdrawn: set[str]) -> bool:
        """Whether the account that has an address gives it up in this run."""
        holder = self._holders.get(address)
        return holder is not None and holder.sis_id is not None and holder.sis_id in moved and holder.sis_id not in withdrawn
