"""Rows that an earlier version wrote, after the migrations that carry them over."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.sync.models import Run, RunState
from tests.sync.report_runs import a_run

pytestmark = pytest.mark.django_db

ALARM = {"code": "roster_empty", "numbers": {"accounts": 3}}
approvals = import_module("rollbook.sync.migrations.0016_carry_approvals_over")


@pytest.fixture
def old_run(school: School, administrator: User) -> Run:
    """A run that was held and approved when approving still emptied the alarms."""
    settings = {"grades": [9], "held_for": [ALARM], "approved": "additions"}
    run = a_run(school, state=RunState.DONE, settings=settings)
    audit.record("run.approved", school=school, actor=administrator, subject=str(run.pk))
    return run


def test_an_approval_says_who_and_when_and_the_run_why_it_was_held(
    old_run: Run, administrator: User
) -> None:
    approvals.carry_over(apps, connection.schema_editor())
    old_run.refresh_from_db()
    assert (old_run.alarms, old_run.settings) == ([ALARM], {"grades": [9]})
    assert (old_run.approved_by, old_run.approved_additions_only) == (administrator, True)
    assert old_run.approved_at is not None


def test_an_approval_can_be_carried_back(old_run: Run) -> None:
    before = old_run.settings
    approvals.carry_over(apps, connection.schema_editor())
    approvals.put_back(apps, connection.schema_editor())
    old_run.refresh_from_db()
    assert (old_run.alarms, old_run.settings) == ([], before)


def test_a_run_that_nobody_approved_stays_as_it_was(school: School) -> None:
    run = a_run(school, state=RunState.ON_HOLD, alarms=[ALARM])
    approvals.carry_over(apps, connection.schema_editor())
    run.refresh_from_db()
    assert (run.alarms, run.approved_at) == ([ALARM], None)
