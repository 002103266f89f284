"""Rules for single students: locks, protection, never import; and their absence and aliases."""

import uuid
from typing import ClassVar

from django.db import models

from rollbook.schools.models import School, User
from rollbook.schools.moments import MadeAt
from rollbook.students.models.account import StudentAccount


class FieldLock(models.Model):
    """One value of one account that a person keeps: no sync changes it while it is locked."""

    school = models.ForeignKey(School, on_delete=models.PROTECT, db_index=False, related_name="+")
    account = models.ForeignKey(StudentAccount, on_delete=models.CASCADE, related_name="locks")
    field = models.CharField(max_length=40)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = MadeAt()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "account", "field"], name="one_lock_per_field"
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} {self.account_id}"


class Protection(models.Model):
    """An account that no sync writes to, until `until` (None: until a person ends it)."""

    account = models.OneToOneField(
        StudentAccount, on_delete=models.CASCADE, primary_key=True, related_name="protection"
    )
    school = models.ForeignKey(School, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = MadeAt()

    def __str__(self) -> str:
        return str(self.account_id)


class Absence(models.Model):
    """An account that the last complete live runs of a source did not have.

    `runs` is how many in a row, `since` the first day (UTC). A student whom several SISs have is
    counted for each of them.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        StudentAccount, on_delete=models.CASCADE, db_index=False, related_name="absences"
    )
    school = models.ForeignKey(School, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=40)
    runs = models.IntegerField()
    since = models.DateField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "source"], name="one_absence_per_sis")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.runs}"


class NeverImport(models.Model):
    """A student for whom no run creates an account: a SIS ID or e-mail in canonical form."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(School, on_delete=models.PROTECT, related_name="+")
    field = models.CharField(max_length=10)  # sis_id or email
    key = models.CharField(max_length=320)
    reason = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = MadeAt()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["school", "field", "key"], name="one_entry_per_student")
        ]

    def __str__(self) -> str:
        return f"{self.field} {self.id}"


class EmailAlias(models.Model):
    """A sign-in e-mail that an account had before, kept until `kept_until`."""

    school = models.ForeignKey(School, on_delete=models.PROTECT, db_index=False, related_name="+")
    account = models.ForeignKey(StudentAccount, on_delete=models.CASCADE, related_name="aliases")
    email = models.CharField(max_length=320)
    email_key = models.CharField(max_length=320)
    since = MadeAt()
    kept_until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "email_key", "account"], name="one_alias_per_account"
            )
        ]

    def __str__(self) -> str:
        return str(self.account_id)
