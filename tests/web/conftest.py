"""People with a browser, and a connected SIS that nobody talks to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from rollbook.schools.models import Membership, School, User
from rollbook.sync.models import Integration, Mode, Run, RunState, Trigger
from rollbook.sync.setup import integrations

SECRET = "never-to-be-seen-again"


@pytest.fixture(autouse=True)
def static_root() -> None:
    """Without the folder of collected files WhiteNoise warns, and warnings are errors here."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def admin(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


@pytest.fixture
def counselor_client(counselor: User) -> Client:
    browser = Client()
    browser.force_login(counselor)
    return browser


@pytest.fixture
def elsewhere(db: None) -> Client:
    """Signed in, and an owner, but of another school."""
    other = School.objects.create(name="Other School")
    user = User.objects.create_user("otto@other.example", "Otto Other")
    Membership.objects.create(school=other, user=user, role="owner")
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def connected(school: School, administrator: User) -> Integration:
    return integrations.save_connection(
        school,
        administrator,
        integrations.ConnectionSettings(
            source="powerschool",
            variant="",
            choices={},
            credentials={
                "client_id": "our-id",
                "client_secret": SECRET,
                "client_url": "https://ps.lincoln.example",
            },
            grades=[9, 10],
            active=True,
            test_run=True,
            notify_on_errors=True,
        ),
    )


MakeRun = Callable[..., Run]


@pytest.fixture
def make_run(connected: Integration, administrator: User) -> MakeRun:
    """Makes a run in any state, without doing it."""

    def make(state: RunState = RunState.DONE, mode: Mode = Mode.LIVE, **columns: Any) -> Run:
        return Run.objects.create(
            school=connected.school,
            integration=connected,
            source=connected.source,
            mode=mode,
            trigger=Trigger.PERSON,
            requested_by=administrator,
            state=state,
            **columns,
        )

    return make
