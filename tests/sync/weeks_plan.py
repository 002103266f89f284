"""The values of the weeks' model: what a SIS sends, an account, and the rows of a plan."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

FIELDS = (
    *("email", "first_name", "last_name", "graduation_year", "birth_date", "gender"),
    *("student_number", "home_room"),
)
MANY = 5  # more leavers than this hold a run; and more than this under new IDs are no chance
CLOSED_BY_RUNS = ("left", "graduated")

Record = Mapping[str, str]


class Roster(NamedTuple):
    """What the SIS sends: records of the chosen grades, those without an e-mail, all SIS IDs."""

    records: Mapping[str, Record]
    unreadable: frozenset[str]
    sent: frozenset[str]


@dataclass
class Account:
    """One account.

    `deeds` counts the edits by people and runs: a row that was planned before is overtaken.
    `missed` are the complete live runs in a row that lacked it.
    """

    sis_id: str
    values: dict[str, str]
    status: str = "active"
    locked: set[str] = field(default_factory=set)
    protected: bool = False
    missed: int = 0
    deeds: int = 0

    @property
    def address(self) -> str:
        return self.values["email"].lower()


class Row(NamedTuple):
    """One planned change. `after` is what is written, `key` the account's, also of a new one."""

    kind: str
    key: int
    sis_id: str
    before: dict[str, str]
    after: dict[str, str]
    deeds: int

    @property
    def address(self) -> str | None:
        return self.after["email"].lower() if "email" in self.after else None

    def addition_or_update(self) -> "Row | None":
        """Return what approving additions and updates only lets through: all but the e-mail."""
        if self.kind == "new":
            return self
        if self.kind in CLOSED_BY_RUNS or self.kind == "linked":
            return None
        after = {name: value for name, value in self.after.items() if name != "email"}
        before = {name: value for name, value in self.before.items() if name != "email"}
        return self._replace(before=before, after=after) if after else None


class Plan(NamedTuple):
    """All rows, the records that were put aside, and the open accounts that the roster lacks.

    `listed` are kind and SIS ID of those whose row is shown and changes nothing. `alarms` are those
    of the guards for names and errors that must hold the run; `unusable` are the accounts whose
    records have an error.
    """

    roster: Roster
    rows: list[Row]
    refused: set[str]
    missing: set[int]
    deeds: int
    only_adds: bool
    listed: set[tuple[str, str]]
    alarms: set[str]
    unusable: set[int]


def alike(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether the names are the same to a person."""
    return all(
        bare_name(one[name]) == bare_name(other[name]) for name in ("first_name", "last_name")
    )


def bare_name(name: str) -> str:
    return "".join(
        letter
        for letter in unicodedata.normalize("NFKD", name.casefold())
        if not unicodedata.combining(letter)
    )
