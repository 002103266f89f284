"""Stop 3: a record and the keys of all accounts → which account it is, and what only the whole roster can tell.

Repeated ids, shared and taken e-mails show themselves only after the last page; `verdict` names the records to withdraw.
"""

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

from rollbook.roster.mapping import MappedRecord
from rollbook.roster.records import AccountKey, Issue, Severity, StudentRecord


class MatchKind(Enum):
    """How a record meets the accounts."""

    NEW = "new"
    KNOWN = "known"
    BY_EMAIL = "by_email"  # an account without a link has this address
    CONFIRMED = "confirmed"  # a person has said that this account without a link is this student
    NEVER_IMPORT = "never_import"  # no account, and none is wanted


class Match(NamedTuple):
    """`key` is the account's light form, None for a new one."""

    kind: MatchKind
    record: StudentRecord
    key: AccountKey | None


class RosterCheck(NamedTuple):
    """What the whole roster told: SIS IDs whose planned changes are withdrawn, the issues that say why, and accounts the roster lacks."""

    withdrawn: frozenset[str]
    withdrawn_unchanged: int
    issues: list[Issue]
    not_in_roster: list[AccountKey]


class StudentExceptions(NamedTuple):
    """Students with rules of their own: `never_import_sis_ids` and `never_import_emails` are never imported.

    `fixed_emails` are the ids of accounts whose e-mail no roster changes (locked, or protected); `all_emails_fixed` says so of every account.
    """

    never_import_sis_ids: frozenset[str] = frozenset()
    never_import_emails: frozenset[str] = frozenset()
    fixed_emails: frozenset[bytes] = frozenset()
    all_emails_fixed: bool = False


NO_EXCEPTIONS: Final = StudentExceptions()


