"""Never import by one click: from a problem, and from a new student of a plan."""

import html
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import AuditEntry
from rollbook.standins.standin import StandIn
from rollbook.students.models import NeverImport, StudentAccount
from rollbook.sync.models import Integration, Issue, Mode, Problem
from tests.sync.test_pipeline import sync

pytestmark = pytest.mark.django_db


def words(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def test_a_test_record_of_the_sis_is_put_aside_from_its_problem(
    admin: Client, counselor_client: Client, integration: Integration, standin: StandIn
) -> None:
    one = next(each for each in standin.roster() if each.enroll_status == 0 and each.grade_level == 9)
    standin.edit(one.dcid, email="")
    sync(integration)
    address = reverse("problems", args=[integration.school_id]) + f"?q={one.dcid}"
    page = words(admin.get(address))
    assert f'name="sis_id" value="{one.dcid}"' in page and "Never import" in page
    assert 'name="sis_id"' not in words(counselor_client.get(address))
    for said in ("make no account for this student", "on the list already"):
        answer = admin.post(reverse("never-import", args=[integration.school_id]), {"sis_id": one.dcid, "back": address})
        assert answer.headers["Location"] == address
        assert said in words(admin.get(address))
    assert AuditEntry.objects.filter(action="never_import.added").count() == NeverImport.objects.count() == 1
    run = sync(integration)
    assert not Issue.objects.filter(run=run, sis_id=str(one.dcid)).exists()
    assert not Problem.objects.filter(sis_id=str(one.dcid), fixed_at__isnull=True).exists()
    away = {"sis_id": "1", "back": "https://elsewhere.example/"}
    assert admin.post(reverse("never-import", args=[integration.school_id]), away).headers["Location"].startswith("/schools/")


def test_a_new_student_of_a_plan_is_put_aside(admin: Client, integration: Integration) -> None:
    run = sync(integration, Mode.TEST)
    address = reverse("run", args=[integration.school_id, run.pk]) + "?tab=new"
    page = words(admin.get(address))
    sis_id = page.split('name="sis_id" value="')[1].split('"')[0]
    admin.post(reverse("never-import", args=[integration.school_id]), {"sis_id": sis_id, "back": address})
    live = sync(integration)
    assert live.counts["never_imported"] == 1 and not StudentAccount.objects.filter(sis_id=sis_id).exists()
    assert 'name="sis_id"' not in words(admin.get(reverse("run", args=[integration.school_id, live.pk]) + "?tab=new"))
