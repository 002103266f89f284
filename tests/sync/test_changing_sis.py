"""A school that changes its SIS: the same people, under other SIS IDs of another source."""

from collections.abc import Iterator
from typing import Any

import pytest

from rollbook.schools.models import School, User
from rollbook.standins import veracross
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Integration, Issue, LinkProposal, Run, RunState, Trigger
from rollbook.sync.runs import decisions, requests
from rollbook.sync.setup import integrations
from tests.sync.test_undo import sync, undone

pytestmark = pytest.mark.django_db


@pytest.fixture
def new_sis(standin: StandIn) -> Iterator[Any]:
    """A Veracross with the people of the PowerSchool, as they are now."""
    with veracross.serve(students=80, seed=7, clean=True) as running:
        yield running


def connected(school: School, by: User, sis: Any) -> Integration:
    return integrations.save_connection(
        school,
        by,
        integrations.ConnectionSettings(
            source="veracross",
            variant="v3",
            choices={},
            credentials={
                "user_name": sis.client_id,
                "password": sis.client_secret,
                "client": sis.address,
            },
            grades=[9, 10, 11, 12],
            active=True,
            test_run=False,
            notify_on_errors=False,
        ),
    )


def first_run(integration: Integration) -> Run:
    run = requests.request(integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    return run


def links() -> dict[str, tuple[str, str | None]]:
    return {one.email: (one.source, one.sis_id) for one in StudentAccount.objects.all()}


def test_the_accounts_of_an_inactive_sis_move_in_one_held_run_that_can_be_undone(
    school: School, administrator: User, integration: Integration, new_sis: Any
) -> None:
    sync(integration)
    before = links()
    Integration.objects.filter(pk=integration.pk).update(active=False)
    run = first_run(connected(school, administrator, new_sis))
    assert run.state == RunState.ON_HOLD, run.error_what
    assert [alarm["code"] for alarm in run.alarms] == ["moved"]
    number = run.alarms[0]["numbers"]["moved"]
    assert number >= len(before) * 0.9 and links() == before
    assert decisions.approve(run, administrator, additions_only=True)
    pipeline.run_sync(run.pk)
    assert {email: link for email, link in links().items() if email in before} == before

    run = first_run(Integration.objects.get(source="veracross"))  # the moves are still undecided
    assert [alarm["code"] for alarm in run.alarms] == ["moved"]
    assert run.counts.get("new", 0) + number >= len(before)

    assert decisions.approve(run, administrator)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE
    moved = [email for email, link in links().items() if link[0] == "veracross" and email in before]
    assert len(moved) == number

    undone(run)
    assert {email: link for email, link in links().items() if email in before} == before


def test_beside_an_active_sis_nobody_moves_and_links_are_proposed(
    school: School, administrator: User, integration: Integration, new_sis: Any
) -> None:
    sync(integration)
    before = links()
    run = first_run(connected(school, administrator, new_sis))
    assert not any(alarm["code"] == "moved" for alarm in run.alarms)
    assert not Issue.objects.filter(run=run, code="email_taken").exists()
    assert LinkProposal.objects.filter(run=run).count() >= len(before) * 0.9
    assert {email: link for email, link in links().items() if email in before} == before