class Matcher:
    """Matches the records of one roster against the accounts of one school.

    `linked` are the accounts linked to this source by SIS ID, `unlinked` those without any link, `elsewhere` the e-mail keys of accounts
    that are linked to another source. `links` are the SIS IDs that a person has given to accounts without a link, by account, and `rejected_links`
    the pairs of account and SIS ID that are two people.
    """

    def __init__(
        self,
        linked: Iterable[AccountKey],
        unlinked: Iterable[AccountKey],
        elsewhere: Iterable[str] = (),
        links: Mapping[bytes, str] = MappingProxyType({}),
        rejected_links: Collection[tuple[bytes, str]] = frozenset(),
        exceptions: StudentExceptions = NO_EXCEPTIONS,
    ) -> None:
        self._exceptions = exceptions
        self.known = {key.sis_id: key for key in linked if key.sis_id is not None}
        self._unlinked = {key.email_key: key for key in unlinked}
        self._rejected_links = rejected_links
        self._confirmed: set[str] = set()
        if links:
            self._take_in(links)
        self._elsewhere = frozenset(elsewhere)
        self._seen: dict[str, bytes] = {}
        self._as_before: set[AccountKey] = (
            set()
        )  # known students whose record says what it said: nearly all, so they are kept smaller
        self._silent: set[str] = (
            set()
        )  # known students whose record was skipped: they claim no address
        # Claims on an address that isn't the account's own already. Accounts that keep theirs aren't listed: nearly all of them do.
        self._claims: dict[str, str] = {}
        self._shared: dict[str, set[str]] = {}
        self._leaving: set[str] = set()
        self._repeated: set[str] = set()

    def _take_in(self, links: Mapping[bytes, str]) -> None:
        """Treat the accounts that a person has linked as known from here on."""
        for key in list(self._unlinked.values()):
            sis_id = links.get(key.id)
            if sis_id is not None and sis_id not in self.known:
                self.known[sis_id] = key.with_link(sis_id)
                self._confirmed.add(sis_id)
                del self._unlinked[key.email_key]

    @property
    def has_unlinked(self) -> bool:
        """Whether there are accounts without a link whose student isn't known."""
        return bool(self._unlinked)

    def is_never_imported(self, sis_id: str | None) -> bool:
        """Whether this is a student who is never imported and has no account: what is wrong with their record is nobody's business."""
        return sis_id in self._exceptions.never_import_sis_ids and sis_id not in self.known

    def register(self, mapped: MappedRecord) -> bool:
        """Whether this is the first record with its SIS ID. An equal repetition is dropped; a different one puts both aside at the end."""
        sis_id = mapped.sis_id
        if sis_id is None:
            return True
        known = self.known.get(sis_id)
        if known in self._as_before:
            if not mapped.unchanged:
                self._repeated.add(sis_id)
            return False
        before = self._seen.get(sis_id)
        if before is not None:
            if before != mapped.digest:
                self._repeated.add(sis_id)
            return False
        if known is not None and mapped.unchanged:
            self._as_before.add(known)
        else:
            self._seen[sis_id] = mapped.digest
        return True

    def _has_come(self, sis_id: str) -> bool:
        return sis_id in self._seen or self.known.get(sis_id) in self._as_before

    def match(self, mapped: MappedRecord) -> Match | None:
        """The account that an admitted record belongs to; None for one that is skipped, outside the selection, or as before."""
        record = mapped.record
        if record is None:
            if not mapped.unchanged and mapped.sis_id in self.known:
                self._silent.add(mapped.sis_id)
            return None
        known = self.known.get(record.sis_id)
        if known is not None:
            if known.email_key != record.email_key:
                if (
                    not self._exceptions.all_emails_fixed
                    and known.id not in self._exceptions.fixed_emails
                ):
                    self._claim(record.email_key, record.sis_id)
                self._leaving.add(record.sis_id)
            return Match(
                MatchKind.CONFIRMED if record.sis_id in self._confirmed else MatchKind.KNOWN,
                record,
                known,
            )
        if (
            record.sis_id in self._exceptions.never_import_sis_ids
            or record.email_key in self._exceptions.never_import_emails
        ):
            return Match(MatchKind.NEVER_IMPORT, record, None)
        self._claim(record.email_key, record.sis_id)
        unlinked = self._unlinked.get(record.email_key)
        if unlinked is not None and (unlinked.id, record.sis_id) in self._rejected_links:
            unlinked = None
        return Match(MatchKind.NEW if unlinked is None else MatchKind.BY_EMAIL, record, unlinked)

    def linked_account(self, sis_id: str | None) -> AccountKey | None:
        """The account of this school that is linked to this SIS ID."""
        return self.known.get(sis_id) if sis_id is not None else None

    def _claim(self, address: str, sis_id: str) -> None:
        first = self._claims.setdefault(address, sis_id)
        if first != sis_id:
            self._shared.setdefault(address, {first}).add(sis_id)

    def _claimants(self, address: str) -> set[str]:
        return self._shared.get(address) or (
            {self._claims[address]} if address in self._claims else set()
        )

    def check_roster(self, moved: Collection[str], complete: bool) -> RosterCheck:
        """Judge the whole roster. `moved` are the SIS IDs of accounts whose e-mail is planned to change.

        Accounts missing from the roster are named only where the read was `complete`.
        """
        holders = {
            key.email_key: key for key in self.known.values() if key.email_key in self._claims
        } | self._unlinked
        issues = [
            Issue("id_repeated", Severity.ERROR, sis_id, "", "sis_id", "", sis_id)
            for sis_id in sorted(self._repeated)
        ]
        withdrawn = set(self._repeated)
        for address in [
            address for address in self._claims if address in holders or address in self._shared
        ]:
            claimants = sorted(
                (self._claimants(address) | self._keeper(holders.get(address))) - self._repeated
            )
            if len(claimants) > 1:
                withdrawn.update(claimants)
                issues += [
                    Issue("email_shared", Severity.ERROR, sis_id, "", "email", "", address)
                    for sis_id in claimants
                ]
        taken = self._taken(holders, moved, withdrawn)
        issues += [
            Issue("email_taken", Severity.ERROR, sis_id, "", "email", "", address)
            for sis_id, address in taken
        ]
        missing = (
            [
                key
                for sis_id, key in self.known.items()
                if sis_id not in self._seen and key not in self._as_before
            ]
            if complete
            else []
        )
        missing = [key for key in missing if key.sis_id not in self._confirmed]
        same = sum(self._was_same(sis_id) for sis_id in withdrawn)
        return RosterCheck(frozenset(withdrawn), same, issues, missing)

    def _keeper(self, holder: AccountKey | None) -> set[str]:
        """The SIS ID of the account that has an address, where its record claims that address too.

        Where all keep theirs nobody can tell: a record that says what it said last time may always have said another one.
        """
        if (
            holder is None
            or holder.sis_id is None
            or self._exceptions.all_emails_fixed
            or not self._has_come(holder.sis_id)
        ):
            return set()
        return (
            set()
            if holder.sis_id in self._silent or holder.sis_id in self._leaving
            else {holder.sis_id}
        )

    def _was_same(self, sis_id: str) -> bool:
        """Whether the first record of this SIS ID said what it said last time."""
        return self.known.get(sis_id) in self._as_before

    def _taken(
        self, holders: dict[str, AccountKey], moved: Collection[str], withdrawn: set[str]
    ) -> list[tuple[str, str]]:
        """Claims on an address that another account keeps; adds them to `withdrawn`.

        A withdrawn change leaves its own account's old address taken, so whoever claims that is looked at again.
        """
        claims = [
            (address, sis_id)
            for address in self._claims
            if address in self._elsewhere or address in holders
            for sis_id in self._claimants(address)
            if not self._can_be_linked(address, sis_id)
        ]
        taken: list[tuple[str, str]] = []
        while claims:
            address, sis_id = claims.pop()
            holder = holders.get(address)
            freed = (
                holder is not None
                and holder.sis_id is not None
                and holder.sis_id in moved
                and holder.sis_id not in withdrawn
            )
            if sis_id in withdrawn or freed:
                continue
            withdrawn.add(sis_id)
            taken.append((sis_id, address))
            stays = self.known.get(sis_id)
            if stays is not None:
                claims += [
                    (stays.email_key, other)
                    for other in self._claimants(stays.email_key)
                    if other != sis_id
                ]
        return sorted(taken)

    def _can_be_linked(self, address: str, sis_id: str) -> bool:
        """Whether the account with this address has no link yet, and the record no account: that is a link, or a person's decision."""
        unlinked = self._unlinked.get(address)
        free = unlinked is not None and (unlinked.id, sis_id) not in self._rejected_links
        return free and address not in self._elsewhere and sis_id not in self.known
