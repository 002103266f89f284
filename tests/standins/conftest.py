"""One stand-in for the tests that only read, and a way to start others."""

from collections.abc import Iterator

import pytest

from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from tests.standins.client import Client


@pytest.fixture(scope="session")
def school() -> Iterator[Client]:
    """250 students, without flaws of the roster's own. Tests only read from it."""
    with powerschool.serve(students=250, seed=7, clean=True) as standin:
        yield Client(standin)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """250 students, for tests that change something."""
    with powerschool.serve(students=250, seed=7, clean=True) as running:
        yield running


@pytest.fixture
def own(standin: StandIn) -> Client:
    """A client of the stand-in that may be changed."""
    return Client(standin)
