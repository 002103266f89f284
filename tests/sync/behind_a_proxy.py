"""A SIS behind a proxy, and a school that has read it once: for the tests of hostile answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from rollbook.config import config
from rollbook.schools.models import School
from rollbook.sources.veracross_api import DataApi
from rollbook.standins import powerschool, veracross
from rollbook.standins.faults import Fault
from rollbook.standins.messages import Request, Response
from rollbook.standins.rows import rows_of
from rollbook.standins.standin import StandIn
from rollbook.sync.models import Integration, RunState
from rollbook.sync.planning import reading
from rollbook.sync.setup import integrations
from rollbook.sync.setup.bounds import bounds
from tests.proxy import Proxy
from tests.sources.contract_cases import size_for
from tests.sync.test_pipeline import complete, held, sync

PAGE = 10
GRADES = list(range(13))
Row = dict[str, Any]


class Spoiled:
    """A vendor whose lists of students are changed on their way out: `change` returns the rows."""

    def __init__(self, vendor: Any, change: Callable[[list[Row]], list[Row] | None]) -> None:
        self._vendor, self._change = vendor, change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vendor, name)

    def handle(self, request: Request) -> Response:
        response: Response = self._vendor.handle(request)
        if response.status != 200 or not request.path.endswith(("/student", "/students")):
            return response
        document = response.document()
        rows = rows_of(document)
        if rows:
            rows.replace(self._change(list(rows)) or rows)
        return response.holding(document)


@dataclass
class Sis:
    """One SIS behind the proxy, and the school that reads it."""

    name: str
    standin: StandIn
    proxy: Proxy
    integration: Integration
    optional: str  # a field that may be left out, as the SIS calls it
    holder: str  # what holds the e-mail
    forbid: Fault

    def complete(self) -> dict[str, tuple[str, str, str, int]]:
        return complete(self.standin, set(GRADES))

    def spoil(self, change: Callable[[list[Row]], list[Row] | None]) -> None:
        self.standin.vendor = Spoiled(self.standin.vendor, change)

    def one(self, at: int = 3) -> str:
        """The SIS ID of one student who is held."""
        return sorted(self.complete())[at]

    def others(self, *but: str) -> dict[str, tuple[str, str, str, int]]:
        return {sis_id: values for sis_id, values in self.complete().items() if sis_id not in but}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few tries, short waits and low bounds, so that a run that fails does so in seconds."""
    monkeypatch.setattr(reading, "bounds", lambda: replace(bounds(), first_wait_seconds=0.01))
    monkeypatch.setattr(config, "tries", 3)
    monkeypatch.setattr(config, "request_seconds", 10.0)
    monkeypatch.setattr(config, "retry_after_seconds", 3.0)
    monkeypatch.setattr(config, "pages", 30)
    monkeypatch.setattr(DataApi, "page_size", PAGE)


def connected(school: School, name: str, standin: StandIn, address: str) -> Integration:
    given = {
        "user_name": standin.client_id,
        "password": standin.client_secret,
        "client": f"{address}/exs",
    }
    if name == "powerschool":
        given = {
            "client_id": standin.client_id,
            "client_secret": standin.client_secret,
            "client_url": address,
        }
    return integrations.save_connection(
        school,
        None,
        integrations.ConnectionSettings(
            source=name,
            variant="v3" if name == "veracross" else "",
            choices={},
            credentials=given,
            grades=GRADES,
            active=True,
            test_run=False,
            notify_on_errors=True,
        ),
    )


def served(name: str) -> StandIn:
    """Four pages, and one student on a fifth: PowerSchool sends that one without a list."""
    size = size_for(4 * PAGE + 1)
    if name == "powerschool":
        return powerschool.serve(students=size, seed=7, clean=True, page_size_max=PAGE)
    return veracross.serve(students=size, seed=7, clean=True, quota=100_000)


@pytest.fixture(params=["powerschool", "veracross"])
def sis(request: pytest.FixtureRequest, school: School) -> Iterator[Sis]:
    name = request.param
    with served(name) as standin, Proxy(standin.url) as proxy:
        integration = connected(school, name, standin, proxy.url)
        assert sync(integration).state == RunState.DONE
        assert held() == complete(standin, set(GRADES)) and len(held()) > 3 * PAGE
        standin.week = (
            2  # from here on there is something to apply, so that applying nothing can be seen
        )
        yield Sis(
            name,
            standin,
            proxy,
            integration,
            optional="demographics.gender" if name == "powerschool" else "gender",
            holder="contact_info" if name == "powerschool" else "email_1",
            forbid=Fault("access_level" if name == "powerschool" else "missing_scope"),
        )
