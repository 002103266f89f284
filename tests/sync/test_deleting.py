"""Deleting a school: nothing of it is left but its name and the audit log."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.models.functions import Now
from procrastinate.contrib.django.models import ProcrastinateJob

from rollbook.schools.models import AuditEntry, Membership, School, User
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.students.protection import protect
from rollbook.sync import deleting, pipeline
from rollbook.sync.models import Integration, Trigger
from rollbook.sync.refusals import RunRefused, SettingRefused
from rollbook.sync.report import files
from rollbook.sync.runs import requests
from rollbook.sync.store.school_rows import APPS, tables_of_schools
from tests.sync.test_pipeline import sync
from tests.sync.test_uploads import ADA, csv_of, previewed


def left(school: School) -> dict[str, int]:
    """How many rows each table has of a school; only tables that have some."""
    numbers = {
        model.__name__: model._base_manager.filter(school=school).count()
        for label in APPS
        for model in apps.get_app_config(label).get_models()
        if "school" in {field.name for field in model._meta.get_fields()}
    }
    return {name: number for name, number in numbers.items() if number}


def end_leases(school: School) -> None:
    long_ago = Now() - timedelta(hours=1)
    School.with_deleted.filter(pk=school.pk).update(deletion_requested_at=long_ago)


def test_tables_that_refer_to_others_come_first() -> None:
    tables = list(tables_of_schools())
    for at, model in enumerate(tables):
        targets = {field.related_model for field in model._meta.concrete_fields}
        assert not targets & set(tables[:at]) - {model}, model


def test_every_table_with_a_reference_to_a_school_is_deleted_from() -> None:
    """A table that belongs to a school under another name would keep its rows."""
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            if model in (AuditEntry, School):
                continue
            to_school = [
                field.name
                for field in model._meta.concrete_fields
                if isinstance(field, models.ForeignKey) and field.related_model is School
            ]
            assert to_school in (["school"], []), model
            of_school = model in set(tables_of_schools())
            assert of_school == bool(to_school)


@pytest.mark.django_db
def test_everything_of_the_school_goes_and_nothing_of_another(
    integration: Integration, administrator: User
) -> None:
    school = integration.school
    sync(integration)
    run = sync(integration)
    files.request_report(run, administrator, "web")
    previewed(school, administrator, csv_of(ADA))
    protect(StudentAccount.objects.filter(school=school)[0], administrator)
    other = School.objects.create(name="Other School")
    StudentAccount.objects.create(
        school=other, first_name="A", last_name="B", email="a@b.example", email_key="a@b.example"
    )
    audited = AuditEntry.objects.filter(school=school).count()
    with pytest.raises(SettingRefused):
        deleting.request(school, administrator, "Lincoln")
    assert Membership.objects.filter(school=school).exists()

    deleting.request(school, administrator, " Lincoln  High School ")
    assert not School.objects.filter(pk=school.pk).exists()
    assert not Membership.objects.filter(school=school).exists()
    integration.refresh_from_db()
    with pytest.raises(RunRefused):
        requests.request(integration, trigger=Trigger.PERSON)
    assert deleting.delete_rows(school.pk) > 50
    assert left(school).keys() == {"AuditEntry"}
    assert StudentAccount.objects.filter(school=other).count() == 1
    assert (
        not ProcrastinateJob.objects.filter(status="todo")
        .exclude(task_name="delete_school")
        .exists()
    )

    deleting.delete_rows(school.pk)
    deleted = School.with_deleted.get(pk=school.pk)
    assert deleted.deleted_at is None, "a worker may still store a page"
    end_leases(school)
    deleting.delete_rows(school.pk)
    deleted.refresh_from_db()
    assert deleted.deleted_at is not None
    assert AuditEntry.objects.filter(school=school).count() == audited + 2
    assert {"school.deletion_requested", "school.deleted"} <= set(
        AuditEntry.objects.filter(school=school).values_list("action", flat=True)
    )


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_at_work_writes_nothing_more(
    integration: Integration, standin: StandIn
) -> None:
    school = integration.school
    standin.faults = [Fault("hold", page=1, release="page")]
    run = requests.request(integration, trigger=Trigger.PERSON).run

    def work() -> None:
        pipeline.run_sync(run.pk)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    while not standin.holding:
        worker.join(0.05)
    deleting.request(school, None, school.name)
    deleting.delete_rows(school.pk)
    standin.release("page")
    worker.join()
    end_leases(school)
    deleting.delete_rows(school.pk)
    assert left(school).keys() == {"AuditEntry"}
    deleting.delete_rows(school.pk)
    assert School.with_deleted.get(pk=school.pk).deleted_at is not None


@pytest.mark.django_db
def test_a_name_is_free_again(school: School) -> None:
    deleting.request(school, None, school.name)
    again: Any = School.objects.create(name=school.name)
    assert list(School.objects.all()) == [again]
