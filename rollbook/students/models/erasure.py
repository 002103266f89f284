"""Erased students: when and by whom, and digests that keep them from coming back."""

import uuid
from typing import ClassVar

from django.db import models

from rollbook.schools.models import School, User
from rollbook.schools.moments import MadeAt


class Erasure(models.Model):
    """One student was erased. Nothing here says who it was.

    `settled_at` is null while a run that began before may still store rows of the student.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(School, on_delete=models.PROTECT, related_name="+")
    at = MadeAt()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    via = models.CharField(max_length=20, default="web")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["at"],
                condition=models.Q(settled_at__isnull=True),
                name="erasures_to_settle",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class Tombstone(models.Model):
    """A keyed digest of something that told an erased student: no run brings the student back.

    `field` is one of those of `roster.planning.erased`.
    """

    id = models.BigAutoField(primary_key=True)
    school = models.ForeignKey(School, on_delete=models.PROTECT, db_index=False, related_name="+")
    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="tombstones")
    field = models.CharField(max_length=12)
    digest = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "field", "digest", "erasure"], name="one_tombstone_per_value"
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} {self.id}"
