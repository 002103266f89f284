"""Keyboard, screen reader, small screens, dark rooms: every screen for everybody."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from rollbook.sync.mail import notices
from rollbook.sync.models import Change, Issue, Notice, Run, RunState
from tests.browser.conftest import Visit
from tests.browser.looking import EVERY_WIDTH, look, tab_to
from tests.processes import Started

if TYPE_CHECKING:
    from rollbook.schools.models import User
    from rollbook.standins.standin import StandIn
    from rollbook.sync.models import Integration

pytestmark = pytest.mark.django_db(transaction=True)


LONG = "Wolfeschlegelsteinhausenbergerdorff" * 3


def made_runs(integration: "Integration") -> tuple[Run, Run, Run]:
    """Make a finished run, a failed one and one on hold."""
    common: dict[str, Any] = {
        "school_id": integration.school_id,
        "integration": integration,
        "source": "powerschool",
        "trigger": "schedule",
        "mode": "live",
    }
    done = Run(**common, state=RunState.DONE, counts={"new": 60, "error": 1, "updated": 1})
    failed = Run(
        **common,
        state=RunState.FAILED,
        error_what="PowerSchool refused our sign-in.",
        error_remedy="Copy both values again.",
    )
    held = Run(
        **common,
        state=RunState.ON_HOLD,
        counts={"read": 0, "accounts": 3},
        alarms=[{"code": "roster_empty", "numbers": {}}],
    )
    Run.objects.bulk_create([done, failed, held])
    return done, failed, held


def fill_report(run: Run) -> None:
    """Give a run rows with long names in each tab of its report."""
    of_run = {
        "school_id": run.school_id,
        "run": run,
        "first_name": LONG,
        "last_name": "Ng",
        "email": f"{LONG}@students.lincoln.example",
    }
    after = {"email": of_run["email"], "graduation_year": 2028}
    for number in range(60):
        Change.objects.create(**of_run, kind="new", sis_id=str(number), after=after)
    before, after = {"last_name": LONG}, {"last_name": "Ng"}
    Change.objects.create(**of_run, kind="updated", sis_id="99", before=before, after=after)
    Issue.objects.create(
        school_id=run.school_id,
        run=run,
        severity="error",
        code="required_empty",
        sis_id="7",
        name=LONG,
        field="email",
    )


def made_mail(run: Run, person: "User", folder: Path) -> None:
    """Make mails about a run in three states, and keep the last one in a folder."""
    assert run.integration is not None
    for number, state in enumerate(("sent", "waiting", "undelivered")):
        notice = Notice.objects.create(
            school_id=run.school_id,
            user=person,
            integration=run.integration,
            occasion=str(number),
            tries=3,
            event="failed",
            run=run,
            state=state,
            trouble=f"SMTPServerDisconnected: {LONG}",
        )
    folder.mkdir()
    (folder / "1.eml").write_bytes(notices.message(notice).message().as_bytes())


@pytest.fixture
def screens(
    web: Started, integration: "Integration", administrator: "User", caught_mail: Path
) -> dict[str, str]:
    """Every screen with something on it, by name."""
    done, failed, held = made_runs(integration)
    fill_report(done)
    made_mail(failed, administrator, caught_mail)
    start = f"{web.url}/schools/{integration.school_id}"
    runs = f"{start}/runs/{done.pk}/"
    return {
        "students' sign-in": f"{web.url}/me/sign-in/",
        "forgot": f"{web.url}/me/forgot/",
        "schools": f"{web.url}/schools/",
        "upload": f"{start}/upload/",
        "step 1.1": f"{start}/integrations/",
        "step 1.2": f"{start}/integrations/{integration.pk}/mapping/",
        "schedule": f"{start}/integrations/powerschool/schedule/",
        "history": f"{start}/history/",
        "notifications": f"{start}/notifications/",
        "mails": f"{web.url}/mail/",
        "mail": f"{web.url}/mail/1.eml/",
        "errors": f"{runs}?tab=errors",
        "new": f"{runs}?tab=new",
        "updated": f"{runs}?tab=updated",
        "nothing found": f"{runs}?tab=new&q=nobody",
        "failed": f"{start}/runs/{failed.pk}/",
        "held": f"{start}/runs/{held.pk}/",
        "not found": f"{web.url}/nowhere/",
        "components": f"{web.url}/_components/",
    }


def test_every_screen_is_for_everybody_in_light_in_dark_and_at_any_width(
    visit: Visit, screens: dict[str, str]
) -> None:
    page = visit()
    for name, address in screens.items():
        page.goto(address)
        if name == "held":
            page.get_by_role("link", name="Discard").click()
        if name == "upload":
            page.get_by_role("button", name="Profile").click()
        look(page, name, EVERY_WIDTH)
    page.context.clear_cookies()  # nobody who is signed in sees the sign-in page
    page.goto(screens["upload"])
    page.get_by_role("heading", name="Sign in").wait_for()
    look(page, "sign-in", EVERY_WIDTH)


def test_the_menu_of_a_small_screen_leads_everywhere(visit: Visit, screens: dict[str, str]) -> None:
    page = visit()
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(screens["upload"])
    expect(page.get_by_role("link", name="Sync history")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Sync history").click()
    expect(page.get_by_role("heading", name="Upload & Integration History")).to_be_visible()


def test_the_theme_is_chosen_remembered_and_set_before_the_page_is_painted(
    visit: Visit, screens: dict[str, str]
) -> None:
    page = visit()
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Dark").click()
    page.goto(screens["history"])
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 22)"
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Same as my device").click()
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(245, 246, 243)"


def test_the_wizard_can_be_walked_with_the_keyboard_alone(visit: Visit, standin: "StandIn") -> None:
    page = visit()
    tab_to(page, "Skip to the content")
    tab_to(page, "Start")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Step 1.1 Configure your SIS").wait_for()
    tab_to(page, "PowerSchool")
    for label, value in (
        ("Client ID", standin.client_id),
        ("Client Secret", standin.client_secret),
        ("Client URL", standin.url),
    ):
        tab_to(page, label)
        page.keyboard.type(value)
    tab_to(page, "Test connection")
    page.keyboard.press("Enter")
    expect(page.locator("#id_grades.grades-wide")).to_be_visible()
    tab_to(page, "Exampleton High School")
    page.keyboard.press("Space")
    tab_to(page, "High (9–12)")
    page.keyboard.press("Enter")
    expect(page.locator("#announce")).to_have_text("4 grades chosen")
    tab_to(page, "Test Run")
    page.keyboard.press("Space")
    tab_to(page, "Next Step")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Step 1.2 Select Mapping").wait_for()
    tab_to(page, "Remove Date of birth")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Add Date of birth")).to_be_focused()
    tab_to(page, "Save & Trigger Now")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="PowerSchool Student", exact=True).wait_for()
    run = Run.objects.get()
    assert (run.mode, run.settings["grades"]) == ("live", [9, 10, 11, 12])


def test_everything_works_without_javascript(
    browser: Any, web: Started, administrator: Any, password: str, standin: "StandIn"
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page: Page = context.new_page()
        page.goto(web.url)
        page.get_by_label("E-mail").fill(administrator.email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("link", name="Start Setup and Integrate").click()
        page.get_by_role("button", name="Show its fields").click()
        page.get_by_label("Client ID").fill(standin.client_id)
        page.get_by_label("Client Secret").fill(standin.client_secret)
        page.get_by_label("Client URL").fill(standin.url)
        page.get_by_label("9", exact=True).check()
        page.get_by_role("button", name="Test connection").click()
        page.get_by_label("Exampleton High School").check()
        page.get_by_role("button", name="Next Step").click()
        page.get_by_role("button", name="Remove Gender").click()
        expect(page.get_by_role("button", name="Add Gender")).to_be_visible()
        page.get_by_role("button", name="Save & Trigger Now").click()
        expect(page.get_by_role("heading", name="Test PowerSchool Student")).to_be_visible()
    assert Run.objects.count() == 1
