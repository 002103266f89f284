"""Caught mails: only where the operator names a folder, only when signed in, never harmful."""

from email.message import EmailMessage
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.config import config
from rollbook.schools.models import School, User

pytestmark = pytest.mark.django_db

EVIL = "<style>p{color:red}</style><p onclick='x()'>Hello</p><script>alert(1)</script>"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "caught_mail_dir", tmp_path)
    for number, subject in enumerate(("The first", "The second <b>")):
        mail = EmailMessage()
        mail["Subject"], mail["To"] = subject, "ada@lincoln.example"
        mail.set_content("What happened: http://127.0.0.1:8000/schools/\n<script>alert(1)</script>")
        mail.add_alternative(EVIL, subtype="html")
        (tmp_path / f"20261123-120000-000{number}.eml").write_bytes(mail.as_bytes())
    (tmp_path.parent / "secret.eml").write_bytes(b"Subject: not one of them\n\nsecret")
    return tmp_path


@pytest.fixture
def newest(folder: Path) -> str:
    return max(file.name for file in folder.glob("*.eml"))


def test_they_are_listed_newest_first(admin: Client, folder: Path) -> None:
    page = admin.get(reverse("mails")).content.decode()
    assert page.index("The second &lt;b&gt;") < page.index("The first")
    assert "ada@lincoln.example" in page
    assert "Times are in America/New_York" in page


def test_one_mail_is_shown_as_text_with_links_and_its_html_in_a_sealed_frame(
    admin: Client, newest: str
) -> None:
    response = admin.get(reverse("mail", args=[newest]))
    page = response.content.decode()
    assert '<a href="http://127.0.0.1:8000/schools/"' in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert EVIL not in page, "never inline"
    assert '<iframe class="mail-frame" sandbox src=' in page
    assert "frame-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    framed = admin.get(reverse("mail-html", args=[newest]))
    policy = framed["Content-Security-Policy"]
    for part in (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "sandbox",
        "frame-ancestors 'self'",
    ):
        assert part in policy
    assert "script" not in policy and "allow" not in policy
    assert framed["X-Frame-Options"] == "SAMEORIGIN"


def test_nothing_else_can_be_read_by_a_name(admin: Client, folder: Path) -> None:
    for name in ("..%2Fsecret.eml", "secret.eml", "%2e%2e/secret.eml", "../secret.eml"):
        assert admin.get(f"/mail/{name}/").status_code == 404, name


def test_who_is_not_signed_in_sees_none(client: Client, newest: str) -> None:
    for address in (
        reverse("mails"),
        reverse("mail", args=[newest]),
        reverse("mail-html", args=[newest]),
    ):
        assert client.get(address).status_code == 302


def test_there_are_none_where_no_folder_is_named_nor_in_production(
    admin: Client, newest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "env", "production")
    assert admin.get(reverse("mails")).status_code == 404
    assert admin.get(reverse("mail-html", args=[newest])).status_code == 404
    monkeypatch.undo()
    assert admin.get(reverse("mails")).status_code == 404


def test_an_empty_folder_says_so(
    admin: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "caught_mail_dir", tmp_path / "not there yet")
    assert "No email yet" in admin.get(reverse("mails")).content.decode()


def test_the_notifications_lead_to_the_caught_mails(
    admin: Client, folder: Path, administrator: User, school: School
) -> None:
    page = admin.get(reverse("notifications", args=[school.pk])).content.decode()
    assert reverse("mails") in page
