"""Whom the last run saw outside the selected grades: digests only, because no value of theirs is ours to keep."""

from typing import ClassVar

from django.db import models

from rollbook.schools.models import School
from rollbook.sync.models.run import Run


class OutsideList(models.Model):
    """The SIS IDs that the last finished plan of a source left out for their grade and that have no account, as 8-byte digests in a row.

    They only answer "is this SIS ID among them?". See `sync.why`.
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
