"""Rules on the screens: edit and keep a value, protect, never import; also on a phone."""

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from rollbook.students.models import FieldLock, StudentAccount
from tests.browser.conftest import Visit
from tests.browser.looking import look
from tests.processes import Started

if TYPE_CHECKING:
    from rollbook.sync.models import Integration

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(integration: "Integration") -> StudentAccount:
    told = {
        "school": integration.school,
        "source": "powerschool",
        "sis_id": "7",
        "graduation_year": 2028,
    }
    return StudentAccount.objects.create(
        **told,
        first_name="Ada",
        last_name="Byron",
        email="ada@x.example",
        email_key="ada@x.example",
    )


def test_a_value_is_kept_and_the_page_says_so(
    visit: Visit, web: Started, ada: StudentAccount
) -> None:
    page = visit()
    page.goto(f"{web.url}{reverse('student', args=[ada.school_id, ada.pk])}")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Last name").first.fill("King")
    page.get_by_label("Keep this value: Last name").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Kept by hand").first).to_be_visible()
    assert FieldLock.objects.get().field == "last_name"
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Reason").fill("Court order")
    page.get_by_role("button", name="Protect", exact=True).click()
    expect(page.get_by_text("Court order").first).to_be_visible()


def test_the_screens_are_for_everybody_and_fit_a_phone(
    visit: Visit, web: Started, ada: StudentAccount, integration: "Integration"
) -> None:
    page = visit()
    for name, more in (
        ("student-edit", [ada.pk]),
        ("never-import", []),
        ("leavers", ["powerschool"]),
        ("schedule", ["powerschool"]),
        ("select-mapping", [integration.pk]),
    ):
        page.goto(f"{web.url}{reverse(name, args=[ada.school_id, *more])}")
        look(page, name)
