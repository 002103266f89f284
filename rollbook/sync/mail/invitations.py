"""Registration mails to students. Only a person sends them: no run ever mails a student."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rollbook import scope
from rollbook.config import config
from rollbook.roster.values.parsing import email_key
from rollbook.schools import sealing
from rollbook.schools.models import School, User
from rollbook.students import inviting, registration
from rollbook.students.models import Invitation, StudentAccount
from rollbook.sync import queue
from rollbook.sync.mail.outbox import Outbox, compose

MOST_ACCOUNTS: Final = 5  # with one address, at several schools
ASKED_ADDRESS: Final = "address of a student who asks for a link"


def invite(
    school: School,
    accounts: QuerySet[StudentAccount],
    by: User | None,
    *,
    again: bool = False,
    via: str = "web",
) -> int:
    """Write the invitations of these students and let workers mail them. Returns how many.

    `again` invites those too who were invited within the last day.
    """
    invited = 0
    for ids in inviting.invite(school, accounts, by, again=again, via=via):
        OUTBOX.wake_all(ids)
        invited += len(ids)
    return invited


def ask_for_link(address: str) -> None:
    """Let a worker mail new links to the registered students with this address.

    Known and unknown addresses are the same work here, so nobody can tell them apart by the time.
    """
    queue.ask_for_link(sealing.seal(address, ASKED_ADDRESS))


def write_links(sealed_address: str) -> int:
    """Write new links for an address that `ask_for_link` sealed. Return how many.

    A job whose key is gone writes none: the student asks again.
    """
    try:
        address = sealing.unseal(sealed_address, ASKED_ADDRESS)
    except sealing.Unreadable:
        return 0
    ids: list[UUID] = []
    for account in _registered_with(address):
        with scope.of_school(account.school_id):
            ids += inviting.ask_again(account.school, account)
    OUTBOX.wake_all(ids)
    return len(ids)


def sweep() -> int:
    """Wake the invitations that wait without a job. Returns how many."""
    return OUTBOX.sweep()


def link(invitation: Invitation) -> str:
    """Return the address where the student registers."""
    code = registration.code_of(invitation)
    return f"{config.public_url.rstrip('/')}/me/register/{invitation.pk}/{code}/"


def message(invitation: Invitation) -> EmailMultiAlternatives | None:
    """Return the mail of an invitation, or None if its link would not work any more."""
    try:
        registration.opened(invitation.pk, registration.code_of(invitation))
    except registration.LinkClosed:
        invitation.trouble = _(
            "Not sent, because its link would not work: the account or its address was changed "
            "meanwhile."
        )
        return None
    return compose(invitation, "invitation", invitation.address, _template_values(invitation))


def _registered_with(address: str) -> Iterable[StudentAccount]:
    accounts = StudentAccount.objects.filter(
        email_key=email_key(address.strip()), status="active", login__isnull=False
    )
    return accounts.select_related("school")[:MOST_ACCOUNTS]


def _template_values(invitation: Invitation) -> dict[str, Any]:
    school = invitation.school.name
    return {
        "subject": _("%(school)s: set your password") % {"school": school},
        "school": school,
        "name": invitation.account.preferred_name or invitation.account.first_name,
        "address": invitation.address,
        "days": inviting.VALID.days,
        "link": link(invitation),
    }


OUTBOX: Final = Outbox(Invitation, queue.SEND_INVITATION, ("account", "school"), message)
