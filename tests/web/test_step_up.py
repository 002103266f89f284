"""What matters most asks for a fresh proof, and then goes on."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School, User
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration, RunState
from tests.web.conftest import MakeRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def old_session(admin: Client) -> Client:
    """An administrator who signed in 16 minutes ago."""
    admin.get("/schools/")
    session = admin.session
    session["began"] -= 16 * 60
    session.save()
    return admin


def confirm(client: Client, address: str, password: str) -> Any:
    wrong = client.post(address, {"password": "wrong"})
    assert "This password is wrong" in wrong.content.decode()
    return client.post(address, {"password": password})


@pytest.mark.parametrize("name", ["students-csv", "students-xlsx", "registrar-csv"])
def test_a_file_with_students_asks_and_then_comes_with_its_filter(
    name: str, old_session: Client, school: School, password: str
) -> None:
    file = f"{reverse(name, args=[school.pk])}?search=ada"
    asked = old_session.get(file)
    assert asked.status_code == 302 and asked.headers["Location"].startswith("/confirm/?next=")
    confirmed = confirm(old_session, asked.headers["Location"], password)
    assert confirmed.headers["Location"] == file
    answer = old_session.get(file)
    assert answer.status_code == 200
    answer.close()


def test_fifteen_minutes_after_signing_in_nothing_is_asked(admin: Client, school: School) -> None:
    assert admin.get(reverse("students-csv", args=[school.pk])).status_code == 200


def test_an_approval_waits_for_the_proof_and_is_not_lost(
    old_session: Client, school: School, make_run: MakeRun, password: str
) -> None:
    run = make_run(RunState.ON_HOLD)
    approve = reverse("approve", args=[school.pk, run.pk])
    asked = old_session.post(approve, {"only": "additions"})
    run.refresh_from_db()
    assert run.state == RunState.ON_HOLD
    confirmed = confirm(old_session, asked.headers["Location"], password)
    page = old_session.get(confirmed.headers["Location"]).content.decode()
    assert f'action="{approve}"' in page
    assert '<input type="hidden" name="only" value="additions">' in page
    old_session.post(approve, {"only": "additions"})
    run.refresh_from_db()
    assert run.state != RunState.ON_HOLD


def test_credentials_are_saved_after_a_proof_only_and_stay_typed(
    old_session: Client, school: School, connected: Integration, password: str
) -> None:
    page = reverse("configure-sis", args=[school.pk])
    html = old_session.get(page).content.decode()
    version = re.search(r'name="version" value="([^"]*)"', html)
    form = {
        "source": "powerschool",
        "shown": "powerschool",
        "version": version[1] if version else "",
        "credential-client_url": "https://other.lincoln.example",
        "levels": ["9"],
    }
    asked = old_session.post(page, form)
    assert asked.headers["Location"].startswith("/confirm/?next=")
    back = confirm(old_session, asked.headers["Location"], password).headers["Location"]
    assert "https://other.lincoln.example" in old_session.get(back).content.decode()


def test_nobody_else_can_press_the_button_of_a_waiting_form(
    old_session: Client, school: School, make_run: MakeRun, administrator: User
) -> None:
    run = make_run(RunState.ON_HOLD)
    old_session.post(reverse("approve", args=[school.pk, run.pk]))
    old_session.post("/sign-out/")
    old_session.force_login(administrator)
    assert old_session.get("/confirm/go-on/").headers["Location"] == "/"


def test_erasing_asks_before_the_name_is_typed_and_keeps_no_name(
    old_session: Client, school: School
) -> None:
    ada = StudentAccount.objects.create(
        school=school,
        first_name="Ada",
        last_name="Byron",
        email="a@x.example",
        email_key="a@x.example",
    )
    erase = reverse("student-erase", args=[school.pk, ada.pk])
    for asked in (old_session.get(erase), old_session.post(erase, {"name": "Ada Byron"})):
        assert asked.headers["Location"] == f"/confirm/?next={quote(erase, safe='')}"
    assert "Byron" not in str(dict(old_session.session))
    assert StudentAccount.objects.filter(pk=ada.pk).exists()
