"""Step 1.2 Select Mapping, and starting runs."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from rollbook.sync.models import Integration, Mode, Run, RunState
from tests.web.conftest import MakeRun

pytestmark = pytest.mark.django_db

REQUIRED = ("id", "email", "first_name", "last_name", "projected_graduation_year")


@pytest.fixture
def address(school: School, connected: Integration) -> str:
    return reverse("select-mapping", args=[school.pk, connected.pk])


def rows_of(connected: Integration) -> list[str]:
    return [f"{theirs}:{ours}" for theirs, ours in connected.mapping]


def test_required_rows_carry_a_star_and_no_x(admin: Client, address: str) -> None:
    page = admin.get(address).content.decode()
    rows = re.findall(r'<li class="mapping-row">.*?</li>', page, re.S)
    for name in REQUIRED:
        [row] = [row for row in rows if f'value="{name}:' in row]
        assert ">*</span>" in row, name
        assert "<button" not in row, name
    assert 'aria-label="Remove Date of birth"' in page
    assert 'aria-label="Remove Gender"' in page
    for words in ("Step 1.2 Select Mapping", "Save & Trigger Now", ">Save<"):
        assert words in page, words


@pytest.mark.parametrize(
    "headers", [{}, {"HX-Request": "true"}], ids=["without JavaScript", "with htmx"]
)
def test_an_optional_row_is_removed_with_x_and_added_back(
    admin: Client, address: str, connected: Integration, headers: dict[str, str]
) -> None:
    rows = rows_of(connected)
    page = admin.post(
        address, {"row": rows, "remove": "birth_date:birth_date"}, headers=headers
    ).content.decode()
    assert "Remove Date of birth" not in page
    assert "Add Date of birth" in page
    assert "autofocus" in page
    left = re.findall(r'name="row" value="([^"]+)"', page)
    assert "birth_date:birth_date" not in left
    connected.refresh_from_db()
    assert ["birth_date", "birth_date"] in connected.mapping, "nothing is saved before Save"
    back = admin.post(
        address, {"row": left, "add": "birth_date:birth_date"}, headers=headers
    ).content.decode()
    assert "Remove Date of birth" in back


def test_save_keeps_the_mapping_and_starts_nothing(
    admin: Client, address: str, connected: Integration
) -> None:
    rows = [row for row in rows_of(connected) if not row.startswith("birth_date")]
    response = admin.post(address, {"row": rows, "action": "save"}, follow=True)
    assert "Saved. Nothing was started." in response.content.decode()
    connected.refresh_from_db()
    assert ["birth_date", "birth_date"] not in connected.mapping
    assert not Run.objects.exists()


def test_a_mapping_without_a_required_row_is_refused(
    admin: Client, address: str, connected: Integration
) -> None:
    rows = [row for row in rows_of(connected) if not row.startswith("email")]
    page = admin.post(address, {"row": rows, "action": "trigger"}).content.decode()
    assert "These rows are required: Email." in page
    assert not Run.objects.exists()


def test_a_row_that_the_sis_does_not_have_is_refused(
    admin: Client, address: str, connected: Integration
) -> None:
    rows = [*rows_of(connected), "shoe_size:gender"]
    page = admin.post(address, {"row": rows, "action": "save"}).content.decode()
    assert "One of the rows is not a field of this SIS." in page
    assert "Remove Gender" in page, "the rows that were kept are still there"


def test_save_and_trigger_now_starts_one_run_however_often_it_is_sent(
    admin: Client, address: str, connected: Integration
) -> None:
    answers: list[Any] = [
        admin.post(address, {"row": rows_of(connected), "action": "trigger"}) for _ in range(3)
    ]
    run = Run.objects.get()
    assert {answer["Location"] for answer in answers} == {
        reverse("run", args=[connected.school_id, run.pk])
    }
    assert run.mode == Mode.TEST
    assert "was already under way" in admin.get(answers[0]["Location"]).content.decode()


def test_active_off_refuses_and_says_why(
    admin: Client, school: School, address: str, connected: Integration
) -> None:
    connected.active = False
    connected.save()
    response = admin.post(address, {"row": rows_of(connected), "action": "trigger"}, follow=True)
    page = response.content.decode()
    assert "Nothing was started, because Active is switched off for PowerSchool." in page
    assert "Switch Active on in Step 1.1" in page
    assert "Active is off for PowerSchool." in page
    from_history = admin.post(reverse("trigger", args=[school.pk, connected.pk]), follow=True)
    assert from_history.redirect_chain[-1][0] == reverse("history", args=[school.pk])
    assert "Active is switched off" in from_history.content.decode()
    assert not Run.objects.exists()


def test_trigger_now_leads_to_the_run_that_is_under_way(
    admin: Client, school: School, connected: Integration, make_run: MakeRun
) -> None:
    held = make_run(RunState.ON_HOLD)
    response = admin.post(reverse("trigger", args=[school.pk, connected.pk]))
    assert response["Location"] == reverse("run", args=[school.pk, held.pk])
    assert Run.objects.count() == 1
