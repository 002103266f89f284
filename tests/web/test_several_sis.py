"""A school with two SISs: each is set up, scheduled and triggered on its own."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School, User
from rollbook.sync.models import Integration, Mode, Run, RunState
from rollbook.sync.setup import credentials, integrations
from tests.connecting import proved
from tests.web.conftest import MakeRun

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
VERACROSS = {
    "source": "veracross",
    "shown": "veracross",
    "variant": "v2",
    "credential-user_name": "api.acs",
    "credential-password": "of version 2",
    "credential-client": "acs",
    "grades": ["0", "1"],
    "active": "on",
    "action": "next",
}


@pytest.fixture
def second(school: School, administrator: User, connected: Integration) -> Integration:
    """Veracross beside the PowerSchool of `connected`: other grades, live."""
    return integrations.save_connection(
        school,
        administrator,
        integrations.ConnectionSettings(
            source="veracross",
            variant="v2",
            choices={},
            credentials={"user_name": "api.acs", "password": "of version 2", "client": "acs"},
            grades=[0, 1, 2],
            active=True,
            test_run=False,
            notify_on_errors=False,
        ),
    )


@pytest.fixture
def address(school: School) -> str:
    return reverse("configure-sis", args=[school.pk])


def labels(page: str) -> list[str]:
    """The labels of the credential boxes, as they stand in the page."""
    return re.findall(
        r'(?:label for="id_credential-\w+"|span class="label")>(?:New )?([^<]+)<',
        html.unescape(page),
    )


@pytest.mark.parametrize("htmx", [True, False])
def test_the_labels_follow_the_version(admin: Client, address: str, htmx: bool) -> None:
    headers = HTMX if htmx else {}
    typed: dict[str, Any] = {"action": "pick", "source": "veracross", "shown": "powerschool"}
    first = admin.post(address, typed, headers=headers).content.decode()
    assert labels(first) == ["User Name", "Password", "Client"]
    assert "API v3" in first and "API v2 (legacy)" in first
    typed |= {
        "shown": "veracross",
        "variant": "v3",
        "credential-client": "acs",
        "credential-password": "typed already",
    }
    other = admin.post(address, typed, headers=headers).content.decode()
    assert labels(other) == ["Client ID", "Client Secret", "School Route"]
    assert 'value="acs"' in other, "what was typed stays"
    assert "typed already" not in other, "but a secret is never sent back"
    assert ("Step 1.1" in other) is not htmx


def test_a_switch_that_was_turned_off_stays_off_while_picking_without_scripts(
    admin: Client, address: str
) -> None:
    page = admin.post(
        address, {"action": "pick", "source": "veracross", "active": "on"}
    ).content.decode()
    assert re.search(r'name="active"[^>]* checked', page)
    assert not re.search(r'name="test_run"[^>]* checked', page)


def test_each_version_is_saved_with_its_own_boxes_and_rows(
    admin: Client, address: str, school: School
) -> None:
    works = {"user_name": "api.acs", "password": "of version 2", "client": "acs"}
    proved(school, "veracross", "v2", **works)
    admin.post(address, VERACROSS)
    saved = Integration.objects.get()
    assert (saved.variant, credentials.load(saved)["password"]) == ("v2", "of version 2")
    mapping = admin.get(reverse("select-mapping", args=[school.pk, saved.pk])).content.decode()
    for field in ("person_pk", "email_1", "graduation_year", "Personal Email Address"):
        assert field in mapping
    changed = VERACROSS | {"variant": "v3", "credential-password": ""}
    assert "Enter the Client Secret." in admin.post(address, changed).content.decode(), (
        "the secret of another version is not taken over"
    )


@pytest.mark.parametrize("htmx", [True, False])
def test_picking_the_other_one_opens_its_own_settings(
    admin: Client, address: str, second: Integration, htmx: bool
) -> None:
    """Its grades and switches are not those of the one that was shown before."""
    typed = {
        "action": "pick",
        "source": "veracross",
        "shown": "powerschool",
        "grades": ["9", "10"],
        "test_run": "on",
        "active": "on",
    }
    response = admin.post(address, typed, headers=HTMX if htmx else {})
    leads_to = response["HX-Redirect"] if htmx else response["Location"]
    assert leads_to == f"{address}?source=veracross"
    page = admin.get(leads_to).content.decode()
    assert re.findall(r'name="grades" value="(-?\d+)" checked', page) == ["0", "1", "2"]
    assert not re.search(r'name="test_run"[^>]* checked', page)
    assert "rehearsals only" not in page


def test_settings_of_one_are_never_saved_over_the_other(
    admin: Client, address: str, second: Integration
) -> None:
    """Without scripts: another SIS ticked, and Next Step pressed at once."""
    wrong = VERACROSS | {"shown": "powerschool", "grades": ["9", "10"], "test_run": "on"}
    assert admin.post(address, wrong)["Location"] == f"{address}?source=veracross"
    second.refresh_from_db()
    assert (second.grades, second.test_run) == ([0, 1, 2], False)
    admin.post(address, VERACROSS)
    second.refresh_from_db()
    assert second.grades == [0, 1]
    assert Integration.objects.get(source="powerschool").grades == [9, 10]


def test_the_history_lists_both_and_each_is_triggered_on_its_own(
    admin: Client, school: School, second: Integration, make_run: MakeRun
) -> None:
    make_run(mode=Mode.TEST)
    Run.objects.create(
        school=school,
        integration=second,
        source="veracross",
        mode=Mode.LIVE,
        trigger="schedule",
        state=RunState.DONE,
    )
    page = html.unescape(admin.get(reverse("history", args=[school.pk])).content.decode())
    for words in (
        ">Test PowerSchool Student<",
        ">Veracross Student<",
        "Trigger now: PowerSchool",
        "Trigger now: Veracross",
    ):
        assert words in page, words
    assert "Test Run is on for PowerSchool" in page
    assert "Test Run is on for Veracross" not in page
    response = admin.post(reverse("trigger", args=[school.pk, second.pk]))
    started = Run.objects.get(state=RunState.QUEUED)
    assert started.source == "veracross"
    assert str(started.pk) in response["Location"]


def test_a_failed_run_leads_to_the_settings_of_its_own_sis(
    admin: Client, school: School, second: Integration
) -> None:
    failed = Run.objects.create(
        school=school,
        integration=second,
        source="veracross",
        mode=Mode.LIVE,
        trigger="person",
        state=RunState.FAILED,
        error_what="No.",
    )
    page = admin.get(reverse("run", args=[school.pk, failed.pk])).content.decode()
    assert "?source=veracross" in page
    assert "?source=powerschool" not in page


def test_the_upload_page_says_how_each_stands(
    admin: Client, school: School, second: Integration
) -> None:
    page = admin.get(reverse("upload", args=[school.pk])).content.decode()
    for words in (
        "PowerSchool connected",
        "Veracross connected",
        reverse("schedule", args=[school.pk, "veracross"]),
    ):
        assert words in page, words
    second.active = False
    second.save()
    assert "1 of 2 active" in admin.get(reverse("upload", args=[school.pk])).content.decode()
