"""A school's safety limits, and the days on which they are wider."""

from typing import ClassVar

from django.db import models

from rollbook.schools.models import School, User
from rollbook.schools.moments import ChangedAt, MadeAt


class SchoolLimits(models.Model):
    """The limits of one school, see `roster.guards.Limits`; the others are the installation's."""

    school = models.OneToOneField(
        School, on_delete=models.CASCADE, primary_key=True, related_name="limits"
    )
    figures = models.JSONField(default=dict)
    updated_at = ChangedAt()

    def __str__(self) -> str:
        return f"{self.school_id} {self.figures}"


class LimitWidening(models.Model):
    """Wider limits from one day to another, both included, in the school's time zone.

    For the change of a school year, say.
    """

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="limit_widenings")
    first_day = models.DateField()
    last_day = models.DateField()
    figures = models.JSONField(default=dict)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = MadeAt()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")),
                name="widening_ends_after_it_begins",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["school", "last_day"], name="widenings_by_school")
        ]

    def __str__(self) -> str:
        return f"{self.first_day} to {self.last_day}"
