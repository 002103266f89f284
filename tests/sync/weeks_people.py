"""The accounts of the weeks' model, and what people do to them."""

from collections.abc import Mapping
from uuid import UUID

from tests.sync.weeks_plan import MANY, Account, Plan, Row


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
        # By the code of the guard: the accounts for which a person approved it, and in which run.
        self.settled: dict[str, dict[int, UUID]] = {"errors": {}, "leavers": {}}
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

    def _alarms(
        self,
        rows: list[Row],
        unusable: set[int],
        listed: set[tuple[str, str]],
        missing: set[int],
    ) -> set[str]:
        """Return which of the guards for names and errors hold the run."""
        active = {one.sis_id for one in self.accounts.values() if one.status == "active"}
        should = {sis_id for sis_id in active if ("outside_selection", sis_id) not in listed}
        should -= {self.accounts[key].sis_id for key in missing & self.settled["leavers"].keys()}
        renamed = [
            row
            for row in rows
            if row.kind in ("updated", "returning")
            and row.after.keys() & {"first_name", "last_name"}
        ]
        errors = [
            key
            for key in unusable - self.settled["errors"].keys()
            if self.accounts[key].status == "active"
        ]
        numbers = {"names": len(renamed), "errors": len(errors)}
        return {
            name
            for name, number in numbers.items()
            if number > MANY and should and 100 * number / len(should) > 20
        }

    # --- what a person approved in a held run

    def settle(self, plan: Plan, run: UUID, alarms: set[str], *, additions_only: bool) -> None:
        """After `apply`: what was approved holds no later run for the same students."""
        approved: dict[str, set[int]] = {}
        if "errors" in alarms:
            approved["errors"] = plan.unusable
        if alarms & {"leavers", "overlap", "vanished"} and not additions_only:
            approved["leavers"] = self._still_missing(plan)
        for guard, keys in approved.items():
            for key in keys:
                self.settled[guard].setdefault(key, run)

    def unsettle(self, run: UUID, student: int | None) -> None:
        """After undoing a run, or what it did to one student: what it settled is asked again."""
        for guard, settled in self.settled.items():
            self.settled[guard] = {
                key: by
                for key, by in settled.items()
                if by != run or (student is not None and key != student)
            }

    def _still_missing(self, plan: Plan) -> set[int]:
        return {key for key in plan.missing if self.accounts[key].status == "active"}

    def _forget(self, lasting: Mapping[str, set[int]]) -> None:
        """Keep what is settled only for accounts of which the reason lasts."""
        for guard, keys in lasting.items():
            settled = self.settled[guard]
            self.settled[guard] = {key: run for key, run in settled.items() if key in keys}
