"""Links to accounts without one: what the last plan proposes, and what people decided."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rollbook.schools.models import School, User
from rollbook.schools.moments import ChangedAt
from rollbook.students.models import StudentAccount
from rollbook.sync.models.run import Run


class LinkProposal(models.Model):
    """An account without a link and a record that could be the same person.

    As the last complete plan of this source found them. `record` holds values of the record.
    `clash` says why a person must decide: `names_differ` (same e-mail, different name),
    `other_birth` (same e-mail and name, other date of birth or class),
    `two_accounts` (the record could be either), `two_records` (the account could be either), or "".
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, db_index=False, related_name="+")
    source = models.CharField(max_length=40)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(StudentAccount, on_delete=models.CASCADE, related_name="+")
    sis_id = models.CharField(max_length=200)
    name = models.CharField(max_length=601)
    record = models.JSONField(default=dict)
    same_email = models.BooleanField()
    same_name = models.BooleanField()
    same_birth_date = models.BooleanField()
    same_sis_id = models.BooleanField()
    same_student_number = models.BooleanField()
    clash = models.CharField(max_length=12, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "source", "run", "account", "sis_id"],
                name="one_proposal_per_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.sis_id}"

    @property
    def is_exact(self) -> bool:
        return self.same_email and self.same_name


class Verdict(models.TextChoices):
    CONFIRMED = "confirmed", _("Confirmed")
    NOT_SAME = "not_same", _("Not the same person")


class LinkDecision(models.Model):
    """What a person decided about an account and a SIS ID. Every later run follows it."""

    id = models.BigAutoField(primary_key=True)
    school = models.ForeignKey(School, on_delete=models.CASCADE, db_index=False, related_name="+")
    source = models.CharField(max_length=40)
    account = models.ForeignKey(StudentAccount, on_delete=models.CASCADE, related_name="+")
    sis_id = models.CharField(max_length=200)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = ChangedAt()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "source", "account", "sis_id"], name="one_decision_per_pair"
            ),
            models.UniqueConstraint(
                fields=["school", "source", "account"],
                condition=Q(verdict="confirmed"),
                name="one_link_per_account",
            ),
            models.UniqueConstraint(
                fields=["school", "source", "sis_id"],
                condition=Q(verdict="confirmed"),
                name="one_link_per_sis_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.account_id}"
