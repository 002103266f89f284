"""A real SMTP server that catches the mails of a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.processes import free_port


class Catcher:
    """A handler that collects every mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        parsed = BytesParser(EmailMessage, policy=default).parsebytes(
            envelope.original_content or b""
        )
        self.mails.append(parsed)
        return "250 OK"


@contextmanager
def catching(settings: Any) -> Iterator[list[EmailMessage]]:
    """Let Django send to a server of this test; yield the list of its mails."""
    catcher = Catcher()
    server = Controller(catcher, hostname="127.0.0.1", port=free_port())
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    try:
        yield catcher.mails
    finally:
        server.stop()
