"""Cancelling a run on the screens: while the page follows it, and from the history."""

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from rollbook.students.models import StudentAccount
from rollbook.sync.models import Run, RunState, Trigger
from rollbook.sync.runs import claims, requests
from tests.browser.conftest import Visit
from tests.browser.looking import look
from tests.processes import Started

if TYPE_CHECKING:
    from rollbook.sync.models import Integration

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_is_cancelled_while_its_page_follows_it(
    visit: Visit, web: Started, integration: "Integration"
) -> None:
    """A worker has the run; none is needed to cancel it."""
    page = visit()
    run = requests.request(integration, trigger=Trigger.PERSON).run
    assert claims.claim(run.pk)
    page.goto(web.url + reverse("history", args=[run.school_id]))
    page.get_by_role("link", name="Cancel… PowerSchool Student").click()
    dialog = page.get_by_role("dialog", name="Cancel this run?")
    expect(dialog).to_contain_text("No account is changed")
    look(page, "cancel-dialog")
    dialog.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="Cancel run…").click()
    Run.objects.update(students_done=40)
    expect(page.get_by_text("40 students read")).to_be_visible()
    expect(dialog, "the page went on and left the dialog open").to_be_visible()
    dialog.get_by_role("button", name="Cancel run").click()
    expect(page.get_by_text("Cancelled by Ada Admin.")).to_be_visible()
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()
    look(page, "cancelled")
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert not StudentAccount.objects.exists()
    Run.objects.update(state=RunState.APPLYING)
    page.reload()
    expect(page.get_by_text("can't be cancelled any more")).to_be_visible()
