"""Students on the screens: search, open, deactivate, many at once; also on a phone."""

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from rollbook.roster.planning.changes import Change, ChangeKind
from rollbook.students.models import StudentAccount
from rollbook.sync.models import RunState
from rollbook.sync.runs import states
from tests.browser.conftest import Visit
from tests.browser.looking import look
from tests.processes import Started
from tests.sync.report_runs import a_run, problem

if TYPE_CHECKING:
    from rollbook.schools.models import School
    from rollbook.sync.models import Integration

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def students(integration: "Integration") -> "School":
    """Sixty students with long values; the first one has an open problem."""
    school, long = integration.school, "Wolfeschlegelsteinhausenbergerdorff" * 2
    common: dict[str, Any] = {"school": school, "source": "powerschool", "preferred_name": long}
    accounts = [
        StudentAccount(
            **common,
            first_name="Zoë" if number else long,
            last_name=f"García {number:02}" if number else long,
            sis_id=f"{number:04}",
            email=f"s{number}@students.lincoln.example"
            if number
            else f"{long}@students.lincoln.example",
            email_key=f"s{number}",
            graduation_year=2027 + number % 4,
            status=("active", "active", "left", "deactivated", "graduated")[number % 5],
        )
        for number in range(60)
    ]
    StudentAccount.objects.bulk_create(accounts)
    first = accounts[0]
    before, after = (
        {"last_name": "Byron", "status": "left"},
        {"last_name": long, "status": "active"},
    )
    row = Change(
        ChangeKind.RETURNING,
        "0000",
        first.pk.bytes,
        1,
        "Zoë",
        long,
        first.email,
        before,
        after,
        None,
        "sis_id_is_back",
    )
    states.finish(
        a_run(
            school, [row], [problem(sis_id="0000")], integration=integration, state=RunState.PLANNED
        )
    )
    return school


def test_find_a_student_deactivate_them_and_read_the_history(
    visit: Visit, students: "School"
) -> None:
    page = visit()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Students").click()
    page.get_by_label("Search by name").press_sequentially("garcia 06", delay=20)
    expect(page.locator("#announce")).to_have_text("1 student")
    expect(page).to_have_url(re.compile(r"\?(.*&)?s=[\w-]+"))
    page.get_by_role("link", name="García 06, Zoë").click()
    expect(page.get_by_role("heading", name="Zoë García 06")).to_be_visible()
    expect(page.get_by_text("No change yet")).to_be_visible()
    page.get_by_role("link", name="Deactivate").click()
    page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("Deactivated. The values stay.")).to_be_visible()
    expect(
        page.get_by_role("row").filter(has_text="By hand").filter(has_text="Ada Admin")
    ).to_be_visible()
    expect(page.get_by_role("link", name="Reactivate")).to_be_visible()


def test_many_are_deactivated_after_a_preview(
    visit: Visit, web: Started, students: "School"
) -> None:
    page = visit()
    page.goto(f"{web.url}/schools/{students.pk}/students/")
    page.get_by_label("Status").select_option("active")
    expect(page.locator("#announce")).to_have_text("24 students")
    page.get_by_label("All 24 students that this filter shows").check()
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("24 students will be deactivated. Their values stay.")).to_be_visible()
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("24 students were deactivated. Their values stay.")).to_be_visible()
    expect(page.get_by_text("No students match")).to_be_visible()
    assert not StudentAccount.objects.filter(status="active").exists()


def test_pages_and_the_whole_way_work_without_javascript(
    browser: Any, web: Started, students: "School", administrator: Any, password: str
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page: Page = context.new_page()
        page.goto(f"{web.url}/schools/{students.pk}/students/")
        page.get_by_label("E-mail").fill(administrator.email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("link", name="Next").click()
        page.get_by_role("link", name="Next").click()
        expect(page.get_by_role("link", name="Next")).to_have_count(0)
        page.get_by_role("link", name="First page").click()
        page.get_by_label("Search by name").fill("garcia 05")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="García 05, Zoë").click()
        page.get_by_role("link", name="Deactivate").click()
        page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
        expect(page.get_by_text("Deactivated. The values stay.")).to_be_visible()


def addresses(web: Started, school: "School") -> dict[str, str]:
    start = f"{web.url}/schools/{school.pk}/students/"
    return {
        "list": start,
        "nothing found": f"{start}?q=nobody",
        "student": f"{start}{StudentAccount.objects.get(sis_id='0000').pk}/",
        "dialog": f"{start}{StudentAccount.objects.get(sis_id='0001').pk}/?confirm=yes",
    }


def test_the_screens_are_for_everybody(visit: Visit, web: Started, students: "School") -> None:
    page = visit()
    for name, address in addresses(web, students).items():
        page.goto(address)
        look(page, name)
