"""Whether a student is registered, and the newest invitation."""

from datetime import datetime
from typing import NamedTuple

from rollbook.schools import clock
from rollbook.students.models import Invitation, StudentAccount, StudentLogin


class RegistrationState(NamedTuple):
    """When a student registered and last signed in. `invitation` is the newest one."""

    registered_at: datetime | None
    last_sign_in_at: datetime | None
    invitation: Invitation | None

    @property
    def is_open(self) -> bool:
        """Whether the student has a link that still works."""
        newest = self.invitation
        return (
            newest is not None
            and newest.used_at is None
            and newest.ended_at is None
            and newest.expires_at > clock.now()
        )


def registration_of(account: StudentAccount) -> RegistrationState:
    """Return whether the student is registered, and the newest invitation."""
    login = StudentLogin.objects.filter(school_id=account.school_id, account=account).first()
    invitations = Invitation.objects.filter(school_id=account.school_id, account=account)
    newest = invitations.order_by("-created_at").first()
    if login is None:
        return RegistrationState(None, None, newest)
    return RegistrationState(login.registered_at, login.last_sign_in_at, newest)
