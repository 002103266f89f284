"""Mails to staff about their access: invitations, and notices of an operator's access."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.schools import emergency, staff_invitations
from rollbook.schools.clock import zone_of
from rollbook.schools.models import (
    EmergencyAccess,
    EmergencyNotice,
    School,
    StaffInvitation,
    User,
)
from rollbook.sync import queue
from rollbook.sync.mail.outbox import Outbox, compose


def invite(
    school: School, address: str, role: str, by: User | None, via: str = "web"
) -> StaffInvitation:
    """Write an invitation and let a worker mail it. Raises PeopleRefused.

    Sends again where the address has an open invitation: only the newest link works.
    """
    invitation, is_new = staff_invitations.invite(school, address, role, by, via)
    if is_new:
        INVITATIONS.wake(invitation.pk)
    return invitation


def enter(school: School, operator: User, reason: str) -> EmergencyAccess:
    """Give an operator emergency access, and let a worker mail the owners. Raises PeopleRefused."""
    access, notices = emergency.enter(school, operator, reason)
    NOTICES.wake_all(notices)
    return access


def link(invitation: StaffInvitation) -> str:
    """Return the address where the invitation is accepted."""
    token = staff_invitations.token_of(invitation)
    return f"{config.public_url.rstrip('/')}/invitations/{invitation.pk}/{token}/"


def sweep_invitations() -> int:
    """Wake the invitations that wait without a job. Returns how many."""
    return INVITATIONS.sweep()


def sweep_notices() -> int:
    """Wake the notices that wait without a job. Returns how many."""
    return NOTICES.sweep()


def send_invitation(invitation_id: UUID) -> None:
    """Send one invitation. Raises OSError or SMTPException, for the queue to try again."""
    INVITATIONS.send(invitation_id)


def send_notice(notice_id: UUID) -> None:
    """Send one notice. Raises OSError or SMTPException, for the queue to try again."""
    NOTICES.send(notice_id)


def invitation_message(invitation: StaffInvitation) -> EmailMultiAlternatives | None:
    """Return the mail of an invitation, or None if its link would not work any more."""
    try:
        staff_invitations.refuse_closed(invitation)
    except staff_invitations.LinkClosed:
        invitation.trouble = _("Not sent, because the invitation was revoked or used meanwhile.")
        return None
    if not staff_invitations.is_token(invitation, staff_invitations.token_of(invitation)):
        invitation.trouble = _("Not sent, because the secret key was changed. Invite again.")
        return None
    school = invitation.school
    values = {
        "subject": _("Invitation to %(school)s in Rollbook") % {"school": school.name},
        "school": school.name,
        "inviter": invitation.by,
        "role": invitation.get_role_display(),
        "address": invitation.address,
        "until": _minute(invitation.expires_at, school),
        "link": link(invitation),
    }
    return compose(invitation, "staff_invitation", invitation.address, values)


def notice_message(notice: EmergencyNotice) -> EmailMultiAlternatives:
    """Return the mail to an owner about an operator's access."""
    access, school = notice.access, notice.school
    values = {
        "subject": _("%(school)s: an operator entered your school") % {"school": school.name},
        "school": school.name,
        "operator": access.operator,
        "reason": access.reason,
        "began": _minute(access.began_at, school),
        "until": _minute(access.ends_at, school),
        "link": f"{config.public_url.rstrip('/')}/schools/{school.pk}/people/",
    }
    return compose(notice, "emergency_access", notice.user.email, values)


def _minute(moment: datetime, school: School) -> str:
    """Return a moment on the school's clocks, as "2026-11-30 14:39 (America/New_York)"."""
    local = moment.astimezone(zone_of(school))
    return f"{local:%Y-%m-%d %H:%M} ({local.tzinfo})"


INVITATIONS: Final = Outbox(
    StaffInvitation, queue.SEND_STAFF_INVITATION, ("school",), invitation_message
)
NOTICES: Final = Outbox(
    EmergencyNotice,
    queue.SEND_EMERGENCY_NOTICE,
    ("school", "user", "access__operator"),
    notice_message,
)
