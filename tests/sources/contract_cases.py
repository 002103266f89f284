"""The sources and variants that the contract is tested on. A new source is one more CASES row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from rollbook.sources import powerschool as powerschool_source
from rollbook.sources import veracross as veracross_source
from rollbook.sources.base import Connection, Page, Source, Variant
from rollbook.sources.veracross_api import DataApi, LegacyApi
from rollbook.standins import people, powerschool, veracross
from rollbook.standins.faults import Fault
from rollbook.standins.roster import Known
from rollbook.standins.standin import StandIn
from tests.sources.loopback import QUICK, Tokens

SEED = 7
PAGE = 10  # students on a page: so small that few students make many pages
STUDENTS = 2 * PAGE + 5

Record = dict[str, Any]


@dataclass
class Reading:
    """One conversation of a case with its stand-in: the connection, and how long it waited."""

    connection: Connection
    pages: Callable[..., Iterator[Page]]
    fields: frozenset[str]
    waits: list[float] = field(default_factory=list)

    def __iter__(self) -> Iterator[Page]:
        return self.pages(self.connection, self.fields, pause=self.waits.append)

    def records(self) -> list[Record]:
        return [record for page in self for record in page.records]


@dataclass(frozen=True)
class Case:
    """One variant of a source.

    `credentials` are made from a running stand-in, `secret` is the key of the secret among them.
    `forbid` is the fault that takes a right away.
    """

    name: str
    source: Source
    variant_key: str
    serve: Callable[..., StandIn]
    pages: Callable[..., Iterator[Page]]
    id_field: str
    email_holder: str  # what a stand-in drops when e-mails aren't sent any more
    email_field: str
    secret: str  # the key of the secret
    credentials: Callable[[Any], dict[str, str]]
    forbid: Fault
    odd_status: Callable[[StandIn], None]
    shrink: Callable[[pytest.MonkeyPatch], None]
    tokens: bool = True
    states_total: bool = True
    total_path: str = ""  # of the requests that state the total; "" is every list

    def __str__(self) -> str:
        return self.name

    @property
    def variant(self) -> Variant:
        return self.source.variant(self.variant_key)

    @property
    def mapped(self) -> frozenset[str]:
        return frozenset(row.source_field for row in self.variant.mapping) | {
            self.source.grade_field
        }

    def start(self, active: int, **more: Any) -> StandIn:
        """A stand-in with exactly so many active students."""
        return self.serve(students=size_for(active), seed=SEED, clean=True, **more)

    def read(
        self,
        standin: StandIn,
        fields: frozenset[str] | None = None,
        secret: str = "",
        **bounds: Any,
    ) -> Reading:
        credentials = self.credentials(standin) | ({self.secret: secret} if secret else {})
        limits = replace(QUICK, **{"first_wait_seconds": 0.01, **bounds})
        connection = Connection(credentials, {}, self.variant_key, Tokens(), limits)
        return Reading(connection, self.pages, self.mapped if fields is None else fields)

    def ids(self, records: list[Record]) -> list[int]:
        return [record[self.id_field] for record in records]

    def sign_ins(self, standin: StandIn) -> int:
        return sum("/oauth/" in asked.path for asked in standin.requests)


def size_for(active: int) -> int:
    """Return how many students a roster needs so that this many of them are active."""
    number, active_students = 0, 0
    while active_students < active:
        number += 1
        active_students += people.brief(SEED, number).enroll_status == people.ACTIVE
    return number


_rosters: WeakKeyDictionary[StandIn, tuple[int, list[Known]]] = WeakKeyDictionary()


def roster(standin: StandIn) -> list[Known]:
    """Return all students of a stand-in; they are made again only after one was changed."""
    version = standin.vendor.roster.version
    made = _rosters.get(standin)
    if made is None or made[0] != version:
        made = _rosters[standin] = (version, standin.roster())
    return made[1]


def truth(standin: StandIn) -> list[int]:
    """Return the ids of the students that every source has to read."""
    return [known.dcid for known in roster(standin) if known.enroll_status == people.ACTIVE]


def _odd_powerschool_status(standin: StandIn) -> None:
    """Give a student an unknown status. PowerSchool itself picks the active students."""
    standin.edit(truth(standin)[3], enroll_status=9)


def _odd_veracross_status(standin: StandIn) -> None:
    standin.faults = [Fault("unknown_code", field="enrollment_status")]


def _shrink_veracross(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DataApi, "page_size", PAGE)
    monkeypatch.setattr(LegacyApi, "page_size", PAGE)


CASES = [
    Case(
        name="powerschool",
        source=powerschool_source.SOURCE,
        variant_key="",
        serve=partial(powerschool.serve, page_size_max=PAGE),
        pages=powerschool_source.pages,
        id_field="id",
        email_holder="contact_info",
        email_field="email",
        secret="client_secret",
        credentials=lambda standin: {
            "client_id": standin.client_id,
            "client_secret": standin.client_secret,
            "client_url": standin.url,
        },
        forbid=Fault("access_level"),
        odd_status=_odd_powerschool_status,
        shrink=lambda monkeypatch: None,
        total_path="*/count",
    ),
    Case(
        name="veracross-v3",
        source=veracross_source.SOURCE,
        variant_key="v3",
        serve=partial(veracross.serve, quota=100_000),
        pages=veracross_source.pages,
        id_field="person_pk",
        email_holder="email_1",
        email_field="email_1",
        secret="password",
        credentials=lambda standin: {
            "user_name": standin.client_id,
            "password": standin.client_secret,
            "client": standin.address,
        },
        forbid=Fault("missing_scope"),
        odd_status=_odd_veracross_status,
        shrink=_shrink_veracross,
        states_total=False,
    ),
    Case(
        name="veracross-v2",
        source=veracross_source.SOURCE,
        variant_key="v2",
        serve=partial(veracross.serve, quota=100_000),
        pages=veracross_source.pages,
        id_field="person_pk",
        email_holder="email_1",
        email_field="email_1",
        secret="password",
        credentials=lambda standin: {
            "user_name": standin.user_name,
            "password": standin.password,
            "client": standin.address,
        },
        forbid=Fault("forbidden"),
        odd_status=_odd_veracross_status,
        shrink=_shrink_veracross,
        tokens=False,
    ),
]

with_total = pytest.mark.parametrize(
    "case", [case for case in CASES if case.states_total], indirect=True, ids=str
)
with_tokens = pytest.mark.parametrize(
    "case", [case for case in CASES if case.tokens], indirect=True, ids=str
)
