"""What all tests share: the database (see `tests.database`), a school with people, a connected stand-in, real processes."""

import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import database, processes

if TYPE_CHECKING:
    from rollbook.schools.models import School, User
    from rollbook.standins.standin import StandIn
    from rollbook.sync.models import Integration

_MADE = pytest.StashKey[bool]()
PASSWORD = "only for tests, 12 or more"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before pytest-django loads the settings."""
    config.stash[_MADE] = database.prepare_environment()
    sys.addaudithook(_stay_on_this_machine)
    from django.conf import settings

    assert settings.ROOT_URLCONF  # loads them, so that pytest-django sets Django up


def _stay_on_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse connections of the test process that leave the machine: no test may depend on one."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise PermissionError(f"a test tried to connect to {host}")


def pytest_unconfigure(config: pytest.Config) -> None:
    if config.stash[_MADE]:
        database.remove()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> None:
    """In place of pytest-django's own: the app role can neither create databases nor empty tables."""
    from django.contrib.auth.hashers import PBKDF2PasswordHasher
    from django.test import TransactionTestCase

    with django_db_blocker.unblock():
        address = database.clone()
        database.use(address)
    setattr(TransactionTestCase, "_fixture_teardown", lambda case: database.clean(address))  # noqa: B010 - the stubs don't know it
    PBKDF2PasswordHasher.iterations = (
        1  # any process can check such a password, and it costs nothing
    )


@pytest.fixture
def school(db: None) -> "School":
    from rollbook.schools.models import School

    return School.objects.create(name="Lincoln High School", timezone="America/New_York")


def _person(school: "School", email: str, name: str, role: str) -> "User":
    from rollbook.schools.models import Membership, User

    user = User.objects.create_user(email, name, PASSWORD)
    Membership.objects.create(school=school, user=user, role=role)
    return user


@pytest.fixture
def administrator(school: "School") -> "User":
    return _person(school, "ada@lincoln.example", "Ada Admin", "administrator")


@pytest.fixture
def counselor(school: "School") -> "User":
    return _person(school, "cora@lincoln.example", "Cora Counselor", "counselor")


@pytest.fixture
def password() -> str:
    """Of every person that the fixtures make."""
    return PASSWORD


@pytest.fixture
def standin() -> "Iterator[StandIn]":
    """A PowerSchool with 80 students, kindergarten to grade 12."""
    from rollbook.standins import powerschool

    with powerschool.serve(students=80, seed=7) as running:
        yield running


def connected(school: "School", by: "User | None", sis: "StandIn", **more: Any) -> "Integration":
    """PowerSchool, connected to a stand-in: grades 9 to 12 and live, unless `more` says otherwise."""
    from rollbook.sync.setup import integrations

    secrets = {
        "client_id": sis.client_id,
        "client_secret": sis.client_secret,
        "client_url": sis.url,
    }
    usual: dict[str, Any] = {
        "grades": [9, 10, 11, 12],
        "active": True,
        "test_run": False,
        "notify_on_errors": True,
    }
    named: dict[str, Any] = {
        "source": "powerschool",
        "variant": "",
        "choices": {},
        "credentials": secrets,
    }
    return integrations.save_connection(school, by, **named | usual | more)


@pytest.fixture
def integration(school: "School", administrator: "User", standin: "StandIn") -> "Integration":
    """PowerSchool, connected to the stand-in: grades 9 to 12, live."""
    return connected(school, administrator, standin)


@pytest.fixture
def worker(transactional_db: None, tmp_path: Path) -> Iterator[processes.Started]:
    """A real worker process on the test's database."""
    log = tmp_path / "worker.log"
    with processes.rollbook(
        "worker", log=log, ready=lambda started: "worker is ready" in started.output
    ) as started:
        yield started


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[processes.Started]:
    """A real web server on the test's database; its address is `url`."""
    port = processes.free_port()
    url, log = f"http://127.0.0.1:{port}", tmp_path / "web.log"
    settings = {"ROLLBOOK_PUBLIC_URL": url, "ROLLBOOK_CAUGHT_MAIL_DIR": str(tmp_path / "mail")}
    with processes.rollbook(
        "web",
        "--port",
        str(port),
        log=log,
        url=url,
        ready=lambda _: processes.answers(port),
        **settings,
    ) as started:
        yield started
