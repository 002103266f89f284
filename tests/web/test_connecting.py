"""Step 1.1 before it is saved: the connection test, and what was typed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School, User
from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from rollbook.sync.models import CheckState, ConnectionDraft, ConnectionTest, Integration
from rollbook.sync.setup import credentials

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/here/?source=powerschool"}


@pytest.fixture(scope="module")
def sis() -> Iterator[StandIn]:
    with powerschool.serve(students=40, seed=7) as running:
        yield running


@pytest.fixture
def address(school: School) -> str:
    return reverse("configure-sis", args=[school.pk])


def typed(sis: StandIn, **changed: Any) -> dict[str, Any]:
    usual = {
        "source": "powerschool",
        "shown": "powerschool",
        "shown_variant": "",
        "credential-client_id": sis.client_id,
        "credential-client_secret": sis.client_secret,
        "credential-client_url": sis.url,
        "grades": ["9", "10", "11", "12"],
        "schools": ["300"],
        "active": "on",
        "test_run": "on",
        "action": "next",
    }
    return {name: value for name, value in (usual | changed).items() if value is not None}


def steps(page: str) -> list[str]:
    """Return the state of each step of the test that the page shows."""
    return re.findall(r'<li class="check-(\w+)">', page)


def test_next_step_tests_and_saves_what_works(admin: Client, address: str, sis: StandIn) -> None:
    answer = admin.post(address, typed(sis))
    saved = Integration.objects.get()
    assert answer["Location"] == reverse("select-mapping", args=[saved.school_id, saved.pk])
    assert saved.proved_at
    assert credentials.load(saved)["client_secret"] == sis.client_secret
    assert not ConnectionDraft.objects.exists()
    assert ">Connected<" in re.sub(r"\s", "", admin.get(address).content.decode())


def test_a_failed_test_saves_nothing_and_loses_nothing(
    admin: Client, address: str, sis: StandIn
) -> None:
    wrong = typed(sis, **{"credential-client_url": sis.url.replace("127.0.0.1", "nowhere.invalid")})
    page = admin.post(address, wrong, follow=True).content.decode()
    assert steps(page)[0] == "failed"
    assert "Nothing was saved. What you typed is kept" in page
    assert not Integration.objects.exists()
    assert "Connected" not in page
    assert f'value="{sis.client_id}"' in page
    assert "nowhere.invalid" in page
    assert "Typed, not saved yet, never shown" in page
    assert sis.client_secret not in page
    assert re.search(r'value="12" checked', page)
    assert not re.search(r'name="notify_on_errors"[^>]* checked', page), (
        "switched off, it stays off"
    )
    mended = typed(sis, **{"credential-client_secret": None})
    assert admin.post(address, mended).status_code == 302
    assert Integration.objects.get().proved_at, "the secret need not be typed again"


def test_swapped_credentials_are_put_right_by_a_button(
    admin: Client, address: str, sis: StandIn
) -> None:
    swapped = {
        "credential-client_id": sis.client_secret,
        "credential-client_secret": sis.client_id,
    }
    page = admin.post(address, typed(sis, **swapped, action="test"), follow=True).content.decode()
    assert "are the wrong way round" in page
    assert 'value="swap"' in page
    kept = typed(
        sis,
        **{"credential-client_id": sis.client_secret, "credential-client_secret": None},
        action="swap",
    )
    page = admin.post(address, kept, follow=True).content.decode()
    assert set(steps(page)) <= {"passed", "skipped"}
    assert "The connection works" in page
    assert f'value="{sis.client_id}"' in page
    assert sis.client_secret not in page


def test_an_http_address_is_tried_with_https(admin: Client, address: str, sis: StandIn) -> None:
    plain = {"credential-client_url": "http://ps.lincoln.invalid", "action": "test"}
    page = admin.post(address, typed(sis, **plain), follow=True).content.decode()
    assert "Try it with https" in page
    answer = admin.post(address, typed(sis, **plain | {"action": "https"}), follow=True)
    assert 'value="https://ps.lincoln.invalid"' in answer.content.decode()


def test_what_was_typed_survives_another_sis_and_another_version(
    admin: Client, address: str, sis: StandIn
) -> None:
    to_veracross = typed(sis, source="veracross", action="pick")
    admin.post(address, to_veracross, headers=HTMX)
    to_v2 = {
        "source": "veracross",
        "shown": "veracross",
        "shown_variant": "v3",
        "variant": "v2",
        "credential-user_name": "id of v3",
        "credential-password": "secret of v3",
        "action": "pick",
    }
    page = admin.post(address, to_v2, headers=HTMX).content.decode()
    assert "Typed, not saved yet" not in page, "a secret of v3 is none of v2"
    back = {"source": "powerschool", "shown": "veracross", "shown_variant": "v2", "action": "pick"}
    page = admin.post(address, back, headers=HTMX).content.decode()
    assert f'value="{sis.client_id}"' in page
    assert "Typed, not saved yet" in page
    page = admin.get(f"{address}?source=veracross&variant=v3").content.decode()
    assert 'value="id of v3"' in page
    assert "secret of v3" not in page


def test_what_was_typed_is_kept_while_typing_and_shown_after_signing_in_again(
    admin: Client, address: str, sis: StandIn, administrator: User
) -> None:
    assert admin.post(address, typed(sis, action="keep"), headers=HTMX).status_code == 204
    admin.logout()
    answer = admin.post(address, typed(sis, action="keep"), headers=HTMX)
    assert answer["HX-Redirect"].endswith("?next=/here/%3Fsource%3Dpowerschool")
    admin.force_login(administrator)
    page = admin.get(address).content.decode()
    assert "Not saved yet." in page
    assert f'value="{sis.client_id}"' in page
    page = admin.post(address, typed(sis, action="discard"), follow=True).content.decode()
    assert "Not saved yet." not in page
    assert f'value="{sis.client_id}"' not in page


def test_nobody_else_sees_what_was_typed(
    admin: Client, elsewhere: Client, address: str, sis: StandIn, school: School
) -> None:
    admin.post(address, typed(sis, action="test"))
    test = ConnectionTest.objects.get()
    panel = reverse("connection-test", args=[school.pk, test.pk])
    assert "check-passed" in admin.get(panel, headers=HTMX).content.decode()
    other = School.objects.exclude(pk=school.pk).get()
    for page in (panel, reverse("connection-test", args=[other.pk, test.pk])):
        assert elsewhere.get(page).status_code == 404
    draft = ConnectionDraft.objects.get()
    assert sis.client_secret.encode() not in bytes(draft.secrets)
    assert sis.client_secret not in str(draft.values)


def test_a_secret_that_was_accepted_does_not_go_to_another_address(
    admin: Client, address: str, sis: StandIn
) -> None:
    admin.post(address, typed(sis, action="test"))
    moved = {"credential-client_url": "https://elsewhere.invalid", "credential-client_secret": None}
    page = admin.post(address, typed(sis, **moved)).content.decode()
    assert "Enter the Client Secret." in page
    assert ConnectionTest.objects.count() == 1


def test_switches_are_saved_while_the_sis_is_down(
    admin: Client, address: str, connected: Integration
) -> None:
    off = {
        "source": "powerschool",
        "credential-client_id": "our-id",
        "credential-client_url": "https://ps.lincoln.example",
        "grades": ["9", "10"],
        "action": "next",
    }
    assert admin.post(address, off).status_code == 302
    connected.refresh_from_db()
    assert not connected.active
    assert connected.proved_at is None
    page = admin.get(address).content.decode()
    assert "Saved, not tested" in page
    assert "Connected" not in page
    assert not ConnectionTest.objects.filter(state=CheckState.RUNNING).exists()
