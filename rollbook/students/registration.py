"""Registration of students: the link of an invitation, setting a password, and signing in.

A link has the id of the invitation and a code that only this installation can compute. So a copy
of the database alone opens no account.
"""

from typing import Final
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare, salted_hmac

from rollbook.roster.values.parsing import email_key
from rollbook.schools import audit, clock
from rollbook.students.inviting import OPEN
from rollbook.students.models import (
    AccountEvent,
    AccountStatus,
    EventAction,
    Invitation,
    StudentAccount,
    StudentLogin,
)

MOST_LOGINS: Final = 5  # with one address, at several schools


def code_of(invitation: Invitation) -> str:
    """Return the code of a link: 256 bits, computed from the invitation's id and its address."""
    return salted_hmac(
        "rollbook.invitation", f"{invitation.pk}/{invitation.address_key}", algorithm="sha256"
    ).hexdigest()


class LinkClosed(Exception):
    """A link cannot be used. `code` is unknown, used, expired, replaced or closed.

    It is closed if the account is not active, or has another address.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def opened(invitation_id: UUID, code: str) -> Invitation:
    """Return the invitation of a link that can be used now. Raises LinkClosed."""
    invitations = Invitation.objects.select_related("account", "school")
    invitation = invitations.filter(pk=invitation_id).first()
    if invitation is None or not constant_time_compare(code, code_of(invitation)):
        raise LinkClosed("unknown")
    _refuse_closed(invitation.account, invitation)
    if invitation.used_at:
        raise LinkClosed("used")
    if invitation.ended_at:
        raise LinkClosed("replaced")
    if invitation.expires_at <= clock.now():
        raise LinkClosed("expired")
    return invitation


@transaction.atomic
def register(invitation: Invitation, password: str) -> StudentLogin:
    """Set the password and use up the invitation. Raises LinkClosed if somebody was faster."""
    account = StudentAccount.objects.select_for_update().get(pk=invitation.account_id)
    _refuse_closed(account, invitation)
    usable = Invitation.objects.filter(OPEN, pk=invitation.pk, expires_at__gt=Now())
    if not usable.update(used_at=Now()):
        raise LinkClosed("used")
    login, created = StudentLogin.objects.update_or_create(
        account=account,
        defaults={
            "school_id": account.school_id,
            "password": make_password(password),
            "last_sign_in_at": clock.now(),
        },
    )
    action = EventAction.REGISTERED if created else EventAction.PASSWORD_SET
    AccountEvent.objects.create(
        school_id=account.school_id, account=account, actor=None, via="student", action=action
    )
    audit.record(
        f"student.{action.value}",
        school=invitation.school,
        actor=None,
        subject=str(account.pk),
        via="student",
    )
    return login


def _refuse_closed(account: StudentAccount, invitation: Invitation) -> None:
    is_active = account.status == AccountStatus.ACTIVE
    if not is_active or account.email_key != invitation.address_key:
        raise LinkClosed("closed")


def sign_in(address: str, password: str) -> StudentLogin | None:
    """Return the login that this address and password open, or None.

    A wrong password, an unknown address and a closed account take as long as a right one. The
    password decides where a student of two schools with one address signs in.
    """
    logins = StudentLogin.objects.select_related("account", "school")
    matching = list(logins.filter(account__email_key=email_key(address.strip()))[:MOST_LOGINS])
    if not matching:
        make_password(password)  # takes as long as checking one
    for login in matching:
        is_right = check_password(password, login.password)
        if is_right and login.account.status == AccountStatus.ACTIVE:
            login.last_sign_in_at = clock.now()
            login.save(update_fields=["last_sign_in_at"])
            audit.record(
                "student.signed_in",
                school=login.school,
                actor=None,
                subject=str(login.account_id),
                via="student",
            )
            return login
    return None


def session_code(login: StudentLogin) -> str:
    """Return what a session stores: it changes with the password, and when the account closes."""
    value = f"{login.session_generation}/{login.password}"
    return salted_hmac("rollbook.student", value, algorithm="sha256").hexdigest()


def signed_in(account_id: UUID, code: str) -> StudentLogin | None:
    """Return the login of a session while the account is active and the password the same."""
    logins = StudentLogin.objects.select_related("account", "school")
    login = logins.filter(account_id=account_id).first()
    if login is None or login.account.status != AccountStatus.ACTIVE:
        return None
    return login if constant_time_compare(code, session_code(login)) else None
