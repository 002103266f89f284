"""What a person typed in Step 1.1 and has not saved, and the connection tests of a school."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from rollbook.schools.models import School, User


class ConnectionDraft(models.Model):
    """What one person typed in Step 1.1 for one SIS and version, and has not saved.

    `values` are the fields of the form as they were sent, each with its list of texts. `secrets`
    are encrypted, see `setup.drafts`. `settings_version` is that of the settings which the form was
    shown with.
    """

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=40)
    variant = models.CharField(max_length=20, blank=True)
    values = models.JSONField(default=dict)
    secrets = models.BinaryField(default=bytes)
    settings_version = models.CharField(max_length=40, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "user", "source", "variant"], name="one_draft_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.school_id} {self.source} {self.variant}"


class CheckState(models.TextChoices):
    """How far a connection test is."""

    RUNNING = "running", _("Testing")
    PASSED = "passed", _("Works")
    FAILED = "failed", _("Doesn't work yet")


class ConnectionTest(models.Model):
    """One connection test: its steps so far, and what it read for the set-up.

    `connection` is a digest of the credentials that were tested. `steps` are `discovery.CheckStep`s
    as dicts. `schools` and `grades` are `SchoolInSis` and `GradeInSis` as dicts. `sample` are some
    students, encrypted. `reading` is True until all of that was read.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    source = models.CharField(max_length=40)
    variant = models.CharField(max_length=20, blank=True)
    connection = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=CheckState.choices, default=CheckState.RUNNING)
    steps = models.JSONField(default=list)
    reading = models.BooleanField(default=True)
    schools = models.JSONField(default=list)
    grades = models.JSONField(default=list)
    sample = models.BinaryField(default=bytes)
    started_at = models.DateTimeField()
    touched_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["school", "source", "-started_at"], name="tests_of_a_school")
        ]

    def __str__(self) -> str:
        return f"{self.school_id} {self.source} {self.state}"
