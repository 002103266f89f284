"""Mails to one person about their own account, whatever their schools."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from rollbook.schools.mail import WaitingMail


class AccountMailKind(models.TextChoices):
    RESET = "reset", _("A link to choose a new password")
    PASSWORD_SET = "password_set", _("The password was changed")
    NEW_DEVICE = "new_device", _("A sign-in on a new device")


class AccountMail(WaitingMail):
    """One mail to a user. Without one it was asked for by an unknown address, and is not sent.

    `browser` says where the person signed in, such as "Firefox on Windows".
    """

    kind = models.CharField(max_length=20, choices=AccountMailKind.choices)
    user = models.ForeignKey("schools.User", on_delete=models.CASCADE, null=True, related_name="+")
    browser = models.CharField(max_length=100, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
