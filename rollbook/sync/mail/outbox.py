"""Sends mails that are rows: waking a worker for each, trying again for a day, finding those whose worker was killed.

A crash just after sending may send a mail twice; both copies carry the same Message-ID.
"""

from collections.abc import Callable, Collection
from email.utils import parseaddr
from smtplib import SMTPException
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import F, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from rollbook.schools.mail import Mail, MailState
from rollbook.sync import queue

TRIES: Final = 24  # with waits that grow by five minutes, about a day
M = TypeVar("M", bound=Mail)


class Outbox(Generic[M]):
    """The mails of one table. `task` is the name of the queue's task that sends one.

    `related` are the rows that a mail is made of, `message` makes it; None where it has lost its point meanwhile: then it is
    noted as not delivered, with the reason that `message` left in `trouble`.
    """

    def __init__(
        self,
        model: type[M],
        task: str,
        related: tuple[str, ...],
        message: Callable[[M], EmailMultiAlternatives | None],
    ) -> None:
        self._mails: QuerySet[M] = model._default_manager.all()
        self._task, self._related, self._message = task, related, message

    def wake(self, mail_id: UUID) -> None:
        """Let a worker send this mail. A retry that is scheduled for later stays as it is."""
        queue.wake(self._task, mail_id)

    def wake_all(self, mail_ids: Collection[UUID]) -> None:
        """Let workers send mails that were made just now."""
        queue.wake_all(self._task, mail_ids)

    def sweep(self) -> int:
        """Wake the mails that wait without a job, as after their worker was killed, and give up those whose tries are used up."""
        queued = queue.ids_with_job(self._task)
        waiting = self._mails.filter(state=MailState.WAITING).values_list("pk", flat=True)
        return sum(self._take_up(mail_id) for mail_id in waiting if str(mail_id) not in queued)

    def send(self, mail_id: UUID) -> None:
        """Send one mail. Raises OSError or SMTPException, to be tried again, after noting the trouble on it."""
        # Counted beforehand: a try that ends its worker is one of TRIES too.
        self._mails.filter(pk=mail_id, state=MailState.WAITING).update(tries=F("tries") + 1)
        with transaction.atomic():
            mail = (
                self._mails.select_for_update(of=("self",))
                .select_related(*self._related)
                .filter(pk=mail_id)
                .first()
            )
            if mail is None or mail.state != MailState.WAITING:
                return
            trouble = self._try_to_send(mail)
            mail.save()
        if trouble is not None:
            raise trouble

    def _take_up(self, mail_id: UUID) -> bool:
        """Wake one mail. Its row is locked before looking for its job: two sweeps follow each other, and one being sent is passed by."""
        with transaction.atomic():
            mail = (
                self._mails.select_for_update(skip_locked=True)
                .filter(pk=mail_id, state=MailState.WAITING)
                .first()
            )
            if mail is None or str(mail_id) in queue.ids_with_job(self._task):
                return False
            if mail.tries >= TRIES:
                mail.state, mail.trouble = (
                    MailState.UNDELIVERED,
                    mail.trouble or _("Each try ended before the mail was sent."),
                )
                mail.save(update_fields=["state", "trouble"])
                return False
            self.wake(mail_id)
            return True

    def _try_to_send(self, mail: M) -> Exception | None:
        message = self._message(mail)
        if message is None:
            mail.state = MailState.UNDELIVERED
            return None
        try:
            message.send()
        except (OSError, SMTPException) as error:
            mail.trouble = f"{type(error).__name__}: {error}"[:300]
            if mail.tries >= TRIES:
                mail.state = MailState.UNDELIVERED
            return error
        mail.state, mail.sent_at, mail.trouble = MailState.SENT, timezone.now(), ""
        return None


def composed(mail: Mail, template: str, to: str, words: dict[str, Any]) -> EmailMultiAlternatives:
    """A mail as text and as HTML from the templates mail/<template>.txt and .html. `words` hold the subject."""
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "rollbook"
    message = EmailMultiAlternatives(
        subject=words["subject"],
        body=render_to_string(f"mail/{template}.txt", words),
        to=[to],
        headers={"Message-ID": f"<{mail.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(
        css_inline.inline(render_to_string(f"mail/{template}.html", words)), "text/html"
    )
    return message


def mail_trouble() -> str:
    """Why the mail server can't be used, or "": connects and signs in as for sending, and sends nothing."""
    try:
        with get_connection():
            return ""
    except (OSError, SMTPException) as error:
        return f"{type(error).__name__}: {error}"[:300]
