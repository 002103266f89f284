"""Fixtures that need Django: the database, a school and its people, integration, processes.

`tests/conftest.py` loads this module as a plugin once Django is set up.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import TransactionTestCase

from rollbook import scope
from rollbook.schools.models import Membership, School, User
from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from rollbook.sync.models import Integration
from tests import database, environment, processes
from tests.connecting import connected

PASSWORD = "only for tests, 12 or more"
# Tests that sync with a server, start processes or read screens of a real web server.
SLOW_FIXTURES = {"integration", "standin", "sis", "town", "worker", "web", "rollbook"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests as slow that use one of these fixtures; `make quick` leaves them out."""
    quick = (Path(__file__).parent / "standins", *environment.WITHOUT_DJANGO)
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & SLOW_FIXTURES and not any(item.path.is_relative_to(each) for each in quick):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> None:
    """Make the database of this process, instead of pytest-django's fixture.

    The app role can neither create databases nor empty tables.
    """
    with django_db_blocker.unblock():
        address = database.clone()
        database.use(address)
    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: database.clean(address))
    # Any process can check such a password, and it takes no time.
    PBKDF2PasswordHasher.iterations = 1


@pytest.fixture(autouse=True)
def open_scope() -> Iterator[None]:
    """Let a test itself see the rows of all schools; pages and jobs open their own scope."""
    with scope.of_installation(scope.Across.COMMAND):
        yield


@pytest.fixture
def school(db: None) -> School:
    return School.objects.create(name="Lincoln High School", timezone="America/New_York")


def _person(school: School, email: str, name: str, role: str) -> User:
    user = User.objects.create_user(email, name, PASSWORD)
    Membership.objects.create(school=school, user=user, role=role)
    return user


@pytest.fixture
def administrator(school: School) -> User:
    return _person(school, "ada@lincoln.example", "Ada Admin", "administrator")


@pytest.fixture
def counselor(school: School) -> User:
    return _person(school, "cora@lincoln.example", "Cora Counselor", "counselor")


@pytest.fixture
def password() -> str:
    """The password of every person that the fixtures make."""
    return PASSWORD


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """A PowerSchool with 80 students, kindergarten to grade 12."""
    with powerschool.serve(students=80, seed=7) as running:
        yield running


@pytest.fixture
def integration(school: School, administrator: User, standin: StandIn) -> Integration:
    """PowerSchool, connected to the stand-in: grades 9 to 12, live."""
    return connected(school, administrator, standin)


@pytest.fixture
def worker(transactional_db: None, tmp_path: Path) -> Iterator[processes.Started]:
    """A real worker process on the test's database."""
    log = tmp_path / "worker.log"
    with processes.rollbook("worker", log=log, ready=processes.worker_is_ready) as started:
        yield started


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[processes.Started]:
    """A real web server on the test's database; its address is `url`."""
    settings = {"ROLLBOOK_CAUGHT_MAIL_DIR": str(tmp_path / "mail")}
    with processes.web(log=tmp_path / "web.log", **settings) as started:
        yield started
