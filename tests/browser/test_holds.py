"""A held run on the screens: reasons, people, approving in part, wider limits, discarding."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from rollbook.schools.models import AuditEntry
from rollbook.standins import powerschool
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Run, RunState
from tests.browser.conftest import Visit
from tests.browser.looking import look
from tests.processes import Started
from tests.sync.test_guarded_runs import chosen
from tests.sync.test_pipeline import sync

if TYPE_CHECKING:
    from rollbook.standins.standin import StandIn
    from rollbook.sync.models import Integration

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def standin() -> "Iterator[StandIn]":
    """A clean PowerSchool, so large that the missing students of one grade take two pages."""
    with powerschool.serve(students=600, seed=7, clean=True) as running:
        yield running


def work(run: Run) -> Run:
    """What a worker does with a run that waits."""
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    return run


def decide(page: Page, choice: str) -> None:
    page.get_by_role("link", name=choice, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=choice).click()


def find_the_people(page: Page) -> None:
    """By kind of change and class, over pages."""
    page.get_by_role("link", name="See who is missing").click()
    classes = page.get_by_label("Class")
    label = classes.locator("option").nth(1).inner_text()
    classes.select_option(label)
    expect(page.locator("#announce")).to_have_text(re.compile(r"\d+ rows"))
    number = page.locator("#announce").inner_text().removesuffix(" rows")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text(f"26–{number} of {number}")).to_be_visible()
    expect(page.get_by_label("Class").locator("option:checked")).to_have_text(label)
    page.get_by_label("Class").select_option("All classes")
    page.get_by_label("Show", exact=True).select_option("email_changed")
    expect(page.locator("#announce")).to_have_text("1 row")


def switch_a_guard_off(page: Page) -> None:
    """That is asked twice."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Safety limits").click()
    changed = page.get_by_label("Changed sign-in e-mails, more than this percentage").first
    changed.fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("A guard that is off holds no run")).to_be_visible()
    page.get_by_label("Yes, switch this guard off").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("At least one guard is switched off for this school.")).to_be_visible()
    assert (
        AuditEntry.objects.filter(action="limits.switched_off", subject="emails_percent").count()
        == 1
    )


def test_from_the_reasons_to_the_people_and_through_every_decision(
    visit: Visit, web: Started, integration: "Integration", standin: "StandIn"
) -> None:
    sync(integration)
    people = chosen(standin)
    for one in people[: round(len(people) * 0.8)]:
        standin.edit(one.dcid, enroll_status=2)
    standin.edit(people[-1].dcid, last_name="Sample")
    standin.edit(people[-2].dcid, email="moved@x.example")
    held = sync(integration)
    page = visit()
    page.goto(f"{web.url}/schools/{held.school_id}/runs/{held.pk}/")
    expect(page.get_by_text("students are missing from PowerSchool")).to_be_visible()
    expect(
        page.get_by_text(
            "1 account is left out that would be closed or get a new sign-in e-mail"
        ).first
    ).to_be_visible()
    look(page, "held")

    find_the_people(page)
    decide(page, "Approve additions and updates only")
    expect(page.get_by_role("heading", name="Comparing")).to_be_visible()
    work(held)
    expect(page.get_by_text("1 change was left out when the run was approved.")).to_be_visible()
    assert not StudentAccount.objects.filter(email="moved@x.example").exists()
    assert StudentAccount.objects.filter(last_name="Sample").exists()

    held = sync(integration)
    page.goto(f"{web.url}/schools/{held.school_id}/runs/{held.pk}/")
    page.get_by_role("link", name="Run again with other limits").click()
    expect(page.get_by_text("The run on hold is discarded first.")).to_be_visible()
    look(page, "wider")
    once = page.locator("#once")
    once.get_by_label("Missing students").fill("ninety")
    once.get_by_role("button", name="Run now with these limits").click()
    expect(page.get_by_text("Write a number, such as 5.").first).to_be_visible()
    once.get_by_label("Missing students").fill("10")
    once.get_by_role("button", name="Run now with these limits").click()
    again = work(Run.objects.get(state=RunState.QUEUED))
    expect(page.get_by_text("This run is on hold.")).to_be_visible()
    expect(page.get_by_text("Missing students, more than this percentage: 10")).to_be_visible()
    held.refresh_from_db()
    assert (held.state, again.settings["wider"]) == (RunState.DISCARDED, {"leavers_percent": 10.0})
    assert (
        AuditEntry.objects.filter(action="run.limits_widened", subject=str(again.pk)).count() == 1
    )

    decide(page, "Discard")
    expect(page.get_by_text("This run was discarded. No account was changed.")).to_be_visible()

    switch_a_guard_off(page)
