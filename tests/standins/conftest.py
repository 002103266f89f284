"""One stand-in for tests that only read, and others for tests that change it."""

from collections.abc import Iterator

import pytest

from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from tests.standins.client import Client


@pytest.fixture(scope="session")
def school() -> Iterator[Client]:
    """250 students without flaws, for tests that only read."""
    with powerschool.serve(students=250, seed=7, clean=True) as standin:
        yield Client(standin)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """250 students, for tests that change something."""
    with powerschool.serve(students=250, seed=7, clean=True) as running:
        yield running


@pytest.fixture
def own(standin: StandIn) -> Client:
    """A client of a stand-in that the test may change."""
    return Client(standin)
