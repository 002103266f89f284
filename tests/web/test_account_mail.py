"""Mails about the own account, a new password by mail, and where somebody is signed in."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from rollbook.schools import staff_sessions
from rollbook.schools.models import AccountMail, KnownDevice, User
from rollbook.sync.mail import account
from rollbook.web.account import tries

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
NEW = "violin maple ocean brick"


def typed(client: Client, email: str, password: str) -> Any:
    return client.post(
        "/sign-in/", {"username": email, "password": password}, headers={"User-Agent": FIREFOX}
    )


def sent() -> list[Any]:
    """Send what waits, as a worker does."""
    for row in AccountMail.objects.filter(state="waiting").order_by("created_at"):
        account.send(row.pk)
    return mail.outbox


def test_a_new_password_by_mail_signs_out_everywhere_and_works_once(
    client: Client, administrator: User, password: str
) -> None:
    other = Client()
    typed(other, administrator.email, password)
    page = client.post("/forgot/", {"email": administrator.email.upper()}).content.decode()
    assert "If somebody with this address has an account here" in page
    (letter,) = sent()
    assert letter.to == [administrator.email]
    link = re.findall(r"http://\S+?(/reset/\S+)", letter.body)[0]
    form = client.get(link, follow=True)
    address = form.redirect_chain[-1][0]
    weak = client.post(address, {"new_password1": "rollbook1234", "new_password2": "rollbook1234"})
    assert "too short" in weak.content.decode()
    client.post(address, {"new_password1": NEW, "new_password2": NEW})
    assert client.get("/schools/").status_code == 302  # not signed in by it
    assert other.get("/schools/").status_code == 302
    assert "no longer works" in client.get(link, follow=True).content.decode()
    assert not KnownDevice.objects.exists()
    assert "password was changed" in sent()[-1].subject
    assert typed(client, administrator.email, NEW).status_code == 302


def test_an_unknown_address_gets_the_same_page_the_same_work_and_no_mail(
    client: Client, administrator: User
) -> None:
    pages = [
        client.post("/forgot/", {"email": address}).content.decode()
        for address in (administrator.email, "nobody@lincoln.example")
    ]
    known, unknown = (re.sub(r'value="[^"]*"', "", page) for page in pages)
    assert known == unknown
    assert AccountMail.objects.count() == 2
    assert len(sent()) == 1


def test_asking_for_links_again_and_again_is_slowed(client: Client, administrator: User) -> None:
    for _time in range(12):
        page = client.post("/forgot/", {"email": administrator.email}).content.decode()
    assert "Too many failed attempts" in page
    assert AccountMail.objects.count() == 10


def test_a_sign_in_on_a_second_device_is_told_by_mail(
    client: Client, administrator: User, password: str
) -> None:
    typed(client, administrator.email, password)
    assert sent() == []  # the first device of all is no news
    typed(Client(), administrator.email, password)
    (letter,) = sent()
    assert "Firefox on Windows" in letter.body
    again = Client()
    again.cookies[tries.COOKIE] = client.cookies[tries.COOKIE].value
    typed(again, administrator.email, password)
    assert len(sent()) == 1


def test_sessions_are_listed_and_ended_one_by_one_or_all(
    client: Client, administrator: User, counselor: User, password: str
) -> None:
    phone, library, stranger = Client(), Client(), Client()
    for browser in (phone, library, client):
        typed(browser, administrator.email, password)
        browser.get("/schools/")
    typed(stranger, counselor.email, password)
    page = client.get("/security/").content.decode()
    assert page.count("Firefox on Windows") == 3 and page.count("This device") == 1
    row = staff_sessions.open_sessions(administrator).get(session_key=phone.session.session_key)
    stranger.post("/security/sessions/end/", {"session": row.pk})
    assert phone.get("/security/").status_code == 200
    client.post("/security/sessions/end/", {"session": row.pk})
    assert phone.get("/security/").status_code == 302
    assert library.get("/security/").status_code == 200
    client.post("/security/sessions/end/")
    assert library.get("/security/").status_code == 302
    assert client.get("/security/").status_code == 200
    assert stranger.get("/security/").status_code == 200
