"""The words that people know from elsewhere are on the screens, exactly."""

import html
from errno import ENOSPC
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.urls import reverse
from psycopg.errors import DiskFull

from rollbook.schools.models import School
from rollbook.sync.models import Integration, Mode, ReportFile, ReportState, RunState
from rollbook.web.errors import server_error
from rollbook.web.runs.run_display import BADGES
from tests.web.conftest import MakeRun

pytestmark = pytest.mark.django_db

WORDS = {
    "upload": (
        "Account",
        "Upload",
        "Import Users",
        "Start Setup and Integrate",
        "Upload & Integration History",
        "The Bulk Uploader",
    ),
    "configure-sis": (
        *(
            "Step 1.1 Configure your SIS",
            "Choose an SIS",
            "Client ID",
            "Client Secret",
            "Client URL",
        ),
        *("Grades", "Active", "Test Run", "Email Notifications", "Next Step"),
    ),
    "select-mapping": (
        *(
            "Step 1.2 Select Mapping",
            "id",
            "email",
            "first_name",
            "last_name",
            "projected_graduation_year",
        ),
        *("Date of birth", "Gender", "Save & Trigger Now", "Save"),
    ),
    "history": (
        "Upload & Integration History",
        "Uploader type",
        "Test PowerSchool Student",
        "Started by",
        "Excel",
    ),
    "schedule": (
        "Schedule",
        "Daily",
        "Weekly",
        "Sunday",
        "Time zone",
        "The next three runs",
        "UTC",
    ),
    "notifications": ("Notifications", "A run failed", "A run is on hold", "Last mails"),
    "run": ("Errors", "New", "Existing & Update", "Excel report"),
}


@pytest.mark.parametrize("name", WORDS)
def test_every_word_is_on_its_screen(
    admin: Client, school: School, connected: Integration, make_run: MakeRun, name: str
) -> None:
    run = make_run(mode=Mode.TEST, counts={"new": 1})
    things: dict[str, list[Any]] = {
        "select-mapping": [connected.pk],
        "run": [run.pk],
        "schedule": [connected.source],
    }
    page = html.unescape(
        admin.get(reverse(name, args=[school.pk, *things.get(name, [])])).content.decode()
    )
    assert [word for word in WORDS[name] if word not in page] == []


def test_every_state_of_a_run_has_a_badge() -> None:
    assert BADGES.keys() == set(RunState)


def test_the_upload_page_says_how_each_thing_stands(
    admin: Client, school: School, connected: Integration
) -> None:
    page = admin.get(reverse("upload", args=[school.pk])).content.decode()
    assert "PowerSchool connected" in page
    assert "No run yet" in page
    assert "Test Run is on" in page


def test_an_unreachable_database_is_said_to_pass() -> None:
    request = RequestFactory().get("/")
    try:
        raise OperationalError("server closed the connection")
    except OperationalError:
        away = server_error(request)
    assert (away.status_code, away["Retry-After"]) == (503, "10")
    assert b"continues by itself" in away.content
    assert b"server closed" not in away.content
    try:
        raise ValueError("a student's name")
    except ValueError:
        broken = server_error(request)
    assert broken.status_code == 500
    for full in (OSError(ENOSPC, "No space left on device"), DiskFull("could not extend file")):
        try:
            try:
                raise full
            except (OSError, DiskFull) as error:
                raise OperationalError("could not write") from error
        except OperationalError:
            answer = server_error(request)
        assert answer.status_code == 507 and b"disk is full" in answer.content
    assert b"a student" not in broken.content


def test_the_excel_report_is_downloaded_in_one_click(admin: Client, make_run: MakeRun) -> None:
    run = make_run(counts={"new": 0})
    response = admin.get(reverse("report", args=[run.school_id, run.pk]))
    assert response["Content-Type"].endswith("spreadsheetml.sheet")
    assert response["Content-Disposition"].startswith("attachment; filename=")
    assert response.content.startswith(b"PK")


def test_a_run_without_a_plan_has_no_report_and_says_so(admin: Client, make_run: MakeRun) -> None:
    run = make_run("failed")
    page = admin.get(reverse("report", args=[run.school_id, run.pk]), follow=True).content.decode()
    assert "This run has no report" in page


def test_a_large_report_shows_how_far_it_is(
    admin: Client, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.sync.report.files.AT_ONCE", -1)
    run = make_run(counts={"new": 0})
    address = reverse("report", args=[run.school_id, run.pk])
    page = admin.get(address).content.decode()
    assert "Creating the file" in page
    assert 'hx-trigger="every 1s"' in page
    ReportFile.objects.update(state=ReportState.READY)
    part = admin.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "The report is ready." in part
    assert "every 1s" not in part
