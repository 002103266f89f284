"""What several tests of sync share: a school with two SISs of the same people, and a mail."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rollbook.schools.models import School, User
from rollbook.standins import veracross
from rollbook.standins.standin import StandIn
from rollbook.sync.mail import notices
from rollbook.sync.models import Integration, Notice, Run, RunState, Trigger
from rollbook.sync.planning import reading
from rollbook.sync.setup import link_decisions
from rollbook.sync.setup.bounds import bounds
from tests.sync.test_changing_sis import connected
from tests.sync.test_undo import sync


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs ask a silent SIS again at once: a test's run loses its lease in two seconds."""
    monkeypatch.setattr(reading, "bounds", lambda: replace(bounds(), first_wait_seconds=0.01))


@pytest.fixture
def notice(integration: Integration, administrator: User) -> Notice:
    """The mail about a run that failed, to the administrator."""
    run = Run.objects.create(
        school=integration.school,
        integration=integration,
        source="powerschool",
        mode="live",
        trigger=Trigger.SCHEDULE,
        state=RunState.FAILED,
        error_code="sis_down",
    )
    notices.announce(run)
    return Notice.objects.get()


@pytest.fixture
def other_sis(standin: StandIn) -> Iterator[StandIn]:
    """A Veracross with the people of the PowerSchool, as they are now."""
    with veracross.serve(students=80, seed=7, clean=True) as running:
        yield running


@pytest.fixture
def second(
    school: School, administrator: User, integration: Integration, other_sis: StandIn
) -> Integration:
    """Veracross beside PowerSchool, whose accounts are there; nobody is linked to both yet."""
    sync(integration)
    return connected(school, administrator, other_sis)


@pytest.fixture
def both(school: School, administrator: User, second: Integration) -> Integration:
    """Veracross, linked to all students that PowerSchool has."""
    sync(second)
    assert link_decisions.confirm_exact(school, "veracross", administrator)
    sync(second)
    return second
