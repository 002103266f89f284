"""The accounts of the weeks' model, and what people do to them."""

from tests.sync.weeks_plan import Account


class People:
    """The accounts of one school, by a key of the model's own: a SIS ID may change."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.never_ids: set[str] = set()
        self.never_addresses: set[str] = set()
        self.ours: frozenset[str] = frozenset()  # fields where the app wins
        self.clears: frozenset[str] = frozenset()  # fields that a blank of the SIS empties
        self.closes_after: int | None = (
            None  # complete runs without a student until the account is closed; None: never
        )
        self.deeds = 0  # of people, to single students and to the lists and rules for all
        self._keys = 0

    def by_id(self) -> dict[str, int]:
        return {account.sis_id: key for key, account in self.accounts.items()}

    def holder(self, address: str) -> int | None:
        """Whose e-mail this is."""
        return next(
            (key for key, account in self.accounts.items() if account.address == address.lower()),
            None,
        )

    def close(self, key: int) -> None:
        if self.accounts[key].status == "active":
            self._deed(key).status = "deactivated"

    def open(self, key: int) -> None:
        if self.accounts[key].status != "active":
            self._deed(key).status = "active"

    def can_edit(self, key: int, name: str, value: str) -> bool:
        return name != "email" or self.holder(value) in (None, key)

    def edit(self, key: int, name: str, value: str) -> None:
        if self.accounts[key].values[name] != value:
            self._deed(key).values[name] = value

    def lock(self, key: int, name: str, on: bool) -> None:
        if (name in self.accounts[key].locked) is not on:
            self._deed(key).locked ^= {name}

    def protect(self, key: int, on: bool) -> None:
        if self.accounts[key].protected is not on:
            self._deed(key).protected = on

    def _deed(self, key: int) -> Account:
        self.deeds += 1
        self.accounts[key].deeds += 1
        return self.accounts[key]
