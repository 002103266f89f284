"""Stop 3: a record and the keys of all accounts → the account that it belongs to.

Repeated SIS IDs, and e-mails that are shared or taken, show only after the last page:
`check_roster` names the records to withdraw.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from rollbook.roster.planning.known_accounts import KnownAccounts
from rollbook.roster.planning.mapping import MappedRecord
from rollbook.roster.planning.packed_table import PackedTable
from rollbook.roster.records import AccountKey, Issue, Severity, StudentRecord


class MatchKind(Enum):
    """How a record was matched with an account."""

    NEW = "new"
    KNOWN = "known"
    BY_EMAIL = "by_email"  # an account without a link has this e-mail
    ELSEWHERE = "elsewhere"  # an account that is linked to another active SIS has this e-mail
    CONFIRMED = "confirmed"  # a person linked this account without a link to the SIS ID
    NEVER_IMPORT = "never_import"  # there is no account, and none may be made
    MERGED = "merged"  # the e-mail is that of an account that was merged into another


class Match(NamedTuple):
    """A record and the light form of its account, None for a new one."""

    kind: MatchKind
    record: StudentRecord
    key: AccountKey | None


class RosterCheck(NamedTuple):
    """The result for a whole roster.

    `withdrawn` are the SIS IDs whose planned changes are withdrawn; `withdrawn_unchanged` counts
    those of them whose record was unchanged. `issues` say why. `not_in_roster` are the accounts
    that the roster lacks.
    """

    withdrawn: frozenset[str]
    withdrawn_unchanged: int
    issues: list[Issue]
    not_in_roster: list[AccountKey]


class StudentExceptions(NamedTuple):
    """Students with rules of their own.

    SIS IDs and e-mail keys on the never-import list get no account, and neither does an e-mail of
    `merged_emails`: its account was merged into another. `fixed_emails` are the ids of
    accounts whose e-mail no roster changes, because it is locked or the account is protected;
    `all_emails_fixed` is True where this is so for every account. `foreign_emails` are the ids of
    accounts whose e-mail another SIS owns.
    """

    never_import_sis_ids: frozenset[str] = frozenset()
    never_import_emails: frozenset[str] = frozenset()
    fixed_emails: frozenset[bytes] = frozenset()
    all_emails_fixed: bool = False
    foreign_emails: frozenset[bytes] = frozenset()
    merged_emails: frozenset[str] = frozenset()


NO_EXCEPTIONS: Final = StudentExceptions()
# What came of a known account first.
_UNCHANGED: Final = 1
_DIFFERENT: Final = 2


class Matcher:
    """Matches the records of one roster with the accounts of one school.

    `linked` are the accounts that this source is linked to, by their first or a further link, with
    the SIS ID of this source. `unlinked` are those without any link, `elsewhere` those that only
    another source is linked to. `links` are the SIS IDs that a person gave to accounts, by account
    id. `rejected_links` are pairs of an account id and a SIS ID that are two people.
    """

    def __init__(
        self,
        linked: Iterable[AccountKey] | KnownAccounts,
        unlinked: Iterable[AccountKey],
        elsewhere: Iterable[AccountKey] = (),
        links: Mapping[bytes, str] = MappingProxyType({}),
        rejected_links: Collection[tuple[bytes, str]] = frozenset(),
        exceptions: StudentExceptions = NO_EXCEPTIONS,
    ) -> None:
        self._exceptions = exceptions
        self.known = linked if isinstance(linked, KnownAccounts) else KnownAccounts(linked)
        self._unlinked = {key.email_key: key for key in unlinked}
        self._elsewhere = {key.email_key: key for key in elsewhere}
        self._rejected_links = rejected_links
        self._confirmed: set[str] = set()
        if links:
            self._add_links(links)
        self._digests = PackedTable()  # of records that are not unchanged, by SIS ID
        # By the row of a known account, whether its SIS ID has come: a byte each. Nearly all of
        # them come unchanged, and nothing else is kept of those.
        self._came = bytearray(self.known.rows)
        self._known_sent = 0  # accounts whose SIS ID has come
        self.unchanged = 0  # of these, those whose first record was unchanged
        # Known students whose record was skipped: they claim no e-mail.
        self._skipped: set[str] = set()
        # Claims of an e-mail that the account doesn't have already. Nearly all accounts keep
        # theirs, so those aren't listed. By e-mail key: the first SIS ID, and all of them where
        # several claim it.
        self._claims = PackedTable()
        self._shared: dict[str, set[str]] = {}
        # Known students whose record has a different e-mail than their account.
        self._moving: set[str] = set()
        self._repeated: set[str] = set()

    def _add_links(self, links: Mapping[bytes, str]) -> None:
        """Treat the accounts that a person linked as known from now on.

        An account that has a link to this source already was given a new SIS ID.
        """
        accounts = [*self._unlinked.values(), *self._elsewhere.values(), *self.known.values()]
        for key in accounts:
            sis_id = links.get(key.id)
            if sis_id is None or sis_id in self.known:
                continue
            if key.sis_id is None:
                self._unlinked.pop(key.email_key, None)
                self._elsewhere.pop(key.email_key, None)
            else:
                del self.known[key.sis_id]
            self.known[sis_id] = key.with_link(sis_id)
            self._confirmed.add(sis_id)

    def is_rejected(self, account_id: bytes, sis_id: str) -> bool:
        """Return whether a person said that this account and this SIS ID are two people."""
        return (account_id, sis_id) in self._rejected_links

    @property
    def has_unlinked(self) -> bool:
        """Whether there are accounts without a link to this source that nobody has linked yet."""
        return bool(self._unlinked or self._elsewhere)

    def is_never_imported(self, sis_id: str | None) -> bool:
        """Return whether a student without an account is on the never-import list by SIS ID.

        Issues of such a record are shown to nobody.
        """
        return sis_id in self._exceptions.never_import_sis_ids and sis_id not in self.known

    def register(self, mapped: MappedRecord) -> bool:
        """Remember a record; return whether it is the first one with its SIS ID.

        Where a later one differs, `check_roster` withdraws both.
        """
        sis_id = mapped.sis_id
        if sis_id is None:
            return True
        row = self.known.row_of(sis_id) if self._came else None
        if row is not None and mapped.unchanged:
            return self._register_unchanged(row, sis_id)
        if row is not None and self._came[row] == _UNCHANGED:
            self._repeated.add(sis_id)
            return False
        first_digest = self._digests.enter(sis_id, mapped.digest)
        if first_digest is not None:
            if first_digest != mapped.digest:
                self._repeated.add(sis_id)
            return False
        if row is not None:
            self._came[row] = _DIFFERENT
            self._known_sent += 1
        return True

    def take_unchanged(
        self, raw_ids: Sequence[Any], fingerprints: Sequence[bytes | None]
    ) -> list[int]:
        """Register those records of a page that are equal to what came last time.

        Return the places of all others, of which nothing is remembered. `raw_ids` are the SIS IDs
        as they came. A record without a fingerprint isn't compared.
        """
        if not self._came:
            return list(range(len(raw_ids)))
        others = []
        for place, row in enumerate(self.known.rows_with(raw_ids, fingerprints)):
            if row is None:
                others.append(place)
            else:
                self._register_unchanged(row, raw_ids[place])
        return others

    def _register_unchanged(self, row: int, raw_id: Any) -> bool:
        """Remember an unchanged record; return whether it is the first one with its SIS ID."""
        came = self._came[row]
        if came == _DIFFERENT:
            self._repeated.add(str(raw_id))
        if came:
            return False
        self._came[row] = _UNCHANGED
        self._known_sent += 1
        self.unchanged += 1
        return True

    def match(self, mapped: MappedRecord) -> Match | None:
        """Return the account of a registered record.

        None for a record that is skipped, outside the selection or unchanged.
        """
        record = mapped.record
        if record is None:
            sis_id = mapped.sis_id
            if not mapped.unchanged and sis_id is not None and sis_id in self.known:
                self._skipped.add(sis_id)
            return None
        key = self.known.find(record.sis_id)
        if key is not None:
            return self._match_known(record, key)
        exceptions = self._exceptions
        if (
            record.sis_id in exceptions.never_import_sis_ids
            or record.email_key in exceptions.never_import_emails
        ):
            return Match(MatchKind.NEVER_IMPORT, record, None)
        self._claim(record.email_key, record.sis_id)
        unlinked = self._unlinked.get(record.email_key)
        if unlinked is not None and not self.is_rejected(unlinked.id, record.sis_id):
            return Match(MatchKind.BY_EMAIL, record, unlinked)
        elsewhere = self._elsewhere.get(record.email_key)
        if elsewhere is not None and not self.is_rejected(elsewhere.id, record.sis_id):
            return Match(MatchKind.ELSEWHERE, record, elsewhere)
        is_merged = record.email_key in exceptions.merged_emails
        return Match(MatchKind.MERGED if is_merged else MatchKind.NEW, record, None)

    def _match_known(self, record: StudentRecord, key: AccountKey) -> Match:
        exceptions = self._exceptions
        if key.email_key != record.email_key:
            is_fixed = key.id in exceptions.fixed_emails or key.id in exceptions.foreign_emails
            if not exceptions.all_emails_fixed and not is_fixed:
                self._claim(record.email_key, record.sis_id)
            self._moving.add(record.sis_id)
        is_confirmed = record.sis_id in self._confirmed
        return Match(MatchKind.CONFIRMED if is_confirmed else MatchKind.KNOWN, record, key)

    def linked_account(self, sis_id: str | None) -> AccountKey | None:
        """Return the account of this school that is linked to this SIS ID."""
        return self.known.find(sis_id) if sis_id is not None else None

    def _claim(self, address: str, sis_id: str) -> None:
        first = self._claims.enter(address, sis_id.encode())
        if first is not None and first.decode() != sis_id:
            self._shared.setdefault(address, {first.decode()}).add(sis_id)

    def _claimants(self, address: str) -> set[str]:
        if address in self._shared:
            return self._shared[address]
        first = self._claims.get(address)
        return set() if first is None else {first.decode()}

    def check_roster(
        self, moved: Collection[str], complete: bool, freed: Collection[str] = ()
    ) -> RosterCheck:
        """Check what only the whole roster shows. Call it after the last record.

        `moved` are the SIS IDs of accounts whose e-mail is planned to change. `freed` are e-mails
        that closed accounts give up, unless their students are back in this roster. Accounts that
        the roster lacks are named only where it was read `complete`.
        """
        owners = {}
        if self.known.rows:
            owners = {key.email_key: key for key in self.known.with_emails(set(self._claims))}
        owners |= self._unlinked
        for address in freed:
            owner = owners.get(address)
            if owner is None or owner.sis_id is None or not self._was_sent(owner.sis_id):
                owners.pop(address, None)
            self._elsewhere.pop(address, None)
        withdrawn = set(self._repeated)
        issues = [
            _issue("id_repeated", "sis_id", sis_id, sis_id) for sis_id in sorted(self._repeated)
        ]
        issues += self._withdraw_shared(owners, withdrawn)
        issues += self._withdraw_taken(owners, moved, withdrawn)
        unchanged = sum(self._is_unchanged(sis_id) for sis_id in withdrawn)
        missing = self.missing_accounts() if complete else []
        return RosterCheck(frozenset(withdrawn), unchanged, issues, missing)

    def missing_accounts(self) -> list[AccountKey]:
        """Return the accounts that no record so far has the SIS ID of."""
        if self._known_sent == len(self.known):  # the usual run: then nothing is compared
            return []
        missing = []
        row = self._came.find(0)
        while row >= 0:
            if not self.known.is_removed(row):
                key = self.known.key(row)
                if key.sis_id not in self._confirmed:
                    missing.append(key)
            row = self._came.find(0, row + 1)
        return missing

    def _was_sent(self, sis_id: str) -> bool:
        return sis_id in self._digests or self._is_unchanged(sis_id)

    def _is_unchanged(self, sis_id: str) -> bool:
        """Return whether the first record of this SIS ID was unchanged."""
        row = self.known.row_of(sis_id)
        return row is not None and self._came[row] == _UNCHANGED

    def _withdraw_shared(
        self, owners: Mapping[str, AccountKey], withdrawn: set[str]
    ) -> list[Issue]:
        """Withdraw all records that claim the same e-mail, its owner's among them."""
        issues: list[Issue] = []
        for address in self._claims:
            if address not in owners and address not in self._shared:
                continue
            sis_ids = self._claimants(address) | self._keeper(owners.get(address))
            sis_ids -= self._repeated
            if len(sis_ids) > 1:
                withdrawn.update(sis_ids)
                issues += [
                    _issue("email_shared", "email", sis_id, address) for sis_id in sorted(sis_ids)
                ]
        return issues

    def _keeper(self, owner: AccountKey | None) -> set[str]:
        """Return the SIS ID of the e-mail's owner where the owner's record has that e-mail too.

        Where all e-mails are fixed, or another SIS owns this one, this can't be told: an unchanged
        record may have had a different e-mail all the time.
        """
        if owner is None or owner.sis_id is None or self._exceptions.all_emails_fixed:
            return set()
        if owner.id in self._exceptions.foreign_emails:
            return set()
        sis_id = owner.sis_id
        if not self._was_sent(sis_id) or sis_id in self._skipped or sis_id in self._moving:
            return set()
        return {sis_id}

    def _withdraw_taken(
        self, owners: Mapping[str, AccountKey], moved: Collection[str], withdrawn: set[str]
    ) -> list[Issue]:
        """Withdraw the records that claim an e-mail which another account keeps.

        A withdrawn record leaves its account's old e-mail taken, so whoever claims that is looked
        at again.
        """
        queue = [
            (address, sis_id)
            for address in self._claims
            if address in self._elsewhere or address in owners
            for sis_id in self._claimants(address)
            if not self._can_be_linked(address, sis_id)
        ]
        taken: list[tuple[str, str]] = []
        while queue:
            address, sis_id = queue.pop()
            owner = owners.get(address)
            is_freed = owner is not None and owner.sis_id in moved and owner.sis_id not in withdrawn
            if sis_id in withdrawn or is_freed:
                continue
            withdrawn.add(sis_id)
            taken.append((sis_id, address))
            key = self.known.get(sis_id)
            if key is not None:
                others = self._claimants(key.email_key) - {sis_id}
                queue += [(key.email_key, other) for other in others]
        return [
            _issue("email_taken", "email", sis_id, address) for sis_id, address in sorted(taken)
        ]

    def _can_be_linked(self, address: str, sis_id: str) -> bool:
        """Return whether the e-mail's account and the record can be linked: neither has a link yet.

        Then the two are linked, or a person decides.
        """
        owner = self._unlinked.get(address) or self._elsewhere.get(address)
        if owner is None or self.is_rejected(owner.id, sis_id):
            return False
        return sis_id not in self.known


def _issue(code: str, field: str, sis_id: str, value: str) -> Issue:
    return Issue(code, Severity.ERROR, sis_id, name="", field=field, value=value)
