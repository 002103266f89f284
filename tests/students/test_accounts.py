"""Deactivating and reactivating: once, for one school, with history, respected by runs."""

from typing import TYPE_CHECKING

import pytest

from rollbook.schools.models import AuditEntry, School, User
from rollbook.students import accounts
from rollbook.students.models import AccountEvent, AccountStatus, StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Integration, Run, RunState, Trigger
from rollbook.sync.report import student_history, student_values
from rollbook.sync.runs import requests
from tests.students.conftest import MakeStudent

if TYPE_CHECKING:
    from rollbook.standins.standin import StandIn

pytestmark = pytest.mark.django_db


def sync(integration: Integration) -> Run:
    run = requests.request(integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE
    return run


def test_a_deactivated_account_keeps_its_values_and_says_who_closed_it(
    make_student: MakeStudent, administrator: User
) -> None:
    account = make_student()
    assert accounts.deactivate(account.school, [account.pk], administrator) == 1
    account.refresh_from_db()
    assert (account.status, account.version, account.first_name) == (
        AccountStatus.DEACTIVATED,
        2,
        "Ada",
    )
    event = AccountEvent.objects.get()
    assert (event.action, event.actor, event.before, event.after) == (
        "deactivated",
        administrator,
        {"status": "active"},
        {"status": "deactivated"},
    )
    entry = AuditEntry.objects.get(action="students.deactivated")
    assert (entry.subject, entry.detail, entry.actor) == (
        str(account.pk),
        {"students": 1},
        administrator,
    )


def test_doing_it_twice_does_it_once(make_student: MakeStudent, administrator: User) -> None:
    account = make_student()
    assert [accounts.deactivate(account.school, [account.pk], administrator) for _ in range(2)] == [
        1,
        0,
    ]
    assert [accounts.reactivate(account.school, [account.pk], administrator) for _ in range(2)] == [
        1,
        0,
    ]
    account.refresh_from_db()
    assert (account.status, account.version) == (AccountStatus.ACTIVE, 3)
    assert AccountEvent.objects.count() == AuditEntry.objects.count() == 2


@pytest.mark.parametrize("status", ["deactivated", "left", "graduated"])
def test_whatever_closed_an_account_a_person_opens_it_again(
    make_student: MakeStudent, administrator: User, status: str
) -> None:
    account = make_student(status=status)
    assert accounts.reactivate(account.school, [account.pk], administrator) == 1
    assert AccountEvent.objects.get().before == {"status": status}


def test_many_are_written_in_parts_and_noted_as_one_deed(
    make_student: MakeStudent, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "CHUNK", 2)
    students = [make_student() for _ in range(5)]
    assert (
        accounts.deactivate(students[0].school, [each.pk for each in students], administrator) == 5
    )
    assert AuditEntry.objects.get().detail == {"students": 5}
    assert AccountEvent.objects.count() == 5


def test_another_schools_accounts_are_left_alone(
    make_student: MakeStudent, administrator: User
) -> None:
    account = make_student(school=School.objects.create(name="Other School"))
    assert (
        accounts.deactivate(
            School.objects.exclude(pk=account.school_id).get(), [account.pk], administrator
        )
        == 0
    )
    assert not AuditEntry.objects.exists()


def test_a_run_keeps_the_values_of_a_deactivated_account_in_step_and_leaves_it_deactivated(
    integration: Integration, standin: "StandIn", administrator: User
) -> None:
    sync(integration)
    account = StudentAccount.objects.order_by("pk")[0]
    name = account.first_name
    accounts.deactivate(integration.school, [account.pk], administrator)
    assert sync(integration).counts.get("updated", 0) == 0
    StudentAccount.objects.filter(pk=account.pk).update(first_name="Other", source_fingerprint=None)
    assert sync(integration).counts["updated"] == 1
    account.refresh_from_db()
    assert (account.first_name, account.status) == (name, AccountStatus.DEACTIVATED)
    kinds = [(entry.kind, bool(entry.run)) for entry in student_history.history(account)]
    assert kinds == [("updated", True), ("deactivated", False), ("new", True)]
    brought = {
        value.label: (value.text, value.origin, bool(value.run))
        for value in student_values.values(account)
    }
    assert brought["First name"] == (name, "PowerSchool", True)
    assert brought["Middle name"] == ("", "", False)


def test_a_plan_made_before_the_deed_is_overtaken(
    make_student: MakeStudent, administrator: User
) -> None:
    account = make_student()
    accounts.deactivate(account.school, [account.pk], administrator)
    assert not StudentAccount.objects.filter(pk=account.pk, version=account.version).exists()
