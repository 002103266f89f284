"""Students outside the selected grades: digests only, because their values must not be stored."""

from typing import ClassVar

from django.db import models

from rollbook.schools.models import School
from rollbook.sync.models.run import Run


class OutsideList(models.Model):
    """The SIS IDs without an account that the last complete plan left out for their grade.

    Stored as 8-byte digests, one after the other; see `store.outside`. They can only answer whether
    a SIS ID is among them.
    """

    id = models.BigAutoField(primary_key=True)
    school = models.ForeignKey(School, on_delete=models.CASCADE, db_index=False, related_name="+")
    source = models.CharField(max_length=40)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    digests = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["school", "source"], name="one_outside_list_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.source} {len(self.digests) // 8}"
