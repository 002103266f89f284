"""Every answer has the headers that protect it, whatever its status and whoever gives it."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School

pytestmark = pytest.mark.django_db
ELSEWHERE = {"Origin": "https://elsewhere.example"}


@contextmanager
def failing(error: Exception) -> Iterator[Client]:
    """A browser whose list of schools fails like this."""
    with patch("rollbook.web.account.home._memberships", side_effect=error):
        yield Client(raise_request_exception=False)


def assert_protected(response: HttpResponseBase) -> None:
    headers = response.headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def assert_not_stored(response: HttpResponseBase) -> None:
    assert_protected(response)
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/", 302),
        ("/schools/", 302),
        ("/sign-in/", 200),
        ("/sign-in", 301),
        ("/me/sign-in/", 200),
        ("/healthz", 200),
        ("/metrics", 200),
        ("/nowhere/", 404),
        ("/static/nowhere.css", 404),
        ("/me/sign-out/", 405),
    ],
)
def test_headers_for_a_stranger(client: Client, address: str, status: int) -> None:
    response = client.get(address)
    assert response.status_code == status
    assert_not_stored(response)


def test_headers_for_a_person(admin: Client, school: School) -> None:
    for address, status in (
        ("/", 302),
        ("/schools/", 200),
        (reverse("history", args=[school.pk]), 200),
        ("/schools/00000000-0000-0000-0000-000000000000/history/", 404),
    ):
        response = admin.get(address)
        assert response.status_code == status, address
        assert_not_stored(response)


def test_headers_of_refusals(counselor_client: Client, school: School) -> None:
    forbidden = counselor_client.get(reverse("configure-sis", args=[school.pk]))
    forged = Client(enforce_csrf_checks=True).post("/sign-in/", headers=ELSEWHERE)
    assert (forbidden.status_code, forged.status_code) == (403, 403)
    wrong_host = Client().get("/sign-in/", headers={"Host": "elsewhere.example"})
    assert wrong_host.status_code == 400
    for response in (forbidden, forged, wrong_host):
        assert_not_stored(response)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("a fault"), 500),
        (OperationalError("no connection"), 503),
        (OSError(28, "No space left on device"), 507),
    ],
)
def test_headers_of_failures(admin: Client, error: Exception, status: int) -> None:
    with failing(error) as browser:
        browser.cookies = admin.cookies
        response = browser.get("/schools/")
    assert response.status_code == status
    assert_not_stored(response)


def test_headers_without_a_database(client: Client) -> None:
    for place, address in (
        ("rollbook.web.operations.healthz._document", "/healthz"),
        ("rollbook.web.operations.metrics.generate_latest", "/metrics"),
    ):
        with patch(place, side_effect=OperationalError):
            response = client.get(address)
        assert response.status_code == 503
        assert_not_stored(response)


def test_headers_of_static_files(client: Client) -> None:
    file = "/static/rollbook/js/app.js"
    response = client.get(file)
    assert response.status_code == 200
    assert_protected(response)
    assert "no-store" not in response.headers["Cache-Control"]
    unchanged = client.get(file, headers={"If-Modified-Since": response.headers["Last-Modified"]})
    assert unchanged.status_code == 304
    assert_protected(unchanged)
    response.close()
