"""Invitations of staff, and the access of an installation's operator to a school."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from rollbook.schools.mail import Mail
from rollbook.schools.moments import MadeAt
from rollbook.schools.roles import Role


class StaffInvitation(Mail):
    """One invitation of one address to one school, with a role that is fixed.

    Its link works once, until `expires_at`. Of the link's token only a digest is stored: a copy of
    the database opens nothing (`schools.staff_invitations`). `revoked_at` is also set when a newer
    invitation replaces this one.
    """

    address = models.EmailField()
    role = models.CharField(max_length=20, choices=Role.choices)
    token_digest = models.CharField(max_length=64, unique=True)
    by = models.ForeignKey("schools.User", on_delete=models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        "schools.User", on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "address"],
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="one_open_staff_invitation",
            )
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class EmergencyAccess(models.Model):
    """An operator's access to one school, with the typed reason, until `ends_at` or `ended_at`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey("schools.School", on_delete=models.CASCADE, related_name="+")
    operator = models.ForeignKey("schools.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    began_at = MadeAt()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("began_at")), name="emergency_access_ends"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["school", "ends_at"], name="emergency_access_by_school")
        ]

    def __str__(self) -> str:
        return f"{self.operator_id} {self.began_at:%Y-%m-%d %H:%M}"


class EmergencyNotice(Mail):
    """The mail to one owner of a school about an operator's access to it."""

    access = models.ForeignKey(EmergencyAccess, on_delete=models.CASCADE, related_name="notices")
    user = models.ForeignKey("schools.User", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["access", "user"], name="one_notice_of_access")
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"
