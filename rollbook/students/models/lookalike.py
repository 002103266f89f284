"""Questions whether two open accounts with one name and date of birth are one person."""

from typing import ClassVar

from django.db import models

from rollbook.schools.models import School, User
from rollbook.schools.moments import MadeAt
from rollbook.students.models.account import StudentAccount


class Lookalike(models.Model):
    """Two accounts that have, or had, the same name and date of birth when both were open.

    `account` has the smaller id. Once a person decided that these are two different students,
    `decided_at` is set, and nobody is asked again. One person's accounts are merged instead.
    """

    id = models.BigAutoField(primary_key=True)
    school = models.ForeignKey(School, on_delete=models.PROTECT, db_index=False, related_name="+")
    account = models.ForeignKey(
        StudentAccount, on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    other = models.ForeignKey(StudentAccount, on_delete=models.CASCADE, related_name="+")
    found_at = MadeAt()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "other"], name="one_question_about_two_accounts"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["school"],
                condition=models.Q(decided_at__isnull=True),
                name="open_lookalikes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.other_id}"
