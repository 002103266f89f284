"""Texts that sources mark for translation are shown in the reader's language."""

import html

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from rollbook.sources.errors import TryLater
from rollbook.sync import pipeline
from rollbook.sync.models import Integration, Run
from rollbook.sync.runs import states
from rollbook.sync.words import text as texts

pytestmark = pytest.mark.django_db

LANGUAGE = {
    "API v3": "Schnittstelle 3",
    "Client URL": "Adresse",
    "The address at which you open PowerSchool in the browser.": "Die Adresse im Browser.",
    "User name with a domain": "Benutzername und Domain",
    "The file is {kind}, not a spreadsheet.": "Keine Tabelle, sondern {kind}.",
    "a picture": "ein Bild",
    "PowerSchool is in maintenance.": "PowerSchool wird gewartet.",
}


@pytest.fixture(autouse=True)
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "gettext", lambda text: LANGUAGE.get(text, text))


def shown(client: Client, address: str) -> str:
    return html.unescape(client.get(address).content.decode())


def test_labels_help_and_options_of_a_source(
    admin: Client, school: School, connected: Integration
) -> None:
    mapping = shown(admin, reverse("select-mapping", args=[school.pk, connected.pk]))
    assert "Benutzername und Domain" in mapping
    address = reverse("configure-sis", args=[school.pk])
    page = shown(admin, address)
    assert "Adresse" in page and "Die Adresse im Browser." in page
    assert "Client URL" not in page
    assert "Schnittstelle 3" in shown(admin, f"{address}?source=veracross")


def test_what_is_wrong_with_a_file(admin: Client, school: School) -> None:
    picture = SimpleUploadedFile("students.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(100))
    answer = admin.post(reverse("import-file", args=[school.pk]), {"file": picture})
    assert "Keine Tabelle, sondern ein Bild." in answer.content.decode()


def test_a_failed_run_keeps_its_reason_in_the_language_of_the_installation(
    connected: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[tuple[str, str]] = []
    monkeypatch.setattr(
        states, "fail", lambda run, code, what, remedy, proof: kept.append((code, what))
    )
    pipeline._fail(Run(), TryLater("PowerSchool is in maintenance."))
    assert kept == [("try_later", "PowerSchool wird gewartet.")]
