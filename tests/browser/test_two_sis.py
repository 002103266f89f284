"""The screens about a student whom two SISs have, at every width, in light and dark."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from rollbook.standins import veracross
from rollbook.students.models import StudentAccount
from tests.browser.conftest import Visit
from tests.browser.looking import look
from tests.sync.rule_runs import send_away, sync
from tests.sync.test_changing_sis import connected

if TYPE_CHECKING:
    from rollbook.schools.models import School, User
    from rollbook.standins.standin import StandIn
    from rollbook.sync.models import Integration

pytestmark = pytest.mark.django_db(transaction=True)


def test_link_a_student_to_two_sis_and_choose_an_owner(
    visit: Visit,
    school: "School",
    administrator: "User",
    integration: "Integration",
    standin: "StandIn",
) -> None:
    sync(integration)
    with veracross.serve(students=80, seed=7, clean=True) as running:
        second = connected(school, administrator, running)
        sync(second)
        page = visit()
        school_url = page.url.rstrip("/").rsplit("/", 1)[0]
        _confirm(page, f"{school_url}/links/")
        sync(second)
    page.goto(f"{school_url}/integrations/{second.pk}/mapping/")
    owner = page.get_by_label("Owner of Last name for students in two SISs")
    owner.select_option("Owner: Veracross")
    look(page, "two-sis-mapping")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved. Nothing was started.")).to_be_visible()

    student = StudentAccount.objects.filter(further_links__isnull=False).earliest("sis_id")
    send_away(standin, student)
    run = sync(integration)
    page.goto(f"{school_url}/runs/{run.pk}/?tab=updated&only=not_in_roster")
    expect(page.get_by_text("Still in Veracross")).to_be_visible()
    look(page, "two-sis-run")
    page.goto(f"{school_url}/students/{student.pk}/")
    look(page, "two-sis-student")
    page.get_by_role("button", name="Unlink from PowerSchool").click()
    expect(page.get_by_text("Unlinked from PowerSchool.")).to_be_visible()
    expect(page.get_by_text("Linked to Veracross.")).to_be_visible()


def _confirm(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_text("This account is linked to PowerSchool.").first).to_be_visible()
    look(page, "two-sis-links", widths=(360, 1132))
    page.get_by_role("button", name="Confirm all").click()
    expect(page.get_by_text("links are confirmed")).to_be_visible()
