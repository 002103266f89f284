"""The work list: each problem in a SIS, from the run that first found it until it is gone."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from rollbook.schools.models import School
from rollbook.sync.models.run import Run


class Problem(models.Model):
    """One problem with one student's record; `store.keep_problems` writes it when a run is done.

    `key` is a digest of what makes two findings the same problem: SIS ID (or name, where there is
    no SIS ID), code and field. `first_run` opened it, `last_run` is the last that found it, and
    `runs` is how many in a row found it. `fixed_at` is null while it is open. A problem that comes
    back after it was fixed begins anew. `fingerprint` is that of the record in the last run, where
    it was skipped for its values.
    """

    id = models.BigAutoField(primary_key=True)
    school = models.ForeignKey(
        School, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    source = models.CharField(max_length=40)
    key = models.CharField(max_length=32)
    severity = models.CharField(max_length=8)
    code = models.CharField(max_length=40)
    sis_id = models.CharField(max_length=200, null=True)
    name = models.CharField(max_length=300, blank=True)
    field = models.CharField(max_length=40, blank=True)
    source_field = models.CharField(max_length=100, blank=True)
    value = models.CharField(max_length=400, blank=True)
    other = models.CharField(max_length=1_000, blank=True)
    first_run = models.ForeignKey(
        Run, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    first_seen_at = models.DateTimeField()
    last_run = models.ForeignKey(
        Run, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    last_seen_at = models.DateTimeField()
    runs = models.IntegerField(default=1)
    fixed_at = models.DateTimeField(null=True)
    fingerprint = models.BinaryField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["school", "source", "key"], name="one_row_per_problem")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["school", "source"],
                condition=Q(fixed_at__isnull=True),
                name="open_problems",
            ),
            models.Index(fields=["school", "sis_id"], name="problems_by_sis_id"),
        ]

    def __str__(self) -> str:
        return f"{self.severity} {self.code}"
