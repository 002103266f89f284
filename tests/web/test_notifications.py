"""Who gets which mail, and what became of the last ones."""

import html
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from rollbook.config import config
from rollbook.schools.mail import MailState
from rollbook.schools.models import School, User
from rollbook.sync.mail import choices, notices
from rollbook.sync.models import ERROR_EVENTS, Integration, Notice, NoticeEvent, RunState
from tests.web.conftest import MakeRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(school: School) -> str:
    return reverse("notifications", args=[school.pk])


def a_notice(
    integration: Integration, person: User, event: NoticeEvent = NoticeEvent.FAILED, **columns: Any
) -> Notice:
    number = Notice.objects.count()
    return Notice.objects.create(
        school=integration.school,
        integration=integration,
        user=person,
        event=event,
        occasion=str(number),
        **columns,
    )


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def test_everybody_chooses_for_themselves(
    admin: Client,
    counselor_client: Client,
    administrator: User,
    counselor: User,
    school: School,
    address: str,
) -> None:
    assert text(admin, address).count(" checked") == len(ERROR_EVENTS)
    assert text(counselor_client, address).count(" checked") == 0
    page = counselor_client.post(
        address, {"events": ["changes", "failed", "nonsense"]}, follow=True
    ).content.decode()
    assert "Saved." in page
    assert choices.chosen_events(counselor.memberships.get()) == ["failed", "changes"]
    assert choices.chosen_events(administrator.memberships.get()) == list(ERROR_EVENTS)
    assert "You get no mail about this school's syncs." in html.unescape(
        admin.post(address, {}, follow=True).content.decode()
    )
    assert choices.chosen_events(administrator.memberships.get()) == []


def test_every_event_is_named_and_explained(counselor_client: Client, address: str) -> None:
    page = text(counselor_client, address)
    for event in NoticeEvent:
        assert str(event.label) in page
        assert f'id="event-{event}-help"' in page


def test_it_is_said_where_email_notifications_is_off(
    admin: Client, address: str, connected: Integration
) -> None:
    assert "Email Notifications is off" not in text(admin, address)
    connected.notify_on_errors = False
    connected.save()
    assert "Email Notifications is off for PowerSchool." in text(admin, address)


def test_it_is_said_where_no_mail_leaves(
    admin: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No mail leaves this installation." in text(admin, address)
    monkeypatch.setattr(config, "email_url", "smtp://mail.lincoln.example")
    assert "No mail leaves this installation." not in text(admin, address)


def test_the_list_is_empty_at_first(admin: Client, address: str) -> None:
    assert "No mail yet" in text(admin, address)


def test_the_list_says_what_became_of_each_mail(
    admin: Client, address: str, connected: Integration, administrator: User, make_run: MakeRun
) -> None:
    run = make_run(RunState.FAILED)
    a_notice(
        connected, administrator, run=run, state=MailState.SENT, tries=1, sent_at=timezone.now()
    )
    refused = "ConnectionRefusedError: [Errno 111] Connection refused"
    a_notice(connected, administrator, NoticeEvent.ON_HOLD, tries=3, trouble=refused)
    page = text(admin, address)
    for words in (
        "A run failed",
        "PowerSchool Student",
        "Ada Admin",
        "Sent",
        "Waiting to be sent",
        f"3 tries so far: {refused}",
    ):
        assert words in page, words
    assert reverse("run", args=[run.school_id, run.pk]) in page
    assert "not delivered" not in page
    a_notice(
        connected,
        administrator,
        state=MailState.UNDELIVERED,
        tries=24,
        trouble="SMTPRecipientsRefused: 550 no such user",
    )
    page = text(admin, address)
    for words in (
        "1 mail was not delivered.",
        "What to do next:",
        "Not delivered",
        "given up after 24 tries: SMTPRecipientsRefused",
    ):
        assert words in page, words


def test_a_counselor_does_not_see_other_peoples_mail(
    counselor_client: Client, address: str, connected: Integration, administrator: User
) -> None:
    a_notice(connected, administrator, state=MailState.UNDELIVERED, trouble="550 no such user")
    page = text(counselor_client, address)
    for words in (
        "Last mails",
        administrator.email,
        "550 no such user",
        "not delivered",
        "Step 1.1",
    ):
        assert words not in page, words


def test_another_schools_mails_are_not_listed(
    elsewhere: Client, address: str, connected: Integration, administrator: User
) -> None:
    a_notice(connected, administrator)
    assert elsewhere.get(address).status_code == 404
    assert elsewhere.post(address, {"events": ["failed"]}).status_code == 404
    own = School.objects.get(name="Other School")
    assert administrator.email not in text(elsewhere, reverse("notifications", args=[own.pk]))


@pytest.mark.parametrize("with_run", [True, False])
def test_every_link_of_a_mail_leads_to_a_page(
    admin: Client, connected: Integration, administrator: User, make_run: MakeRun, with_run: bool
) -> None:
    notice = a_notice(
        connected,
        administrator,
        NoticeEvent.DID_NOT_RUN,
        run=make_run(RunState.FAILED) if with_run else None,
    )
    body = notices.message(notice).body
    links = [word for word in str(body).split() if word.startswith(config.public_url)]
    assert [resolve(urlsplit(link).path).url_name for link in links] == [
        "run" if with_run else "history",
        "notifications",
    ]
    for link in links:
        assert admin.get(urlsplit(link).path).status_code == 200
