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
SIS = "powerschool"

Record = Mapping[str, str]


class Roster(NamedTuple):
    """What the SIS sends: records of the chosen grades, those without an e-mail, all SIS IDs."""

    records: Mapping[str, Record]
    unreadable: frozenset[str]
    sent: frozenset[str]


@dataclass
class Account:
    """One account.

    `source` is the SIS that it is linked to, if any. `deeds` counts the edits by people and runs: a
    row that was planned before is overtaken. `missed` are the complete live runs in a row that
    lacked it. `into` is the account it was merged into. `address` is the e-mail that nobody else
    can get, to be compared: "" once it was freed.
    """

    sis_id: str
    values: dict[str, str]
    source: str = ""
    status: str = "active"
    locked: set[str] = field(default_factory=set)
    protected: bool = False
    missed: int = 0
    deeds: int = 0
    into: int | None = None
    address: str = ""

    def __post_init__(self) -> None:
        self.address = self.values["email"].lower()

    @property
    def held(self) -> dict[str, str]:
        """All that a plan can write."""
        link = {"source": self.source, "sis_id": self.sis_id}
        return self.values | link | {"status": self.status, "address": self.address}

    @property
    def is_linked(self) -> bool:
        return self.source == SIS and bool(self.sis_id)


class Row(NamedTuple):
    """One planned change. `after` is what is written, `key` the account's, also of a new one.

    `number` is the row of a file. `namesakes` are the accounts that were like a new student when it
    was planned. `by_address` says that an e-mail and a name alone led to the account.
    """

    kind: str
    key: int
    sis_id: str
    before: dict[str, str]
    after: dict[str, str]
    deeds: int
    number: int | None = None
    namesakes: frozenset[tuple[int, int]] = frozenset()
    by_address: bool = False

    @property
    def address(self) -> str | None:
        return self.after.get("address")

    def addition_or_update(self) -> "Row | None":
        """Return what approving additions and updates only lets through: all but the e-mail."""
        if self.kind == "new":
            return self
        re_keyed = self.before.get("sis_id") not in (None, "", self.after.get("sis_id"))
        if self.kind in CLOSED_BY_RUNS or re_keyed:
            return None
        email = ("email", "address")
        after = {name: value for name, value in self.after.items() if name not in email}
        before = {name: value for name, value in self.before.items() if name not in email}
        return self._replace(before=before, after=after) if after else None

    @property
    def brings_in(self) -> bool:
        return self.kind == "new" or self.by_address


class Plan(NamedTuple):
    """All rows, the records that were put aside, and the open accounts that the roster lacks.

    `listed` are kind and SIS ID of those whose row is shown and changes nothing. `alarms` are those
    of the guards for names and errors that must hold the run; `unusable` are the accounts whose
    records have an error. `proposed` are the links that a person may decide about, pairs of a SIS
    ID and an account; `clashes` those that must be decided before the first live run.
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
    proposed: set[tuple[str, int]]
    clashes: set[tuple[str, int]]


class FilePlan(NamedTuple):
    """All rows of an upload's plan; the numbers of the file's rows with an error; the alarms.

    `listed` are kind and row number of those that are shown and change nothing.
    """

    rows: list[Row]
    refused: set[int]
    listed: set[tuple[str, int]]
    alarms: set[str]


def person_of(values: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return the name and the birth date as they are compared; None where one is unknown."""
    first, last, born = (values.get(name, "") for name in ("first_name", "last_name", "birth_date"))
    return (bare_name(first), bare_name(last), born) if first and last and born else None


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
