"""Linking a school with thousands of accounts: proposed, confirmed, linked by the next run."""

import os
from collections.abc import Iterator
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rollbook.schools.models import School, User
from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration, LinkDecision, LinkProposal, Mode, RunState
from rollbook.sync.setup import integrations, link_decisions
from tests.sync.test_linking import students_of
from tests.sync.test_pipeline import sync
from tests.web.conftest import admin, static_root

__all__ = ["admin", "static_root"]
pytestmark = [pytest.mark.slow, pytest.mark.django_db]

# Of whom about a third are in grades 9 to 12.
STUDENTS = int(os.environ.get("LINKING_STUDENTS", "3000"))


@pytest.fixture
def large() -> Iterator[StandIn]:
    with powerschool.serve(students=STUDENTS, seed=7) as running:
        yield running


@pytest.fixture
def connected(school: School, administrator: User, large: StandIn) -> Integration:
    credentials = {
        "client_id": large.client_id,
        "client_secret": large.client_secret,
        "client_url": large.url,
    }
    return integrations.save_connection(
        school,
        administrator,
        integrations.ConnectionSettings(
            source="powerschool",
            variant="",
            choices={},
            credentials=credentials,
            grades=[9, 10, 11, 12],
            active=True,
            test_run=False,
            notify_on_errors=False,
        ),
    )


def test_thousands_of_accounts_are_linked_without_a_query_for_each(
    connected: Integration, large: StandIn, admin: Client
) -> None:
    students = students_of(large)
    half = len(students) // 2
    StudentAccount.objects.bulk_create(
        StudentAccount(
            school=connected.school,
            email=(address := each.email if number < half else f"old{number}@elsewhere.example"),
            email_key=address.lower(),
            first_name=each.first_name,
            last_name=each.last_name,
            birth_date=date.fromisoformat(each.birth_date),
        )
        for number, each in enumerate(students)
    )
    with CaptureQueriesContext(connection) as asked:
        assert sync(connected, Mode.TEST).state == RunState.DONE
    assert len(asked) < 140 + STUDENTS // 100
    proposed = LinkProposal.objects.count()
    assert proposed >= len(students) * 0.95
    with CaptureQueriesContext(connection) as asked:
        page = admin.get(reverse("links", args=[connected.school_id]))
    assert page.status_code == 200 and len(asked) < 25

    exact = link_decisions.confirm_exact(connected.school, None, None)
    assert exact >= half * 0.95 and LinkDecision.objects.count() == exact
    for clash in link_decisions.undecided(connected.school).exclude(clash=""):
        link_decisions.reject(clash, None)
    by_hand = list(link_decisions.undecided(connected.school)[:50])
    assert len(by_hand) > 20
    for each in by_hand:
        link_decisions.confirm(each, None)
    run = sync(connected)
    assert run.state == RunState.DONE
    assert run.counts["linked"] >= exact + len(by_hand)
    assert run.counts.get("new", 0) <= len(students) * 0.05
    assert sync(connected).counts.get("linked", 0) == 0
