"""The e-mail of a closed account, freed on the student's page for somebody new."""

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import AuditEntry
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration, Issue
from tests.sync.rule_runs import send_away, set_leavers, some, sync

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
    shown = admin.post(free, follow=True).content.decode()
    assert "another student can have it" in shown and "Free this e-mail" not in shown
    sync(integration)
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
