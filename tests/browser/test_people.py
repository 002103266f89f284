"""People in a real browser: an owner invites, a person accepts, and loses the access again."""

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from rollbook.schools import operators, staff_invitations
from rollbook.schools.models import Membership, StaffInvitation, User
from tests.browser.conftest import Visit
from tests.browser.looking import look
from tests.processes import Started

if TYPE_CHECKING:
    from rollbook.schools.models import School

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = "seven quiet otters climb"
NEW = "nell.with-quite-a-long-address@staff.lincoln.example"


def test_a_person_is_invited_accepts_and_is_removed(
    visit: Visit, web: Started, school: "School", administrator: User, browser: Browser
) -> None:
    Membership.objects.filter(user=administrator).update(role="owner")
    page = visit()
    page.get_by_role("link", name="People").click()
    look(page, "people-empty")
    page.get_by_label("E-mail").fill(NEW)
    page.get_by_role("radio", name="Administrator").check()
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_text(f"{NEW} gets an e-mail")).to_be_visible()
    look(page, "people-invited")
    invitation = StaffInvitation.objects.get()
    token = staff_invitations.token_of(invitation)
    address = f"{web.url}{reverse('staff-invitation', args=[invitation.pk, token])}"
    page.goto(address)
    expect(page.get_by_text("You are signed in as")).to_be_visible()
    look(page, "invitation-other")
    with browser.new_context() as context:
        nell = context.new_page()
        nell.goto(address)
        look(nell, "invitation-new")
        nell.get_by_label("Your name").fill("Nell New")
        nell.get_by_label("New password").fill("short")
        nell.get_by_label("The same password again").fill("short")
        nell.get_by_role("button", name="Accept the invitation").click()
        expect(nell.get_by_text("too short")).to_be_visible()
        look(nell, "invitation-refused")
        nell.get_by_label("New password").fill(GOOD)
        nell.get_by_label("The same password again").fill(GOOD)
        nell.get_by_role("button", name="Accept the invitation").click()
        nell.get_by_role("heading", name="Upload", exact=True).wait_for()
        page.goto(f"{web.url}{reverse('people', args=[school.pk])}")
        page.get_by_role("link", name="Change Nell New").click()
        look(page, "person")
        page.get_by_role("link", name="Remove").click()
        look(page, "person-remove", widths=(360, 1132))
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("Nell New was removed from this school.")).to_be_visible()
        nell.reload()
        nell.get_by_role("heading", name="Sign in").wait_for()
        nell.goto(address)
        expect(nell.get_by_text("accepted already")).to_be_visible()
        look(nell, "invitation-closed")


def test_an_operator_enters_a_school_in_an_emergency(
    visit: Visit, web: Started, school: "School", password: str, browser: Browser
) -> None:
    operator = User.objects.create_user("ops@district.example", "Ola Operator", password)
    operators.make_operator(operator, "command line")
    page = visit()
    with browser.new_context() as context:
        ola = context.new_page()
        ola.goto(web.url)
        ola.get_by_label("E-mail").fill(operator.email)
        ola.get_by_label("Password").fill(password)
        ola.get_by_role("button", name="Sign in", exact=True).click()
        ola.get_by_role("heading", name="Schools").wait_for()
        look(ola, "installation")
        ola.get_by_role("link", name="Health").click()
        look(ola, "installation-health")
        ola.goto(f"{web.url}{reverse('installation-school', args=[school.pk])}")
        look(ola, "installation-school")
        ola.get_by_label("Reason").fill("The weekly run hangs, asked for by Ms Park")
        ola.get_by_role("button", name="Enter the school").click()
        expect(ola.get_by_text("You have emergency access")).to_be_visible()
        look(ola, "emergency-operator")
        page.reload()
        expect(page.get_by_text("Ola Operator (ops@district.example)")).to_be_visible()
        look(page, "emergency-school")
        ola.get_by_role("button", name="Leave now").click()
        expect(ola.get_by_text("The operator's access has ended.")).to_be_visible()
    page.get_by_role("link", name="People").click()
    look(page, "people-visits")
