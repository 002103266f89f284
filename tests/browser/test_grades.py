"""Step 1.1 with the grades of a school, and a report in which a whole class moves up."""

from typing import TYPE_CHECKING

from django.urls import reverse
from playwright.sync_api import expect

from rollbook.roster.records import Severity
from rollbook.sync.models import RunState
from rollbook.sync.runs import states
from tests.browser.conftest import Visit
from tests.browser.looking import look
from tests.connecting import connected, proved
from tests.sync.report_runs import a_run, problem, updated

if TYPE_CHECKING:
    from rollbook.schools.models import School, User
    from rollbook.standins.standin import StandIn

# Names of British, Australian, IB and American schools: (name, students, level, chosen).
GRADES = (
    *(("Nursery", 21, -1, False), ("Reception", 58, 0, False), ("Kindergarten", 40, 0, False)),
    *(("PYP 3", 44, None, False), ("MYP 2", 39, None, False), ("Freshman", 118, 9, True)),
    *(("Year 12", 97, 12, True), ("Year 13", 96, 13, True), ("DP1", 51, None, True)),
    ("Upper School 11 - Boarding and Weekly Boarding", 8, 11, True),
)


def test_a_person_says_what_a_grade_means(
    visit: Visit, school: "School", administrator: "User", sis: "StandIn"
) -> None:
    integration = connected(school, administrator, sis)
    integration.grade_names = [
        {"name": name, "students": students, "level": level, "chosen": chosen}
        for name, students, level, chosen in GRADES
    ]
    credentials = {"client_id": sis.client_id, "client_secret": sis.client_secret}
    proved(school, "powerschool", "", client_url=sis.url, **credentials)
    integration.save()
    issues = [
        problem("grade_undecided", Severity.NOTE, f"N{each}", field="grade_level", value="G9 (new)")
        for each in range(3)
    ]
    moves = [
        updated({"grade_level": "Grade 9"}, {"grade_level": "Grade 10"}, sis_id=f"M{each}")
        for each in range(12)
    ]
    run = a_run(school, moves, issues, state=RunState.PLANNED, integration=integration)
    states.finish(run)
    page = visit()
    expect(page.get_by_text("3 students are in “G9 (new)”, which is new.")).to_be_visible()
    page.get_by_role("link", name="Decide about the grade").click()
    meaning = page.get_by_label("Meaning of Year 13")
    expect(meaning).to_have_value("13")
    look(page, "step-1-1")
    meaning.select_option(label="Grade 12")
    page.get_by_label("Meaning of G9 (new)").select_option(label="Grade 9")
    page.get_by_role("button", name="High (9–12)").click()
    for name, ticked in (("Year 13", True), ("G9 (new)", True), ("PYP 3", False)):
        expect(page.locator(f'[name=grades][value="{name}"]')).to_be_checked(checked=ticked)
    page.get_by_role("button", name="Next Step").click()
    page.get_by_role("heading", name="Step 1.2 Select Mapping").wait_for()
    integration.refresh_from_db()
    assert integration.grade_meanings == {"year 13": 12, "g9 (new)": 9}
    page.goto(
        page.url.partition("/schools/")[0]
        + reverse("run", args=[school.pk, run.pk])
        + "?tab=updated"
    )
    expect(page.get_by_text("12 students go from Grade 9 to Grade 10.")).to_be_visible()
    look(page, "class-moves")
