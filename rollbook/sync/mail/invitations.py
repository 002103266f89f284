"""Registration mails to students. Only a person sends them: no run ever mails a student."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.roster.values import email_key
from rollbook.schools.models import School, User
from rollbook.students import registration
from rollbook.students.models import Invitation, StudentAccount
from rollbook.sync import queue
from rollbook.sync.mail.outbox import Outbox, composed


def invite(
    school: School,
    accounts: QuerySet[StudentAccount],
    by: User | None,
    *,
    again: bool = False,
    via: str = "web",
) -> int:
    """Invite these students, see `registration.invite`. The mails leave by the queue. Returns how many were made."""
    made = 0
    for ids in registration.invite(school, accounts, by, again=again, via=via):
        OUTBOX.wake_all(ids)
        made += len(ids)
    return made


def forgotten(address: str) -> int:
    """Mail a new link to the registered students with this address. Whoever asked gets the same answer in every case."""
    ids: list[UUID] = []
    for account in _registered_with(address):
        ids += registration.ask_again(account.school, account)
    OUTBOX.wake_all(ids)
    return len(ids)


def _registered_with(address: str) -> Iterable[StudentAccount]:
    found = StudentAccount.objects.filter(
        email_key=email_key(address.strip()), status="active", login__isnull=False
    )
    return found.select_related("school")[:5]


def sweep() -> int:
    """Wake the invitations that wait without a job, and give up those whose tries are used up. Returns how many were woken."""
    return OUTBOX.sweep()


def link(invitation: Invitation) -> str:
    """The address where the student registers."""
    return f"{config.public_url.rstrip('/')}/me/register/{invitation.pk}/{registration.code_of(invitation)}/"


def message(invitation: Invitation) -> EmailMultiAlternatives | None:
    """The mail of an invitation; None where its link would not open any more."""
    try:
        registration.opened(invitation.pk, registration.code_of(invitation))
    except registration.LinkClosed:
        invitation.trouble = _(
            "Not sent, because its link would not have worked: the account or its address was changed meanwhile."
        )
        return None
    return composed(invitation, "invitation", invitation.address, _words(invitation))


def _words(invitation: Invitation) -> dict[str, Any]:
    school = invitation.school.name
    return {
        "subject": _("%(school)s: set your password") % {"school": school},
        "school": school,
        "name": invitation.account.preferred_name or invitation.account.first_name,
        "address": invitation.address,
        "days": registration.VALID.days,
        "link": link(invitation),
    }


OUTBOX: Final = Outbox(Invitation, queue.SEND_INVITATION, ("account", "school"), message)
