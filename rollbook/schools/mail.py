"""A mail as a row: made in the transaction of what it is about, sent later by a worker."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from rollbook.schools.moments import MadeAt


class MailState(models.TextChoices):
    WAITING = "waiting", _("Waiting to be sent")
    SENT = "sent", _("Sent")
    UNDELIVERED = "undelivered", _("Not delivered")


class WaitingMail(models.Model):
    """The columns of every mail. `trouble` is why the last try failed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=12, choices=MailState.choices, default=MailState.WAITING)
    tries = models.IntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True)
    created_at = MadeAt()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Mail(WaitingMail):
    """A mail about a school."""

    school = models.ForeignKey("schools.School", on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True
