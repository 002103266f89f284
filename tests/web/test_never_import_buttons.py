"""Never import by one click: from a problem, and from a new student of a plan."""

import html
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import AuditEntry, School
from rollbook.standins.standin import StandIn
from rollbook.students.models import NeverImport, StudentAccount
from rollbook.sync.models import Change, Integration, Issue, Mode, Problem, RunState
from tests.sync.test_pipeline import sync
from tests.web.conftest import MakeRun

pytestmark = pytest.mark.django_db


def words(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def test_a_test_record_of_the_sis_is_put_aside_from_its_problem(
    admin: Client, counselor_client: Client, integration: Integration, standin: StandIn
) -> None:
    one = next(
        each for each in standin.roster() if each.enroll_status == 0 and each.grade_level == 9
    )
    standin.edit(one.dcid, email="")
    sync(integration)
    address = reverse("problems", args=[integration.school_id]) + f"?q={one.dcid}"
    page = words(admin.get(address))
    assert f'name="sis_id" value="{one.dcid}"' in page and "Never import" in page
    assert 'name="sis_id"' not in words(counselor_client.get(address))
    for said in ("no run makes an account for this student", "on the list already"):
        answer = admin.post(
            reverse("never-import", args=[integration.school_id]),
            {"sis_id": one.dcid, "back": address},
        )
        assert answer.headers["Location"] == address
        assert said in words(admin.get(address))
    assert (
        AuditEntry.objects.filter(action="never_import.added").count()
        == NeverImport.objects.count()
        == 1
    )
    run = sync(integration)
    assert not Issue.objects.filter(run=run, sis_id=str(one.dcid)).exists()
    assert not Problem.objects.filter(sis_id=str(one.dcid), fixed_at__isnull=True).exists()
    away = {"sis_id": "1", "back": "https://elsewhere.example/"}
    assert (
        admin.post(reverse("never-import", args=[integration.school_id]), away)
        .headers["Location"]
        .startswith("/schools/")
    )


def test_a_new_student_of_a_plan_is_put_aside(admin: Client, integration: Integration) -> None:
    run = sync(integration, Mode.TEST)
    address = reverse("run", args=[integration.school_id, run.pk]) + "?tab=new"
    page = words(admin.get(address))
    sis_id = page.split('name="sis_id" value="')[1].split('"')[0]
    admin.post(
        reverse("never-import", args=[integration.school_id]), {"sis_id": sis_id, "back": address}
    )
    live = sync(integration)
    assert (
        live.counts["never_imported"] == 1
        and not StudentAccount.objects.filter(sis_id=sis_id).exists()
    )
    assert 'name="sis_id"' not in words(
        admin.get(reverse("run", args=[integration.school_id, live.pk]) + "?tab=new")
    )


def test_whoever_is_put_aside_while_a_run_is_on_hold_stays_out(
    admin: Client, make_run: MakeRun
) -> None:
    held = make_run(RunState.ON_HOLD, counts={"read": 9})
    for number in (10, 11, 12):  # 0 would be no ID
        named = {
            "first_name": "Ann",
            "last_name": f"No{number}",
            "email": f"{number}@x.example",
            "sis_id": str(number),
        }
        after = named | {"email_key": f"{number}@x.example"}
        Change.objects.create(
            school_id=held.school_id,
            run=held,
            kind="new",
            reason="sis_id_unknown",
            after=after,
            **named,
        )
    address = reverse("run", args=[held.school_id, held.pk])
    assert "Applied at once: 3 new accounts." in words(admin.get(address))
    for put_aside in ({"sis_id": "10"}, {"email": "11@x.example"}):
        admin.post(reverse("never-import", args=[held.school_id]), put_aside)
    page = words(admin.get(address, {"tab": "new"}))
    assert "Applied at once: 1 new account." in page and page.count("On the never import list") == 1
    admin.post(reverse("approve", args=[held.school_id, held.pk]))
    assert list(Change.objects.order_by("sis_id").values_list("outcome", flat=True)) == [
        "left_out",
        "left_out",
        "",
    ]
    assert AuditEntry.objects.get(action="run.approved").detail == {
        "additions_only": False,
        "alarms": [],
        "left_out": 2,
    }


@pytest.mark.parametrize("named", [{"source": "powerschool", "sis_id": "7"}, {}])
def test_a_student_with_an_account_is_put_on_the_list_from_their_page(
    admin: Client, school: School, named: dict[str, str]
) -> None:
    account = StudentAccount.objects.create(
        school=school,
        first_name="Ada",
        last_name="Byron",
        email="A@x.example",
        email_key="a@x.example",
    )
    StudentAccount.objects.update(**named)
    address = reverse("student", args=[school.pk, account.pk])
    assert 'id="never-dialog" aria-labelledby="never-dialog-title" open' in words(
        admin.get(address, {"confirm": "never"})
    )
    field, value = ("sis_id", "7") if named else ("email", "A@x.example")
    page = words(
        admin.post(
            reverse("never-import", args=[school.pk]), {field: value, "back": address}, follow=True
        )
    )
    assert "On the never import list." in page and "never-dialog" not in page
