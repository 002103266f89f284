"""Mails to one person: a link for a new password, a changed password, a new device."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMultiAlternatives
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.schools import clock
from rollbook.schools.models import AccountMail, AccountMailKind, User
from rollbook.sync import queue
from rollbook.sync.mail.outbox import Outbox, compose

KEPT: Final = timedelta(days=30)


def write(kind: AccountMailKind, user: User | None, browser: str = "") -> None:
    """Write one mail and let a worker send it. Without a user the same work sends nothing."""
    mail = AccountMail.objects.create(kind=kind, user=user, browser=browser)
    OUTBOX.wake(mail.pk)


def send(mail_id: UUID) -> None:
    """Send one mail. Raises OSError or SMTPException, for the queue to try again."""
    OUTBOX.send(mail_id)


def sweep_account_mails() -> int:
    """Wake the mails that wait without a job, and remove old ones. Returns how many were woken."""
    AccountMail.objects.filter(created_at__lt=clock.now() - KEPT).delete()
    return OUTBOX.sweep()


def message(mail: AccountMail) -> EmailMultiAlternatives | None:
    """Return a mail, or None where nobody has the address or the account is closed."""
    if mail.user is None or not mail.user.is_active:
        mail.trouble = _("Not sent, because no open account has this address.")
        return None
    words = _words(AccountMailKind(mail.kind), mail.user, mail.browser)
    values = {**words, "name": mail.user.name, "school": "Rollbook"}
    return compose(mail, "account", mail.user.email, values)


def _words(kind: AccountMailKind, user: User, browser: str) -> dict[str, Any]:
    site = config.public_url.rstrip("/")
    if kind == AccountMailKind.RESET:
        person = urlsafe_base64_encode(force_bytes(user.pk))
        return {
            "subject": _("Rollbook: choose a new password"),
            "text": _("With this link you choose a new password. It works once, for one hour."),
            "link": f"{site}/reset/{person}/{default_token_generator.make_token(user)}/",
            "button": _("Choose a new password"),
            "foot": _("You did not ask for this? Then ignore this mail: nothing changes."),
        }
    if kind == AccountMailKind.PASSWORD_SET:
        return {
            "subject": _("Rollbook: your password was changed"),
            "text": _("Your password was changed. You were signed out everywhere."),
            "link": f"{site}/forgot/",
            "button": _("It wasn't me"),
            "foot": _("If it was you, there is nothing to do."),
        }
    return {
        "subject": _("Rollbook: a sign-in on a new device"),
        "text": _("Somebody signed in to your account on a new device: %(browser)s.")
        % {"browser": browser},
        "link": f"{site}/security/",
        "button": _("See where you are signed in"),
        "foot": _("If it was not you, sign that device out and choose a new password."),
    }


OUTBOX: Final = Outbox(AccountMail, queue.SEND_ACCOUNT_MAIL, ("user",), message)
