"""Runs, accounts and leavers for the tests of rules."""

from rollbook.standins.standin import StandIn
from rollbook.students.models import (
    StudentAccount,
)
from rollbook.sync import pipeline
from rollbook.sync.models import Integration, Mode, Run, RunState, Trigger
from rollbook.sync.runs import requests
from rollbook.sync.setup import field_rules


def sync(integration: Integration, mode: Mode | None = None) -> Run:
    run = requests.request(integration, trigger=Trigger.PERSON, mode=mode).run
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE, (run.state, run.error_what)
    return run


def some(number: int = 1) -> list[StudentAccount]:
    return list(StudentAccount.objects.order_by("sis_id")[:number])


def set_leavers(
    integration: Integration,
    runs: int = 2,
    days: int = 0,
    policy: str = "deactivate",
    rollover: str = "07-01",
) -> None:
    field_rules.save_leavers(
        integration,
        None,
        field_rules.LeaversPolicy(policy=policy, runs=runs, days=days, rollover=rollover),
    )


def send_away(standin: StandIn, account: StudentAccount, status: int = 2) -> None:
    assert account.sis_id
    standin.edit(int(account.sis_id), enroll_status=status)
