"""Problems, Link existing accounts and Why as a person uses them; for everybody and on a phone."""

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from rollbook.students.models import StudentAccount
from rollbook.sync.models import LinkProposal, RunState
from rollbook.sync.runs import states
from tests.browser.conftest import Visit
from tests.browser.looking import look
from tests.sync.report_runs import a_run, problem

if TYPE_CHECKING:
    from rollbook.schools.models import School
    from rollbook.sync.models import Integration

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Wolfeschlegelsteinhausenbergerdorff" * 2


@pytest.fixture
def worked(integration: "Integration") -> "School":
    """Thirty problems, one with long values, and two proposals, one of them a clash."""
    school = integration.school
    issues = [
        problem(sis_id=f"{number:04}", name=f"Emmy {LONG if number == 0 else number}")
        for number in range(30)
    ]
    issues.append(
        problem(
            "link_suggested",
            sis_id="77",
            name="Al Turing",
            field="sis_id",
            source_field="id",
            value="77",
        )
    )
    run = a_run(school, [], issues, state=RunState.PLANNED, integration=integration)
    states.finish(run)
    for number, clash in enumerate(("", "names_differ")):
        email = f"{LONG}{number}@x.example".lower()
        account = StudentAccount.objects.create(
            school=school, email=email, email_key=email, first_name="Al", last_name=f"Turing {LONG}"
        )
        told: dict[str, Any] = {
            "same_email": bool(clash),
            "same_name": not clash,
            "same_birth_date": not clash,
        }
        LinkProposal.objects.create(
            school=school,
            source="powerschool",
            run=run,
            account=account,
            sis_id=f"77{number}",
            name="Al Turing",
            record={
                "first_name": "Al",
                "last_name": "Turing",
                "email": email,
                "birth_date": "2009-02-28",
            },
            same_sis_id=False,
            same_student_number=False,
            clash=clash,
            **told,
        )
    return school


def test_from_the_count_in_the_navigation_to_a_decision(visit: Visit, worked: "School") -> None:
    page = visit()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Problems").click()
    expect(page.get_by_text("1–25 of 31")).to_be_visible()
    look(page, "problems")
    page.get_by_label("Search by name, SIS ID or value").press_sequentially("turing", delay=20)
    expect(page.locator("#announce")).to_have_text("1 problem")
    with page.expect_download() as download:
        page.get_by_label("Search by name, SIS ID or value").fill("")
        expect(page.locator("#announce")).to_have_text("31 problems")
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.startswith("for-the-registrar-")
    page.get_by_role("searchbox", name="Why is a student not in?").fill("turing")
    page.get_by_role("button", name="Find out").click()
    expect(page.get_by_text("What to do:").first).to_be_visible()
    look(page, "why")
    page.get_by_role("link", name="Link existing accounts").first.click()
    expect(page.get_by_text("Same e-mail, different name")).to_be_visible()
    look(page, "links")
    page.get_by_role("button", name="Same person: link").first.click()
    expect(page.get_by_text("Confirmed. The next live run links them.")).to_be_visible()
    page.get_by_role("button", name="Not the same person").click()
    expect(page.get_by_text("Nothing to decide")).to_be_visible()
