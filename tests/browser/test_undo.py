"""Undoing a run as a person does it; for everybody and on a phone."""

import os
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from rollbook.students.models import StudentAccount
from rollbook.sync import undoing
from tests.browser.conftest import Visit
from tests.browser.looking import look
from tests.sync.test_undo import sync
from tests.sync.test_undo_planning import renamed

if TYPE_CHECKING:
    from rollbook.standins.standin import StandIn
    from rollbook.sync.models import Integration

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_is_taken_back_by_clicks_and_what_stays_is_listed(
    visit: Visit,
    integration: "Integration",
    standin: "StandIn",
    request: pytest.FixtureRequest,
) -> None:
    sync(integration)
    one, other = StudentAccount.objects.order_by("sis_id")[:2]
    for each in (one, other):
        standin.edit(int(each.sis_id or 0), last_name="Second", first_name="Second")
    run = sync(integration)
    standin.edit(int(one.sis_id or 0), last_name="Third")
    sync(integration)
    request.getfixturevalue("worker")  # only now: it would take the runs of this process
    page = visit()
    page.goto(f"{page.url.split('/schools/')[0]}/schools/{run.school_id}/runs/{run.pk}/")
    page.get_by_role("button", name="Undo this run…").click()
    expect(page.get_by_text("Nothing is changed before you confirm")).to_be_visible()
    expect(page.get_by_text("It is “Third” now, and was left as it is.")).to_be_visible()
    look(page, "undo-preview")
    page.set_viewport_size({"width": 1132, "height": 900})
    page.get_by_role("link", name="Undo this").click()
    dialog = page.get_by_role("dialog", name="Undo this?")
    expect(dialog.get_by_text("makes the same changes again")).to_be_visible()
    if folder := os.environ.get("UNDO_SHOTS"):
        page.screenshot(path=f"{folder}/dialog.png")
    dialog.get_by_label("And at the same time").select_option("test")
    dialog.get_by_role("button", name="Undo this").click()
    expect(page.get_by_text("3 values of 2 students were restored.")).to_be_visible()
    look(page, "undo-done")
    other.refresh_from_db()
    integration.refresh_from_db()
    assert (other.last_name != "Second", integration.test_run) == (True, True)
    large = renamed(
        integration.school, undoing.AT_ONCE + 1
    )  # a worker plans this one; the page comes to its preview by itself
    page.goto(f"{page.url.split('/runs/')[0]}/runs/{large.pk}/")
    page.get_by_role("button", name="Undo this run…").click()
    expect(page.get_by_text("Values to restore: 1,001, of 1,001 students.")).to_be_visible()
    expect(page.get_by_role("link", name="Undo this")).to_be_visible()
