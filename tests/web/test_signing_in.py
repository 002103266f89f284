"""Sign-in and sign-out."""

import html

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import AuditEntry, Membership, School, User

pytestmark = pytest.mark.django_db


def attempt(client: Client, email: str, password: str) -> str:
    response = client.post(reverse("sign-in"), {"username": email, "password": password})
    assert response.status_code == 200
    return html.unescape(response.content.decode()).replace(email, "")


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    client: Client, administrator: User
) -> None:
    known = attempt(client, administrator.email, "a wrong password")
    unknown = attempt(client, "nobody@lincoln.example", "a wrong password")
    note = "This e-mail and password don't match an account here."
    assert note in known
    assert note in unknown
    assert without_token(known) == without_token(unknown)


def without_token(page: str) -> list[str]:
    return [line for line in page.splitlines() if "csrfmiddlewaretoken" not in line]


def test_signing_in_leads_to_the_upload_page_and_is_noted(
    client: Client, administrator: User, school: School, password: str
) -> None:
    response = client.post(
        reverse("sign-in"),
        {"username": administrator.email.upper(), "password": password},
        follow=True,
    )
    assert response.redirect_chain[-1][0] == reverse("upload", args=[school.pk])
    assert AuditEntry.objects.filter(action="signed_in", actor=administrator).exists()


def test_signing_out_ends_the_session_and_needs_a_post(admin: Client, school: School) -> None:
    assert admin.get(reverse("sign-out")).status_code == 405
    assert admin.post(reverse("sign-out")).status_code == 302
    assert admin.get(reverse("upload", args=[school.pk])).status_code == 302


def test_somebody_who_works_for_two_schools_is_asked_which(
    admin: Client, administrator: User
) -> None:
    other = School.objects.create(name="Second School")
    Membership.objects.create(school=other, user=administrator, role="counselor")
    page = admin.get("/", follow=True).content.decode()
    assert "Your schools" in page
    assert "Second School" in page


def test_somebody_without_a_school_is_told_whom_to_ask(client: Client) -> None:
    client.force_login(User.objects.create_user("new@lincoln.example", "Nell New"))
    assert "Ask an owner or administrator" in client.get("/", follow=True).content.decode()
