"""The Excel file of a run while it is made and kept."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rollbook.schools.models import School, User
from rollbook.schools.moments import MadeAt
from rollbook.sync.models.run import Run


class ReportState(models.TextChoices):
    MAKING = "making", _("Being made")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class ReportFile(models.Model):
    """The Excel file of a run, kept for a day.

    It is in the database, because the process that makes it and the one that serves it may be on
    different machines; defer `content` wherever it isn't needed. `stamp` is a digest of the state
    of the run that it shows: there is one file for each. `attempts` grows with every try, and is
    the fence against a maker that was taken for dead; `touched_at` is the maker's heartbeat.
    `trouble` is why a failed one could not be made.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="report_files")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    via = models.CharField(max_length=20, default="web")
    language = models.CharField(max_length=20)
    stamp = models.CharField(max_length=32)
    state = models.CharField(max_length=6, choices=ReportState.choices, default=ReportState.MAKING)
    trouble = models.CharField(max_length=300, blank=True)
    attempts = models.IntegerField(default=0)
    rows_done = models.IntegerField(default=0)
    rows_total = models.IntegerField(default=0)
    name = models.CharField(max_length=200)
    content = models.BinaryField(null=True)
    size = models.IntegerField(default=0)
    created_at = MadeAt()
    touched_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "run", "stamp", "language"],
                condition=~Q(state="failed"),
                name="one_file_per_state_of_a_run",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="reports_by_expiry")]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"
