"""Reasons for a hold that a person has approved, and the accounts that a run's roster lacked."""

from typing import ClassVar

from django.db import models

from rollbook.schools.models import School, User
from rollbook.students.models import StudentAccount
from rollbook.sync.models.run import Run


class MissingAccount(models.Model):
    """An active account that the complete roster of one run lacked.

    The plan stores them whatever the rule for leavers does: approving the run settles them.
    """

    id = models.BigAutoField(primary_key=True)
    school = models.ForeignKey(
        School, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_index=False, related_name="+")
    account_id = models.UUIDField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "account_id"], name="one_row_per_missing")
        ]

    def __str__(self) -> str:
        return str(self.account_id)


class Settlement(models.Model):
    """A reason for a hold that a person approved: while it lasts, it holds no other run.

    `guard` is the code of the alarm: `leavers` and the `account` is missing, `errors` and its
    record has an error, `other_people` and its SIS ID belongs to somebody else. Each ends with the
    first live run that doesn't find it any more. `moved` has no account: accounts that are linked
    to `moved_from`, an inactive SIS, may be linked to `source`.
    """

    id = models.BigAutoField(primary_key=True)
    school = models.ForeignKey(School, on_delete=models.CASCADE, db_index=False, related_name="+")
    source = models.CharField(max_length=40)
    guard = models.CharField(max_length=20)
    account = models.ForeignKey(
        StudentAccount, on_delete=models.CASCADE, null=True, related_name="+"
    )
    moved_from = models.CharField(max_length=40, blank=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "source", "guard", "account", "moved_from"],
                nulls_distinct=False,
                name="one_settlement_per_reason",
            )
        ]

    def __str__(self) -> str:
        return f"{self.guard} {self.account_id or self.moved_from}"
