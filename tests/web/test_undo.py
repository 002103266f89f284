"""Undoing a run on its page: preview, confirm, and what stands there afterwards."""

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from rollbook.students import accounts
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync import undoing as undo
from rollbook.sync.models import Integration, Run, RunState
from tests.sync.test_undo import sync

pytestmark = pytest.mark.django_db


def page_of(client: Client, run: Run, **query: str) -> str:
    response = client.get(reverse("run", args=[run.school_id, run.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def planned(client: Client, run: Run, *student: object) -> Run:
    name = "undo-student" if student else "undo"
    client.post(reverse(name, args=[run.school_id, run.pk, *student]))
    return Run.objects.get(undoes=run, state=RunState.PREVIEW)


def test_a_run_is_undone_by_preview_and_confirm(admin: Client, integration: Integration) -> None:
    run = sync(integration)
    assert "Undo this run…" in page_of(admin, run)
    undoing = planned(admin, run)
    page = page_of(admin, undoing, confirm="undo")
    for words in (
        "Nothing is changed before you confirm",
        f"not erased: {run.counts['new']}.",
        "makes the same changes again",
        "Undo of PowerSchool",
    ):
        assert words in page, words
    assert not StudentAccount.objects.exclude(status="active").exists()
    for _click in range(2):
        admin.post(reverse("undo-confirm", args=[run.school_id, undoing.pk]), {"then": "off"})
    pipeline.run_sync(undoing.pk)
    integration.refresh_from_db()
    assert not integration.active
    assert set(StudentAccount.objects.values_list("status", flat=True)) == {"deactivated"}
    assert "This run was undone" in page_of(admin, run)
    assert "Undo this run…" not in page_of(admin, run)
    done = page_of(admin, undoing)
    assert "accounts that the run had created were deactivated" in done
    assert "Undo this run…" in done
    history = admin.get(reverse("history", args=[run.school_id])).content.decode()
    assert "Undo of PowerSchool Student" in history


def test_a_preview_says_how_many_values_were_written_again_since(
    admin: Client, integration: Integration
) -> None:
    run = sync(integration)
    pks = [StudentAccount.objects.earliest("pk").pk]
    accounts.deactivate(run.school, pks, None)
    accounts.reactivate(run.school, pks, None)
    undoing = planned(admin, run)
    page = page_of(admin, undoing, tab="errors")
    assert "changed and then wrote again: 1." in page
    assert "Status was changed after the run that is undone. Then Command line, 2" in page


def test_a_large_undo_shows_how_far_its_planning_is_and_then_its_preview(
    admin: Client, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "AT_ONCE", 2)
    run = sync(integration)
    addresses = {
        admin.post(reverse("undo", args=[run.school_id, run.pk])).headers["Location"]
        for _click in range(2)
    }
    undoing = Run.objects.get(undoes=run)
    assert addresses == {reverse("run", args=[run.school_id, undoing.pk])}
    page = page_of(admin, undoing)
    for words in (
        "Waiting to start",
        "Planning what to restore",
        "Nothing is changed yet",
        f"0 of {run.counts['new']} students",
        'hx-trigger="every 1s"',
    ):
        assert words in page, words
    assert "Undo this</a>" not in page
    pipeline.run_sync(undoing.pk)
    progress = admin.get(
        reverse("run-progress", args=[run.school_id, undoing.pk]), {"stage": "queued"}
    ).content.decode()
    assert "Nothing is changed before you confirm" in progress
    assert "Preview: waiting to be confirmed" in progress


def test_what_a_run_did_to_one_student_is_undone_from_the_students_page(
    admin: Client, integration: Integration
) -> None:
    run = sync(integration)
    one = StudentAccount.objects.order_by("pk")[0]
    address = reverse("undo-student", args=[run.school_id, run.pk, one.pk])
    assert address in admin.get(reverse("student", args=[run.school_id, one.pk])).content.decode()
    assert address in page_of(admin, run, tab="new", q=str(one.sis_id))
    undoing = planned(admin, run, one.pk)
    admin.post(reverse("discard", args=[run.school_id, undoing.pk]))
    undoing.refresh_from_db()
    assert undoing.state == RunState.DISCARDED
    undoing = planned(admin, run, one.pk)
    admin.post(reverse("undo-confirm", args=[run.school_id, undoing.pk]), {"then": ""})
    pipeline.run_sync(undoing.pk)
    assert list(StudentAccount.objects.filter(status="deactivated")) == [one]
    assert (
        address not in admin.get(reverse("student", args=[run.school_id, one.pk])).content.decode()
    )


def test_only_those_who_manage_undo_and_only_at_their_own_school(
    counselor_client: Client,
    elsewhere: Client,
    admin: Client,
    integration: Integration,
    school: School,
) -> None:
    run = sync(integration)
    address = reverse("undo", args=[school.pk, run.pk])
    assert counselor_client.post(address).status_code == 403
    assert elsewhere.post(address).status_code == 404
    assert not Run.objects.filter(undoes=run).exists()
    undoing = planned(admin, run)
    assert "Discard" not in page_of(counselor_client, undoing)
    confirm = reverse("undo-confirm", args=[school.pk, undoing.pk])
    assert (counselor_client.post(confirm).status_code, elsewhere.post(confirm).status_code) == (
        403,
        404,
    )
