"""The stand-ins that the contract of sources is tested on."""

from collections.abc import Iterator

import pytest

from rollbook.standins.standin import StandIn
from tests.sources.contract_cases import CASES, STUDENTS, Case
from tests.sources.loopback import wait_until_idle


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    chosen: Case = request.param
    chosen.shrink(monkeypatch)
    return chosen


@pytest.fixture(scope="session")
def standins() -> Iterator[dict[str, StandIn]]:
    """One for each case; tests that change students start one of their own."""
    running = {case.name: case.start(STUDENTS) for case in CASES}
    yield running
    for standin in running.values():
        standin.stop()


@pytest.fixture
def standin(case: Case, standins: dict[str, StandIn]) -> StandIn:
    shared = standins[case.name]
    shared.faults = []
    wait_until_idle(shared)
    shared.requests.clear()
    return shared


@pytest.fixture
def own_standin(case: Case) -> Iterator[StandIn]:
    with case.start(STUDENTS) as running:
        yield running
