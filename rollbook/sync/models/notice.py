"""Mail to staff: the events, who wants mail about which, and each mail with its state."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from rollbook.schools.mail import Mail
from rollbook.schools.models import School, User
from rollbook.sync.models.integration import Integration
from rollbook.sync.models.run import Run


class NoticeEvent(models.TextChoices):
    """What staff can be mailed about, most pressing first."""

    CREDENTIALS_REFUSED = "credentials_refused", _("The SIS refused the credentials")
    FAILED = "failed", _("A run failed")
    ON_HOLD = "on_hold", _("A run is on hold")
    DID_NOT_RUN = "did_not_run", _("A scheduled run did not start")
    PROBLEMS = "problems", _("A run finished with problems")
    CHANGES = "changes", _("A run finished with changes")


ERROR_EVENTS = tuple(event for event in NoticeEvent if event != NoticeEvent.CHANGES)


class NoticeChoice(models.Model):
    """The events that one person of a school wants mail about, where they chose."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    events = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["school", "user"], name="one_choice_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.events}"


class Notice(Mail):
    """One mail to one person about one event.

    `occasion` names the run or the due time that it is about, so that it is made only once.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, related_name="notices")
    event = models.CharField(max_length=20, choices=NoticeEvent.choices)
    occasion = models.CharField(max_length=100)
    reason = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "user", "occasion"], name="one_notice_per_occasion"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["school", "-created_at"], name="notices_by_school")
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.state}"
