"""The e-mail of a closed account, freed on the student's page for somebody new."""

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import AuditEntry, School, User
from rollbook.standins.standin import StandIn
from rollbook.students import freeing
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Integration, Issue, Run
from tests.sync.rule_runs import send_away, set_leavers, some, sync
from tests.sync.test_uploads import confirmed, csv_of, previewed

pytestmark = pytest.mark.django_db


def test_the_newcomer_gets_it_in_the_next_run_and_the_problem_says_who_has_it_until_then(
    integration: Integration, standin: StandIn, admin: Client
) -> None:
    sync(integration)
    set_leavers(integration, runs=1)
    (gone,) = some()
    send_away(standin, gone)
    sync(integration)
    known = set(StudentAccount.objects.values_list("sis_id", flat=True))
    spare = next(one for one in standin.roster() if str(one.dcid) not in known)
    standin.edit(
        spare.dcid,
        enroll_status=0,
        grade_level=10,
        graduation_year=2030,
        first_name="Nova",
        last_name="Newcomer",
        birth_date="2010-02-03",
        email=gone.email,
    )
    first = sync(integration)
    (issue,) = Issue.objects.filter(run=first, code="email_taken")
    assert issue.other == f"{gone.name} (SIS ID {gone.sis_id}), closed as left"
    address = reverse("student", args=[gone.school_id, gone.pk])
    assert "Free this e-mail" in admin.get(address).content.decode()
    free = reverse("student-free-email", args=[gone.school_id, gone.pk])
    for page in (
        reverse("run", args=[gone.school_id, first.pk]) + "?tab=errors",
        reverse("problems", args=[gone.school_id]),
    ):
        assert f'href="{free}?run={first.pk}"' in admin.get(page).content.decode()
    confirming = admin.get(f"{free}?run={first.pk}").content.decode()
    assert "Free it and run now" in confirming and "keeps its values" in confirming
    gone.refresh_from_db()
    assert not gone.email_is_free
    admin.post(free, {"run": first.pk, "action": "run"})
    shown = admin.get(address).content.decode()
    assert "another student can have it" in shown and "Free this e-mail" not in shown
    pipeline.run_sync(Run.objects.latest("requested_at").pk)
    newcomer = StudentAccount.objects.get(sis_id=str(spare.dcid))
    assert (newcomer.email, newcomer.status) == (gone.email, "active")
    again = sync(integration)
    assert (again.counts.get("updated", 0), again.counts.get("error", 0)) == (0, 0)
    name = gone.first_name
    gone.refresh_from_db()
    assert (gone.status, gone.first_name) == ("left", name)
    shown = admin.post(
        reverse("student-reactivate", args=[gone.school_id, gone.pk]), follow=True
    ).content.decode()
    assert "another student has the e-mail of this account now" in shown
    send_away(standin, gone, status=0)
    both = sync(integration)
    assert both.counts.get("returning", 0) == 0
    gone.refresh_from_db()
    assert gone.status == "left"
    assert Issue.objects.filter(run=both, code="email_shared").count() == 2


def test_the_rule_for_runs_is_saved_and_numbers_are_checked(
    integration: Integration, admin: Client
) -> None:
    school = integration.school
    address = reverse("freed-emails", args=[school.pk])
    assert address in admin.get(reverse("limits", args=[school.pk])).content.decode()
    assert 'value="never" selected' in admin.get(address).content.decode()
    shown = admin.post(address, {"rule": "after", "free_emails_after": "-1"}).content.decode()
    assert "Give a number of days from 0 to 3650." in shown
    for days, saved in (("30", 30), ("", 90)):
        admin.post(address, {"rule": "after", "free_emails_after": days})
        school.refresh_from_db()
        assert school.free_emails_after == saved
    admin.post(address, {"rule": "never", "free_emails_after": "30"})
    school.refresh_from_db()
    assert school.free_emails_after is None
    details = [
        entry.detail["days"] for entry in AuditEntry.objects.filter(action="free_emails.saved")
    ]
    assert sorted(details, key=str) == [30, 90, None]


def closed_account(school: School) -> StudentAccount:
    address = "jsmithson@x.example"
    return StudentAccount.objects.create(
        school=school,
        sis_id="90",
        email=address,
        email_key=address,
        first_name="Jon",
        last_name="Smithson",
        graduation_year=2025,
        status="deactivated",
    )


def test_from_the_preview_of_an_upload_it_is_freed_and_the_file_is_checked_again(
    school: School, administrator: User, admin: Client
) -> None:
    header = "SIS ID,E-mail,First name,Last name,Graduation year"
    gone = closed_account(school)
    content = csv_of("91,jsmithson@x.example,Jane,Smithson,2031", header=header)
    upload, run = previewed(school, administrator, content)
    (issue,) = Issue.objects.filter(run=run)
    assert (issue.code, issue.other) == (
        "email_taken",
        "Jon Smithson (SIS ID 90), closed as deactivated",
    )
    free = reverse("student-free-email", args=[school.pk, gone.pk])
    page = admin.get(reverse("run", args=[school.pk, run.pk]) + "?tab=errors").content.decode()
    assert f'href="{free}?run={run.pk}"' in page
    assert "Free it and check again" in admin.get(f"{free}?run={run.pk}").content.decode()
    admin.post(free, {"run": run.pk, "action": "free"})
    upload.refresh_from_db()
    assert upload.run is not None and upload.run.pk != run.pk
    pipeline.run_sync(upload.run.pk)
    confirmed(upload, administrator)
    assert StudentAccount.objects.get(sis_id="91").email == gone.email


def test_it_can_be_taken_back_while_nobody_else_has_it(school: School, admin: Client) -> None:
    gone = closed_account(school)
    freeing.free_email(gone, None)
    back = reverse("student-email-back", args=[gone.school_id, gone.pk])
    for words in ("has its e-mail again", "free."):
        assert words in admin.post(back, follow=True).content.decode()
    gone.refresh_from_db()
    assert gone.email_key == gone.email
    assert AuditEntry.objects.filter(action="student.email_taken_back").count() == 1


def test_whoever_may_not_manage_is_offered_nothing(
    school: School, counselor_client: Client
) -> None:
    gone = closed_account(school)
    free = reverse("student-free-email", args=[gone.school_id, gone.pk])
    assert counselor_client.get(free).status_code == counselor_client.post(free).status_code == 403
