"""Second factors in a real browser, with a made-up security key: set up, sign in, lose one."""

import re

import pytest
from allauth.mfa.totp.internal import auth as totp
from playwright.sync_api import Page, expect

from rollbook.schools.models import School, User
from tests.browser.looking import look
from tests.processes import Started

pytestmark = pytest.mark.django_db(transaction=True)

FEW_WIDTHS = (320, 360, 1132)


@pytest.fixture
def site(page: Page, web: Started) -> str:
    """The address of the site by a name that passkeys may be bound to, with a virtual key."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    assert web.url
    return web.url.replace("127.0.0.1", "localhost")


def sign_in(page: Page, site: str, person: User, password: str) -> None:
    page.goto(f"{site}/sign-in/")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page, site: str) -> None:
    page.goto(f"{site}/security/")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_passkey_signs_in_alone_or_after_the_password(
    page: Page, site: str, administrator: User, school: School, password: str
) -> None:
    sign_in(page, site, administrator, password)
    page.goto(f"{site}/security/")
    look(page, "security", FEW_WIDTHS)
    page.get_by_role("link", name="Add a passkey").click()
    look(page, "passkey-add", FEW_WIDTHS)
    page.get_by_label("Name of this passkey").fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    look(page, "recovery-codes", FEW_WIDTHS)
    sign_out(page, site)
    look(page, "sign-in", FEW_WIDTHS)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(re.compile("/upload/"))
    sign_out(page, site)
    sign_in(page, site, administrator, password)
    look(page, "second-factor", FEW_WIDTHS)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(re.compile("/upload/"))


def test_an_authenticator_app_is_set_up_used_and_lost(
    page: Page, site: str, administrator: User, school: School, password: str
) -> None:
    sign_in(page, site, administrator, password)
    page.goto(f"{site}/security/")
    page.get_by_role("link", name="Set up an authenticator app").click()
    look(page, "app-add", FEW_WIDTHS)
    page.get_by_text("Can't scan it?").click()
    secret = page.locator(".code").inner_text()
    step = list(totp.yield_hotp_counters_from_time())[1]
    page.get_by_role("textbox", name="Code").fill(
        totp.format_hotp_value(totp.hotp_value(secret, step))
    )
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    recovery = page.locator("li.code").first.inner_text()
    sign_out(page, site)

    sign_in(page, site, administrator, password)
    later = totp.format_hotp_value(totp.hotp_value(secret, step + 1))
    page.get_by_role("textbox", name="Code").fill(
        later
    )  # of the next half minute, as on a fast phone
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile("/upload/"))
    sign_out(page, site)

    sign_in(page, site, administrator, password)
    page.get_by_role("textbox", name="Code").fill(later)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("This code is wrong or was used already")).to_be_visible()
    page.get_by_role("textbox", name="Code").fill(recovery)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile("/upload/"))
    page.goto(f"{site}/security/")
    expect(page.get_by_text("9 codes are left.")).to_be_visible()
    look(page, "security-set-up", FEW_WIDTHS)
    page.get_by_role("link", name="Remove").click()
    look(page, "app-remove", FEW_WIDTHS)
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("link", name="Set up an authenticator app")).to_be_visible()
    sign_out(page, site)
    sign_in(page, site, administrator, password)
    page.wait_for_url(re.compile("/upload/"))
