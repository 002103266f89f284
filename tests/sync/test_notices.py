"""Mail about a run, over real SMTP to a catcher."""

from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from rollbook.schools.models import User
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.sync import credentials, notices
from rollbook.sync.models import Integration, Mode
from tests.processes import free_port
from tests.sync.test_pipeline import sync

pytestmark = pytest.mark.django_db


class Catcher:
    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        parsed = BytesParser(EmailMessage, policy=default).parsebytes(envelope.original_content or b"")
        self.mails.append(parsed)
        return "250 OK"


@pytest.fixture
def mails(settings: Any) -> Iterator[list[EmailMessage]]:
    catcher = Catcher()
    server = Controller(catcher, hostname="127.0.0.1", port=free_port())
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    yield catcher.mails
    server.stop()


def test_a_failed_run_is_mailed_with_reason_remedy_and_link(
    integration: Integration, administrator: User, counselor: User, mails: list[EmailMessage]
) -> None:
    credentials.store(integration, "client_secret", "wrong")
    run = sync(integration)
    notices.send(run.pk)
    (mail,) = mails
    assert mail["To"] == administrator.email
    text = mail.get_content()
    assert run.error_what in text and run.error_remedy in text
    assert str(run.pk) in text


def test_a_run_with_problems_is_mailed_with_counts_and_no_names(
    integration: Integration, standin: StandIn, mails: list[EmailMessage]
) -> None:
    victim = next(each for each in standin.roster() if each.enroll_status == 0 and each.grade_level == 10 and each.email)
    standin.edit(victim.dcid, email="")
    run = sync(integration, Mode.TEST)
    notices.send(run.pk)
    (mail,) = mails
    assert "1 problem in Test PowerSchool Student" in mail["Subject"]
    assert victim.last_name not in mail.as_string() and victim.first_name not in mail.as_string()


def test_a_held_run_is_mailed(integration: Integration, standin: StandIn, mails: list[EmailMessage]) -> None:
    standin.faults = [Fault("empty")]
    notices.send(sync(integration).pk)
    assert "on hold" in mails[0]["Subject"]


def test_no_mail_where_all_went_well_or_nobody_asked(integration: Integration, mails: list[EmailMessage]) -> None:
    notices.send(sync(integration).pk)
    integration.notify_on_errors = False
    integration.save()
    credentials.store(integration, "client_secret", "wrong")
    notices.send(sync(integration).pk)
    assert mails == []
