"""Mail about a run, over real SMTP to a catcher."""

from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from rollbook.schools import people
from rollbook.schools.mail import MailState
from rollbook.schools.models import User
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.sync.mail import choices, notices, outbox
from rollbook.sync.models import Integration, Mode, Notice, Run, RunState
from rollbook.sync.setup import credentials
from tests.processes import free_port
from tests.smtp import catching
from tests.sync.test_pipeline import sync

pytestmark = pytest.mark.django_db


@pytest.fixture
def mails(settings: Any) -> Iterator[list[EmailMessage]]:
    with catching(settings) as caught:
        yield caught


def send_all() -> None:
    for notice in Notice.objects.filter(state=MailState.WAITING):
        notices.send(notice.pk)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_failed_run_is_mailed_with_reason_remedy_and_link(
    integration: Integration, administrator: User, counselor: User, mails: list[EmailMessage]
) -> None:
    credentials.store(integration, "client_secret", "wrong")
    run = sync(integration)
    send_all()
    (mail,) = mails
    assert mail["To"] == administrator.email
    text = text_of(mail)
    assert run.error_what in text and run.error_remedy in text
    assert str(run.pk) in text


def test_who_was_removed_gets_no_mail_that_still_waited(
    integration: Integration, administrator: User, mails: list[EmailMessage]
) -> None:
    credentials.store(integration, "client_secret", "wrong")
    sync(integration)
    people.remove(integration.school, administrator, None)
    send_all()
    assert mails == []
    assert "can't open the school any more" in Notice.objects.get().trouble


def test_a_run_with_problems_is_mailed_with_counts_and_no_names(
    integration: Integration, standin: StandIn, mails: list[EmailMessage]
) -> None:
    victim = next(
        each
        for each in standin.roster()
        if each.enroll_status == 0 and each.grade_level == 10 and each.email
    )
    standin.edit(victim.dcid, email="")
    sync(integration, Mode.TEST)
    send_all()
    (mail,) = mails
    assert "Test PowerSchool Student finished with problems" in mail["Subject"]
    assert "Errors: 1" in text_of(mail) and "no account was changed" in text_of(mail)
    assert victim.last_name not in mail.as_string() and victim.first_name not in mail.as_string()


def test_a_held_run_is_mailed(
    integration: Integration, standin: StandIn, mails: list[EmailMessage]
) -> None:
    standin.faults = [Fault("empty")]
    sync(integration)
    send_all()
    assert "on hold" in mails[0]["Subject"]


def test_no_mail_where_all_went_well_or_nobody_asked(
    integration: Integration, mails: list[EmailMessage]
) -> None:
    sync(integration)
    send_all()
    integration.notify_on_errors = False
    integration.save()
    credentials.store(integration, "client_secret", "wrong")
    sync(integration)
    send_all()
    assert mails == []


def test_a_mail_server_that_is_away_delays_the_mail_and_nothing_else(
    integration: Integration, settings: Any
) -> None:
    credentials.store(integration, "client_secret", "wrong")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    run = sync(integration)
    notice = Notice.objects.get(run=run)
    for _ in range(outbox.TRIES - 1):
        with pytest.raises(OSError):
            notices.send(notice.pk)
    notice.refresh_from_db()
    assert (notice.state, notice.tries) == (MailState.WAITING, outbox.TRIES - 1)
    assert "ConnectionRefused" in notice.trouble
    with pytest.raises(OSError):
        notices.send(notice.pk)
    notice.refresh_from_db()
    assert notice.state == MailState.UNDELIVERED
    assert Run.objects.get(pk=run.pk).state == RunState.FAILED


def test_a_notice_is_sent_once_and_keeps_its_message_id(
    integration: Integration, mails: list[EmailMessage]
) -> None:
    credentials.store(integration, "client_secret", "wrong")
    sync(integration)
    notice = Notice.objects.get()
    notices.send(notice.pk)
    notices.send(notice.pk)
    (mail,) = mails
    assert mail["Message-ID"] == notices.message(notice).extra_headers["Message-ID"]


def test_everybody_chooses_for_themselves(
    integration: Integration, administrator: User, counselor: User, mails: list[EmailMessage]
) -> None:
    choices.choose(administrator.memberships.get(), [])
    choices.choose(counselor.memberships.get(), ["changes", "failed"])
    sync(integration)
    send_all()
    (mail,) = mails
    assert mail["To"] == counselor.email
    assert "finished with changes" in mail["Subject"]
    html = mail.get_body(("html",))
    assert html is not None and "style=" in html.get_content()
