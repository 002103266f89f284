"""Decisions about one student on the screens: merge, take it back, never import."""

from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from rollbook.schools.models import AuditEntry
from rollbook.students.models import NeverImport, StudentAccount
from rollbook.sync.models import Mode
from tests.browser.conftest import Visit
from tests.browser.looking import look
from tests.processes import Started
from tests.sync.test_pipeline import sync

if TYPE_CHECKING:
    from rollbook.schools.models import School
    from rollbook.standins.standin import StandIn
    from rollbook.sync.models import Integration

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_accounts_become_one_and_two_again(
    visit: Visit, web: Started, school: "School"
) -> None:
    def account(first: str, **more: Any) -> StudentAccount:
        email = f"{first}.byron-with-quite-a-long-address@students.lincoln.example".lower()
        return StudentAccount.objects.create(
            school=school, first_name=first, last_name="Byron", email=email, email_key=email, **more
        )

    ada = account("Ada", source="powerschool", sis_id="4711", graduation_year=2028)
    other = account("Augusta", source="powerschool", sis_id="4712", student_number="N-7")
    before = list(
        StudentAccount.objects.order_by("pk").values(
            "email", "first_name", "student_number", "sis_id", "status"
        )
    )
    page = visit()
    page.goto(f"{web.url}{reverse('student', args=[school.pk, ada.pk])}")
    page.get_by_role("link", name="Merge…").click()
    expect(page.get_by_text("Choose the other account")).to_be_visible()
    page.get_by_role("link", name="Byron, Augusta").click()
    expect(
        page.get_by_role("radio", name="Student number: take N-7")
    ).to_be_checked()  # ours is empty
    page.get_by_role("radio", name="First name: take Augusta").check()
    look(page, "merge-choose")
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.get_by_role("heading", name="Augusta Byron")).to_be_visible()
    expect(
        page.get_by_text("Another account of this person was merged into this one:")
    ).to_be_visible()
    look(page, "merged")
    page.get_by_role("link", name=f"Augusta Byron, {other.email}").click()
    expect(
        page.get_by_text("This account was merged into another account of the same person:")
    ).to_be_visible()
    page.get_by_role("button", name="Undo the merge").click()
    expect(
        page.get_by_text("The merge was undone. Both accounts are as they were before.")
    ).to_be_visible()
    assert (
        list(
            StudentAccount.objects.order_by("pk").values(
                "email", "first_name", "student_number", "sis_id", "status"
            )
        )
        == before
    )


def test_never_import_is_one_click_wherever_the_student_is_met(
    visit: Visit, web: Started, integration: "Integration", standin: "StandIn"
) -> None:
    bad = next(
        each for each in standin.roster() if each.enroll_status == 0 and each.grade_level == 9
    )
    standin.edit(bad.dcid, email="")
    run = sync(integration, Mode.TEST)
    page = visit()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Problems").click()
    page.get_by_role("row").filter(has_text=f"SIS ID {bad.dcid}").get_by_role(
        "button", name="Never import"
    ).click()
    expect(page.get_by_text("Added to Never import")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=f"SIS ID {bad.dcid}")).to_contain_text(
        "On the never import list"
    )

    page.goto(f"{web.url}{reverse('run', args=[run.school_id, run.pk])}?tab=new")
    page.get_by_role("button", name="Never import").first.click()
    expect(page.get_by_role("cell").filter(has_text="On the never import list")).to_have_count(1)
    look(page, "never-new")
    assert (
        NeverImport.objects.count()
        == AuditEntry.objects.filter(action="never_import.added").count()
        == 2
    )
    live = sync(integration)
    assert (run.counts["error"], live.counts.get("error"), live.counts["never_imported"]) == (
        1,
        None,
        1,
    )

    account = StudentAccount.objects.earliest("sis_id")
    page.goto(f"{web.url}{reverse('student', args=[run.school_id, account.pk])}")
    page.get_by_role("link", name="Never import").click()
    dialog = page.get_by_role("dialog", name="Never import this student?")
    expect(dialog.get_by_text("Runs still update this account")).to_be_visible()
    dialog.get_by_role("button", name="Never import").click()
    expect(page.get_by_text("On the never import list.")).to_be_visible()
    look(page, "never-student")
    page.get_by_role("link", name="See the list").click()
    expect(page.get_by_role("row")).to_have_count(4)
    page.get_by_role("button", name=f"Remove {account.sis_id}").click()
    expect(page.get_by_text("Removed.")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(3)
