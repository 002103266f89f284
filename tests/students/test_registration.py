"""Registration over real SMTP, from the mail to the own record; closed links and sign-ins."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from rollbook.schools.mail import MailState
from rollbook.schools.models import AuditEntry, School, User
from rollbook.students import accounts, inviting
from rollbook.students.models import Invitation, StudentAccount, StudentLogin
from rollbook.sync import queue
from rollbook.sync.mail import invitations
from rollbook.sync.report import student_history
from rollbook.sync.worker import tasks
from tests.smtp import catching
from tests.students.conftest import MakeStudent

pytestmark = pytest.mark.django_db
NEW = "a long enough phrase 7"


@pytest.fixture
def mails(settings: Any) -> Iterator[list[EmailMessage]]:
    with catching(settings) as caught:
        yield caught


@pytest.fixture
def student(make_student: MakeStudent) -> StudentAccount:
    return make_student("Ada", "Lovelace")


def invited(account: StudentAccount, by: User | None = None, *, again: bool = False) -> int:
    return invitations.invite(
        account.school, StudentAccount.objects.filter(pk=account.pk), by, again=again
    )


def sent() -> None:
    for each in Invitation.objects.filter(state=MailState.WAITING).order_by("created_at"):
        invitations.OUTBOX.send(each.pk)


def look_up_addresses() -> int:
    """Do what workers do for those who asked for a new link. Return how many asked."""
    jobs = ProcrastinateJob.objects.filter(task_name=queue.WRITE_STUDENT_LINK).order_by("id")
    asked = [dict(job.args) for job in jobs]
    for arguments in asked:
        assert "@" not in str(arguments)
        with patch.object(tasks, "close_old_connections"):  # it would close that of the test
            tasks.write_student_link(**arguments)
    return len(asked)


def link_in(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(r"https?://[^/]+(/me/register/\S+)", body.get_content())
    assert found
    return found[1]


def link_of(account: StudentAccount) -> str:
    newest = Invitation.objects.filter(account=account).latest("created_at")
    return invitations.link(newest).removeprefix("http://127.0.0.1:8000")


def registered(client: Client, account: StudentAccount) -> None:
    invited(account)
    assert client.post(link_of(account), {"password": NEW, "again": NEW}).status_code == 302


def test_the_mail_leads_to_a_password_and_then_to_the_own_record(
    client: Client, student: StudentAccount, administrator: User, mails: list[EmailMessage]
) -> None:
    assert invited(student, administrator) == 1
    sent()
    (mail,) = mails
    assert mail["To"] == student.email and "Lincoln High School" in mail["Subject"]
    address = link_in(mail)
    assert "Ada Lovelace" in client.get(address).content.decode()
    assert (
        "too easy to guess"
        in client.post(
            address, {"password": "LovelaceLovelace1", "again": "LovelaceLovelace1"}
        ).content.decode()
    )
    assert (
        "The two passwords differ"
        in client.post(address, {"password": NEW, "again": NEW + "8"}).content.decode()
    )
    page = client.post(address, {"password": NEW, "again": NEW}, follow=True)
    assert page.redirect_chain == [("/me/", 302)] and student.email in page.content.decode()
    assert client.post("/me/sign-out/").status_code == 302
    assert client.get("/me/").status_code == 302
    assert client.post(
        "/me/sign-in/", {"email": student.email.upper(), "password": NEW}, follow=True
    ).redirect_chain == [("/me/", 302)]
    assert "already used" in client.get(address).content.decode()
    assert NEW not in str(StudentLogin.objects.values()) and address.split("/")[-2] not in str(
        Invitation.objects.values()
    )
    kinds = [entry.kind for entry in student_history.history(student)]
    assert kinds == ["registered", "invited"]
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"students.invited", "student.registered", "student.signed_in"} <= actions


def test_a_students_session_opens_nothing_of_the_school(
    client: Client, student: StudentAccount
) -> None:
    registered(client, student)
    assert client.get(reverse("students", args=[student.school_id])).status_code == 302
    assert client.get(reverse("home")).status_code == 302


@pytest.mark.parametrize(
    "closed", ["deactivated", "new address", "expired", "replaced", "another code"]
)
def test_a_link_doesnt_open_for(closed: str, client: Client, student: StudentAccount) -> None:
    invited(student)
    address = link_of(student)
    if closed == "deactivated":
        accounts.deactivate(student.school, [student.pk], None)
    elif closed == "new address":
        StudentAccount.objects.update(email="new@lincoln.example", email_key="new@lincoln.example")
    elif closed == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif closed == "replaced":
        invited(student, again=True)
    else:
        address = f"{address[:-3]}00/"
    for answer in (client.get(address), client.post(address, {"password": NEW, "again": NEW})):
        assert answer.status_code in {404, 410}
        assert (
            student.email not in answer.content.decode()
            and "Lovelace" not in answer.content.decode()
        )
    assert not StudentLogin.objects.exists()


def test_deactivating_ends_an_open_session_and_the_sign_in(
    client: Client, student: StudentAccount
) -> None:
    registered(client, student)
    assert client.get("/me/").status_code == 200
    accounts.deactivate(student.school, [student.pk], None)
    assert client.get("/me/").status_code == 302
    assert (
        "match"
        in client.post("/me/sign-in/", {"email": student.email, "password": NEW}).content.decode()
    )
    accounts.reactivate(student.school, [student.pk], None)
    assert client.post("/me/sign-in/", {"email": student.email, "password": NEW}).status_code == 302


def test_a_session_does_not_revive_when_the_account_is_opened_again(
    client: Client, student: StudentAccount
) -> None:
    registered(client, student)
    rows = StudentAccount.objects.filter(pk=student.pk)
    rows.update(status="left")  # as a run does, in one statement for all leavers
    rows.update(status="active")
    assert client.get("/me/").status_code == 302
    signing_in = {"email": student.email, "password": NEW}
    assert client.post("/me/sign-in/", signing_in, follow=True).redirect_chain == [("/me/", 302)]
    rows.update(first_name="Augusta")
    assert client.get("/me/").status_code == 200


def test_asking_for_a_link_is_the_same_work_for_known_and_unknown_addresses(
    client: Client, student: StudentAccount
) -> None:
    registered(client, student)
    statements = []
    for address in (student.email, "nobody@lincoln.example"):
        with CaptureQueriesContext(connection) as queries:
            Client().post("/me/forgot/", {"email": address})
        statements.append([query["sql"].split(" WHERE ")[0][:40] for query in queries])
    assert statements[0] == statements[1]
    invited = Invitation.objects.count()
    assert look_up_addresses() == 2
    assert Invitation.objects.count() == invited + 1


def test_a_new_password_ends_the_sessions_of_the_old_one(
    client: Client, student: StudentAccount, mails: list[EmailMessage]
) -> None:
    registered(client, student)
    other = Client()
    known = other.post("/me/forgot/", {"email": student.email}).content.decode()
    unknown = other.post("/me/forgot/", {"email": "nobody@lincoln.example"}).content.decode()
    assert "on its way" in known and "on its way" in unknown
    other.post(
        "/me/forgot/", {"email": student.email}
    )  # a second wish within minutes sends no second mail
    assert look_up_addresses() == 3
    sent()
    assert len(mails) == 1
    assert (
        other.post(
            link_in(mails[0]), {"password": NEW + " more", "again": NEW + " more"}
        ).status_code
        == 302
    )
    assert client.get("/me/").status_code == 302
    assert other.get("/me/").status_code == 200


def test_many_are_invited_once_and_the_rest_is_counted_with_its_reason(
    school: School, make_student: MakeStudent, client: Client, mails: list[EmailMessage]
) -> None:
    several = [make_student("Ada", f"Number {number}") for number in range(6)]
    registered(client, several[0])
    invited(several[1])
    accounts.deactivate(school, [several[2].pk], None)
    everybody = StudentAccount.objects.filter(school=school)
    assert inviting.audience(everybody) == (3, 1, 1, 1)
    assert invitations.invite(school, everybody, None) == 3
    assert invitations.invite(school, everybody, None) == 0
    sent()
    assert len(mails) == 4
    assert len({mail["Message-ID"] for mail in mails}) == 4


def test_a_mail_whose_link_wouldnt_open_any_more_isnt_sent(
    student: StudentAccount, mails: list[EmailMessage]
) -> None:
    invited(student)
    accounts.deactivate(student.school, [student.pk], None)
    sent()
    assert not mails
    assert Invitation.objects.get().state == MailState.UNDELIVERED
    assert "Not sent" in student_history.history(student)[-1].note


def test_a_double_click_sends_one_mail_and_a_counselor_sends_none(
    client: Client, student: StudentAccount, administrator: User, counselor: User
) -> None:
    address = reverse("student-invite", args=[student.school_id, student.pk])
    client.force_login(counselor)
    assert client.post(address).status_code == 403
    client.force_login(administrator)
    assert "on its way" in client.post(address, follow=True).content.decode()
    assert "Nothing was sent" in client.post(address, follow=True).content.decode()
    assert Invitation.objects.count() == 1


def test_the_bulk_page_says_how_many_and_sends_what_was_confirmed(
    client: Client, make_student: MakeStudent, administrator: User
) -> None:
    one, two = make_student(), make_student("Grace", "Hopper")
    accounts.deactivate(one.school, [two.pk], None)
    client.force_login(administrator)
    address = reverse("students-bulk", args=[one.school_id])
    page = client.post(address, {"action": "invite", "all": "yes"}).content.decode()
    assert "1 email goes out" in page and "1 student without an active account" in page
    client.post(address, {"action": "invite", "all": "yes", "expected": "1"})
    assert Invitation.objects.get().account == one
    listed = client.get(
        reverse("students", args=[one.school_id]), {"registration": "invited"}
    ).content.decode()
    assert "Lovelace" in listed and "Hopper" not in listed


@pytest.mark.parametrize("door", ["/me/sign-in/", "/sign-in/"])
def test_ten_failures_slow_an_address_down_known_or_not(
    door: str, student: StudentAccount, administrator: User, password: str
) -> None:
    field = "email" if door.startswith("/me") else "username"
    for address in (student.email, administrator.email, "nobody@lincoln.example"):
        client = Client()
        pages = [
            client.post(door, {field: address, "password": "wrong"}).content.decode()
            for _ in range(11)
        ]
        assert ["Too many failed attempts" in page for page in pages] == [False] * 10 + [True]
    right = Client().post(door, {field: administrator.email, "password": password})
    assert right.status_code == 200 and "Too many failed attempts" in right.content.decode()


@pytest.mark.parametrize(("minutes", "ends"), [(29, False), (31, True)])
def test_half_an_hour_without_a_click_ends_a_session(
    minutes: int, ends: bool, client: Client, administrator: User, school: School
) -> None:
    client.force_login(administrator)
    address = reverse("upload", args=[school.pk])
    assert client.get(address).status_code == 200
    session = client.session
    session["seen"] -= minutes * 60
    session.save()
    assert (client.get(address).status_code == 302) == ends


def test_twelve_hours_end_a_session_however_busy(
    client: Client, administrator: User, school: School
) -> None:
    client.force_login(administrator)
    address = reverse("upload", args=[school.pk])
    client.get(address)
    session = client.session
    session["began"] -= 12 * 3600 + 1
    session.save()
    assert client.get(address).status_code == 302
