"""Registration: the invitations that were mailed, and the passwords that were set with them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from rollbook.schools.mail import Mail
from rollbook.schools.models import School, User
from rollbook.schools.moments import MadeAt
from rollbook.students.models.account import StudentAccount


class Invitation(Mail):
    """One registration mail to one student.

    Its link works once, until `expires_at`, for this address and an active account only. The secret
    of the link is derived from the installation's key and never stored (`students.registration`).
    `ended_at` is set when a newer invitation replaces this one.
    """

    account = models.ForeignKey(
        StudentAccount, on_delete=models.CASCADE, related_name="invitations"
    )
    address = models.CharField(max_length=320)
    address_key = models.CharField(max_length=320)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "account"],
                condition=Q(used_at__isnull=True, ended_at__isnull=True),
                name="one_open_invitation",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["school", "account", "-created_at"], name="invitations_by_account")
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class StudentLogin(models.Model):
    """The password of a registered student, as Django's hashers write it.

    Students are no users: they see nothing of a school but their own record. The database adds one
    to `session_generation` when the account is closed, by whatever way; that ends all sessions.
    """

    account = models.OneToOneField(
        StudentAccount, on_delete=models.CASCADE, primary_key=True, related_name="login"
    )
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    password = models.CharField(max_length=128)
    registered_at = MadeAt()
    last_sign_in_at = models.DateTimeField(null=True)
    session_generation = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.account_id)
