"""Sends mails that are rows: a worker tries for a day, and mails of killed workers are taken up.

A crash just after sending may send a mail twice; both copies have the same Message-ID.
"""

import logging
import re
from collections.abc import Callable, Collection
from datetime import timedelta
from email.utils import parseaddr
from smtplib import SMTPException
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import Error, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from rollbook import logs
from rollbook.schools import clock
from rollbook.schools.mail import MailState, WaitingMail
from rollbook.sync import queue
from rollbook.sync.words.mistakes import mail_mistake

log = logging.getLogger(__name__)

TRIES: Final = 24  # with waits that grow by five minutes, about a day
LONGEST_TROUBLE: Final = 300  # characters
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Longer than all tries take, and than a weekend without a worker. What waited longer comes from a
# backup, or is no news any more.
LONGEST_AGE: Final = timedelta(days=3)
M = TypeVar("M", bound=WaitingMail)


class Outbox(Generic[M]):
    """The mails of one table. `task` is the name of the task that sends one of them.

    `related` are the rows that `message` needs to compose a mail. It returns None for a mail that
    has become useless; then the mail is undelivered, with the reason that it left in `trouble`.
    """

    def __init__(
        self,
        model: type[M],
        task: str,
        related: tuple[str, ...],
        message: Callable[[M], EmailMultiAlternatives | None],
    ) -> None:
        self._mails: QuerySet[M] = model._default_manager.all()
        self._task = task
        self._related = related
        self._message = message

    def wake(self, mail_id: UUID) -> None:
        """Let a worker send this mail. A retry that is scheduled for later stays as it is."""
        queue.wake(self._task, mail_id)

    def wake_all(self, mail_ids: Collection[UUID]) -> None:
        """Let workers send mails that were just written."""
        queue.wake_all(self._task, mail_ids)

    def sweep(self) -> int:
        """Wake the mails that wait without a job, as after their worker was killed.

        Those with no tries left are undelivered. Returns how many were woken.
        """
        with_job = queue.ids_with_job(self._task)
        waiting = self._mails.filter(state=MailState.WAITING).values_list("pk", flat=True)
        return sum(self._take_up(mail_id) for mail_id in waiting if str(mail_id) not in with_job)

    def send(self, mail_id: UUID) -> None:
        """Send one mail. Raises OSError or SMTPException after storing it as the mail's trouble."""
        # Counted beforehand: a try that kills its worker is one of TRIES too.
        self._mails.filter(pk=mail_id, state=MailState.WAITING).update(tries=F("tries") + 1)
        with transaction.atomic():
            mails = self._mails.select_for_update(of=("self",)).select_related(*self._related)
            mail = mails.filter(pk=mail_id).first()
            if mail is None or mail.state != MailState.WAITING:
                return
            error = self._send_or_give_up(mail)
            mail.save(update_fields=["state", "trouble", "sent_at"])
        if error is not None:
            raise error

    def _take_up(self, mail_id: UUID) -> bool:
        """Wake one mail, or mark it undelivered. Returns whether it was woken.

        Its row is locked before looking for its job: two sweeps wait for each other, and a mail
        that is being sent is left out.
        """
        with transaction.atomic():
            mails = self._mails.select_for_update(skip_locked=True)
            mail = mails.filter(pk=mail_id, state=MailState.WAITING).first()
            if mail is None or str(mail_id) in queue.ids_with_job(self._task):
                return False
            if mail.tries >= TRIES:
                mail.state = MailState.UNDELIVERED
                mail.trouble = mail.trouble or _("Each try ended before the mail was sent.")
                mail.save(update_fields=["state", "trouble"])
                return False
            self.wake(mail_id)
            return True

    def _send_or_give_up(self, mail: M) -> Exception | None:
        """Try to send a mail. Return the error for which the queue tries again.

        An error that nobody foresaw, as of an address that no mail can have, ends the mail at once.
        """
        try:
            return self._try_to_send(mail)
        except Error:  # of the database
            raise
        except Exception as error:  # noqa: BLE001 - tried again, it would end the same way
            reference = logs.log_unforeseen(log, f"mail {mail.pk}", error)
            mail.state = MailState.UNDELIVERED
            mail.trouble = mail_mistake(error, reference)[:LONGEST_TROUBLE]
            return None

    def _try_to_send(self, mail: M) -> Exception | None:
        if self._mails.filter(pk=mail.pk, created_at__lt=Now() - LONGEST_AGE).exists():
            mail.state, mail.trouble = MailState.UNDELIVERED, _too_old()
            return None
        message = self._message(mail)
        if message is None:
            mail.state = MailState.UNDELIVERED
            return None
        try:
            message.send()
        except (OSError, SMTPException) as error:
            mail.trouble = _trouble(error)
            if mail.tries >= TRIES:
                mail.state = MailState.UNDELIVERED
            return error
        mail.state, mail.sent_at, mail.trouble = MailState.SENT, clock.now(), ""
        return None


def compose(
    mail: WaitingMail, template: str, to: str, values: dict[str, Any]
) -> EmailMultiAlternatives:
    """Return a mail as text and as HTML, from mail/<template>.txt and .html.

    `values` are those of the templates, and the subject.
    """
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "rollbook"
    message = EmailMultiAlternatives(
        # An older name in it may have a line break, and no mail can have that here.
        subject=" ".join(_CONTROL.sub(" ", values["subject"]).split()),
        body=render_to_string(f"mail/{template}.txt", values),
        to=[to],
        headers={"Message-ID": f"<{mail.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    html = css_inline.inline(render_to_string(f"mail/{template}.html", values))
    message.attach_alternative(html, "text/html")
    return message


def mail_trouble() -> str:
    """Return why the mail server cannot be used, or "". Signs in as for sending, sends nothing."""
    try:
        with get_connection():
            return ""
    except (OSError, SMTPException) as error:
        return _trouble(error)


def _trouble(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_TROUBLE]


def _too_old() -> str:
    what = _(
        "Not sent, because it waited for more than %(days)d days: no worker was running, or a "
        "backup was restored."
    )
    return what % {"days": LONGEST_AGE.days}
