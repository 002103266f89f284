"""The accounts of the weeks' model, and what people do to them."""

from uuid import UUID

from tests.sync.weeks_plan import FIELDS, Account


class People:
    """The accounts of one school, by a key of the model's own: a SIS ID may change."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.never_ids: set[str] = set()
        self.never_addresses: set[str] = set()
        self.links: dict[int, str] = {}  # SIS IDs that a person gave to accounts
        self.rejected: set[tuple[str, int]] = set()  # a SIS ID and an account: two people
        self.proposed: set[tuple[str, int]] = set()  # links, by the last complete plan
        self.clashes: set[tuple[str, int]] = set()  # those of them that contradict
        self.ours: frozenset[str] = frozenset()  # fields where the app wins
        self.clears: frozenset[str] = frozenset()  # fields that a blank of the SIS empties
        self.closes_after: int | None = (
            None  # complete runs without a student until the account is closed; None: never
        )
        # By the code of the guard: the accounts for which a person approved it, and in which run.
        self.settled: dict[str, dict[int, UUID]] = {"errors": {}, "leavers": {}}
        self.deeds = 0  # of people, to single students and to the lists and rules for all
        self._keys = 0

    @property
    def students(self) -> dict[int, Account]:
        """All accounts but those that were merged into others."""
        return {key: one for key, one in self.accounts.items() if one.status != "merged"}

    def linked_ids(self) -> dict[str, int]:
        """The accounts that are linked to the SIS, by SIS ID."""
        return {one.sis_id: key for key, one in self.accounts.items() if one.is_linked}

    def holder(self, address: str) -> int | None:
        """Whose e-mail this is."""
        return next(
            (
                key
                for key, account in self.accounts.items()
                if address and account.address == address.lower()
            ),
            None,
        )

    def merged_addresses(self) -> set[str]:
        """The e-mails of merged accounts that nobody has now."""
        merged = [one for one in self.accounts.values() if one.status == "merged"]
        held = {one.address for one in self.accounts.values()}
        return {one.values["email"].lower() for one in merged} - held

    def new_key(self) -> int:
        self._keys += 1
        return self._keys

    # --- what people do

    def close(self, key: int) -> None:
        if self.accounts[key].status == "active":
            self._deed(key).status = "deactivated"

    def open(self, key: int) -> None:
        if self.accounts[key].status != "active":
            account = self._deed(key)
            account.status, account.address = "active", account.values["email"].lower()

    def can_open(self, key: int) -> bool:
        return self.holder(self.accounts[key].values["email"]) in (None, key)

    def free_address(self, key: int) -> None:
        self._deed(key).address = ""

    def can_edit(self, key: int, name: str, value: str) -> bool:
        if name == "sis_id":
            account = self.accounts[key]
            return not any(
                (one.source, one.sis_id) == (account.source, value)
                for other, one in self.accounts.items()
                if other != key
            )
        return name != "email" or self.holder(value) in (None, key)

    def edit(self, key: int, name: str, value: str) -> None:
        account = self.accounts[key]
        if name == "sis_id":
            if account.sis_id != value:
                self._deed(key).sis_id = value
        elif account.values[name] != value:
            self._deed(key).values[name] = value
            if name == "email":
                account.address = value.lower()

    def lock(self, key: int, name: str, on: bool) -> None:
        if (name in self.accounts[key].locked) is not on:
            self._deed(key).locked ^= {name}

    def protect(self, key: int, on: bool) -> None:
        if self.accounts[key].protected is not on:
            self._deed(key).protected = on

    def merge(self, kept: int, other: int) -> None:
        """Close one of two accounts. The other one gets its link, and what it lacks itself."""
        account, gone = self._deed(kept), self._deed(other)
        for name in FIELDS:
            account.values[name] = account.values[name] or gone.values[name]
        if account.sis_id and gone.sis_id:
            self.never_ids.add(gone.sis_id)
        elif gone.sis_id:
            account.source, account.sis_id = gone.source, gone.sis_id
        gone.status, gone.source, gone.sis_id, gone.into = "merged", "", "", kept
        gone.values["student_number"] = gone.address = ""

    def open_proposals(self) -> set[tuple[str, int]]:
        """Return the proposed links that are still about an account without this SIS ID."""
        return {
            (sis_id, key)
            for sis_id, key in self.proposed
            if key in self.students
            and (self.accounts[key].sis_id != sis_id or not self.accounts[key].is_linked)
        }

    def decide_link(self, sis_id: str, key: int, same: bool) -> bool:
        """Decide about a proposed link. Returns False where an earlier decision contradicts."""
        taken = any((one == sis_id) is not (other == key) for other, one in self.links.items())
        if same and taken:
            return False
        self.deeds += 1
        if same:
            self.links[key] = sis_id
            self.rejected -= {(sis_id, key)}
        else:
            self.rejected |= {(sis_id, key)}
            if self.links.get(key) == sis_id:
                del self.links[key]
        return True

    def _deed(self, key: int) -> Account:
        self.deeds += 1
        self.accounts[key].deeds += 1
        return self.accounts[key]
