"""Step 1.1 Configure your SIS."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import AuditEntry, School
from rollbook.sources.base import CredentialField, MappingRow, Variant
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import Credential, Integration
from rollbook.sync.setup import credentials
from tests.connecting import proved
from tests.web.conftest import SECRET

pytestmark = pytest.mark.django_db

FILLED = {
    "source": "powerschool",
    "credential-client_id": "our-id",
    "credential-client_secret": SECRET,
    "credential-client_url": "https://ps.lincoln.example",
    "grades": ["9", "10", "11", "12"],
    "active": "on",
    "test_run": "on",
    "notify_on_errors": "on",
    "action": "next",
}


@pytest.fixture(autouse=True)
def works(school: School) -> None:
    """The SIS would accept what is typed here."""
    credentials = {"client_id": "our-id", "client_secret": SECRET}
    proved(school, "powerschool", "", client_url="https://ps.lincoln.example", **credentials)


def post(admin: Client, school: School, **changed: Any) -> Any:
    data = {key: value for key, value in (FILLED | changed).items() if value is not None}
    return admin.post(reverse("configure-sis", args=[school.pk]), data)


def test_the_form_has_the_words_people_know(admin: Client, school: School) -> None:
    page = admin.get(reverse("configure-sis", args=[school.pk])).content.decode()
    labels = (
        "Step 1.1 Configure your SIS",
        "Choose an SIS",
        "PowerSchool",
        "Client ID",
        "Client Secret",
        "Client URL",
        "Grades",
    )
    for label in (
        *labels,
        "Active",
        "Test Run",
        "Email Notifications",
        "Next Step",
        "Pre-K",
        "High (9–12)",
    ):
        assert label in page, label


def test_next_step_saves_and_leads_to_the_mapping(admin: Client, school: School) -> None:
    response = post(admin, school)
    saved = Integration.objects.get()
    assert response["Location"] == reverse("select-mapping", args=[school.pk, saved.pk])
    assert (saved.grades, saved.active, saved.test_run, saved.notify_on_errors) == (
        [9, 10, 11, 12],
        True,
        True,
        True,
    )
    assert credentials.load(saved)["client_secret"] == SECRET


def test_the_page_says_who_changed_the_credentials_and_when_they_were_used(
    admin: Client, school: School
) -> None:
    post(admin, school)
    page = reverse("configure-sis", args=[school.pk])
    shown = admin.get(page).content.decode()
    assert "by Ada Admin." in shown and "Not used yet." in shown
    credentials.note_use(Integration.objects.get())
    assert "Last used <time" in admin.get(page).content.decode()


def test_the_page_says_that_stored_credentials_cannot_be_read(
    admin: Client, school: School
) -> None:
    post(admin, school)
    Credential.objects.filter(name="client_id").update(ciphertext=b"\x00")
    shown = admin.get(reverse("configure-sis", args=[school.pk])).content.decode()
    assert "Nothing syncs until you enter the credentials again." in shown


def test_pre_kindergarten_and_kindergarten_can_be_chosen(admin: Client, school: School) -> None:
    post(admin, school, grades=["-1", "0"])
    assert Integration.objects.get().grades == [-1, 0]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("https://me:hidden@ps.lincoln.example", "has a user name or password in it"),
        ("ftp://ps.lincoln.example", "This is not a web address."),
        ("https://169.254.169.254", "an address that Rollbook never connects to"),
        ("http://8.8.8.8", "without encryption"),
    ],
)
def test_an_address_that_no_run_could_use_is_not_saved(
    admin: Client, school: School, address: str, message: str
) -> None:
    secrets = {"client_id": "our-id", "client_secret": SECRET}
    proved(school, "powerschool", "", client_url=address, **secrets)
    page = post(admin, school, **{"credential-client_url": address}).content.decode()
    assert message in page
    assert not Integration.objects.exists()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("credential-client_id", "Enter the Client ID."),
        ("credential-client_secret", "Enter the Client Secret."),
        ("credential-client_url", "Enter the Client URL."),
        ("grades", "Choose at least one grade"),
    ],
)
def test_what_is_missing_is_said_at_its_field_and_the_rest_is_kept(
    admin: Client, school: School, missing: str, message: str
) -> None:
    page = post(admin, school, **{missing: None}).content.decode()
    assert page.count(message) == 2, "once in the summary, once at the field"
    assert not Integration.objects.exists()
    if missing != "credential-client_id":
        assert 'value="our-id"' in page
    assert SECRET not in page


def test_a_secret_is_never_sent_back(admin: Client, school: School, connected: Integration) -> None:
    page = admin.get(reverse("configure-sis", args=[school.pk])).content.decode()
    assert "Stored, never shown" in page
    assert "Replace" in page
    assert 'value="our-id"' in page
    assert SECRET not in page
    failed = post(admin, school, grades=None).content.decode()
    assert SECRET not in failed
    assert "Typed, not saved yet, never shown" in failed, "it need not be typed again"


def test_an_empty_secret_keeps_the_stored_one(
    admin: Client, school: School, connected: Integration
) -> None:
    assert post(admin, school, **{"credential-client_secret": None}).status_code == 302
    assert credentials.load(connected)["client_secret"] == SECRET


def test_another_client_url_asks_for_the_secret_again(
    admin: Client, school: School, connected: Integration
) -> None:
    moved = {"credential-client_secret": None, "credential-client_url": "https://elsewhere.example"}
    page = post(admin, school, **moved).content.decode()
    assert "The address changed, so the stored Client Secret was not kept." in page
    assert "Stored, never shown" not in page, "the field to enter it is open"
    assert credentials.load(connected)["client_url"] == "https://ps.lincoln.example", (
        "nothing was saved"
    )


def test_changing_one_thing_does_not_count_as_replacing_every_credential(
    admin: Client, school: School, connected: Integration
) -> None:
    post(admin, school, **{"credential-client_secret": None, "test_run": None})
    entry = AuditEntry.objects.filter(action="integration.saved").latest("pk")
    assert entry.detail["credentials_replaced"] == []
    assert entry.detail["test_run"] is False


def test_a_sis_that_is_registered_is_offered_with_its_own_fields(
    admin: Client, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fields(*labels: str) -> tuple[CredentialField, ...]:
        return tuple(
            CredentialField(
                label.lower().replace(" ", "_"), label, "secret" if "Pass" in label else "text"
            )
            for label in labels
        )

    rows = (MappingRow("person_pk", "sis_id", True),)
    two = replace(
        SOURCES["powerschool"],
        slug="otherworld",
        label="Otherworld",
        variants=(
            Variant("v2", "Version 2", fields("User Name", "Password", "Client"), rows),
            Variant("v3", "Version 3", fields("Client ID", "Client Pass", "School Route"), rows),
        ),
        grade_field="grade",
    )
    monkeypatch.setitem(SOURCES, "otherworld", two)
    address = reverse("configure-sis", args=[school.pk])
    assert "Otherworld" in admin.get(address).content.decode()
    typed = {
        "action": "pick",
        "source": "otherworld",
        "credential-client": "typed already",
        "grades": ["9"],
    }
    part = admin.post(address, typed, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    for label in ("API version", "User Name", "Password", "School Route"):
        assert (label in part) is (label != "School Route"), label
    assert 'value="typed already"' in part
    whole = admin.post(address, {**typed, "variant": "v3"}).content.decode()
    assert "School Route" in whole
    assert "Step 1.1" in whole, "without JavaScript the whole page comes back"
    assert re.search(r'value="9" checked', whole)
    assert not Integration.objects.exists(), "picking saves nothing"


def test_the_screen_says_when_scheduled_runs_are_only_rehearsals(
    admin: Client, school: School, connected: Integration
) -> None:
    for name in ("configure-sis", "history"):
        assert (
            "scheduled runs are rehearsals only"
            in admin.get(reverse(name, args=[school.pk])).content.decode()
        )
    connected.test_run = False
    connected.save()
    assert "rehearsals only" not in admin.get(reverse("history", args=[school.pk])).content.decode()
