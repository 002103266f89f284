"""Inviting staff: an invitation is for one address, one school and one role, and works once.

The token of a link is derived from the installation's key. Only its digest is stored, so neither a
copy of the database nor one of the key alone opens anything.
"""

import hashlib
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from rollbook.schools import audit, clock
from rollbook.schools.models import Membership, School, StaffInvitation, User
from rollbook.schools.people import check_may_handle, lock_school, operator_text
from rollbook.schools.refusals import PeopleRefused

VALID: Final = timedelta(hours=72)
SAME_CLICK: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
MOST_A_DAY: Final = 200  # at one school, so that nobody mails the world from here
MOST_TO_ONE: Final = 10  # a day, from one school
LONGEST_ADDRESS: Final = 254
OPEN: Final = Q(accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=Now())
_UNUSED: Final = Q(accepted_at__isnull=True, revoked_at__isnull=True)


class LinkClosed(Exception):
    """A link can't be used. `code` is unknown, accepted, revoked, expired, closed or disabled."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def token_of(invitation: StaffInvitation) -> str:
    """Return the token of the link: 256 bits, which only this installation can compute."""
    value = f"{invitation.pk}/{invitation.address}"
    return salted_hmac("rollbook.staff_invitation", value, algorithm="sha256").hexdigest()


def is_token(invitation: StaffInvitation, token: str) -> bool:
    """Return whether this is the token of the invitation."""
    return constant_time_compare(_digest(token), invitation.token_digest)


def open_invitations(school: School) -> QuerySet[StaffInvitation]:
    """Return the invitations of a school that nobody has accepted or revoked, the newest first.

    Expired ones are among them, so that they can be sent again.
    """
    invitations = StaffInvitation.objects.filter(_UNUSED, school=school)
    return invitations.select_related("by").order_by("-created_at", "pk")


@transaction.atomic
def invite(
    school: School, typed: str, role: str, by: User | None, via: str = "web"
) -> tuple[StaffInvitation, bool]:
    """Write an invitation. Returns it, and whether it is new. Raises PeopleRefused.

    An older open invitation of the same address ends. A second click within a minute gives the
    invitation of the first one.
    """
    address = checked_address(typed)
    lock_school(school)
    check_may_handle(school, by, role)
    _refuse_known(school, address)
    older = StaffInvitation.objects.filter(_UNUSED, school=school, address=address).first()
    if older is not None:
        check_may_handle(school, by, older.role)
        is_same = older.role == role and older.created_at > clock.now() - SAME_CLICK
        if is_same:
            return older, False
    _refuse_too_many(school, address)
    if older is not None:
        StaffInvitation.objects.filter(pk=older.pk).update(revoked_at=Now())
    invitation = StaffInvitation(
        school=school, address=address, role=role, by=by, expires_at=clock.now() + VALID
    )
    invitation.token_digest = _digest(token_of(invitation))
    invitation.save(force_insert=True)
    _record("staff.invited", invitation, by, via)
    return invitation, True


@transaction.atomic
def revoke(invitation: StaffInvitation, by: User | None, via: str = "web") -> bool:
    """End an invitation. Returns False where it was accepted or revoked already."""
    lock_school(invitation.school)
    check_may_handle(invitation.school, by, invitation.role)
    unused = StaffInvitation.objects.filter(_UNUSED, pk=invitation.pk)
    if not unused.update(revoked_at=Now()):
        return False
    _record("staff.invitation_revoked", invitation, by, via)
    return True


def opened(invitation_id: UUID, token: str) -> StaffInvitation:
    """Return the invitation of a link that can be used now. Raises LinkClosed."""
    invitations = StaffInvitation.objects.select_related("school", "by")
    invitation = invitations.filter(pk=invitation_id).first()
    if invitation is None or not is_token(invitation, token):
        raise LinkClosed("unknown")
    refuse_closed(invitation)
    return invitation


def refuse_closed(invitation: StaffInvitation) -> None:
    """Raise LinkClosed where an invitation can't be accepted any more."""
    if invitation.school.deletion_requested_at is not None:
        raise LinkClosed("closed")
    if invitation.accepted_at is not None:
        raise LinkClosed("accepted")
    if invitation.revoked_at is not None:
        raise LinkClosed("revoked")
    if invitation.expires_at <= clock.now():
        raise LinkClosed("expired")


@transaction.atomic
def accept(invitation: StaffInvitation, user: User) -> Membership:
    """Let the user with the invitation's address into the school.

    Raises LinkClosed if the invitation was used, revoked or expired meanwhile, and PeopleRefused
    for a user who can't get in by it.
    """
    _use_up(invitation)
    locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if locked.email != invitation.address:
        what = _("This invitation is for %(email)s. Sign in with that address.")
        raise PeopleRefused("other_address", what % {"email": invitation.address})
    if not locked.is_active:
        raise LinkClosed("disabled")
    if locked.is_operator:
        raise PeopleRefused("is_operator", operator_text(locked))
    if Membership.objects.filter(school=invitation.school_id, user=locked).exists():
        what = _("You belong to %(school)s already.") % {"school": invitation.school.name}
        raise PeopleRefused("already_member", what)
    membership = Membership.objects.create(
        school=invitation.school, user=locked, role=invitation.role
    )
    StaffInvitation.objects.filter(pk=invitation.pk).update(accepted_by=locked)
    _record("staff.invitation_accepted", invitation, locked, "web", user=str(locked.pk))
    return membership


def register(invitation: StaffInvitation, name: str, password: str) -> User:
    """Make a user of the invitation's address, and let it into the school.

    Raises LinkClosed as `accept` does, and PeopleRefused where there is such a user by now.
    """
    try:
        with transaction.atomic():
            _refuse_closed_meanwhile(invitation)
            user = User.objects.create_user(invitation.address, name, password)
            audit.record("user.added", school=invitation.school, actor=user, subject=str(user.pk))
            accept(invitation, user)
    except IntegrityError as error:
        what = _("There is a user with this address by now. Sign in to accept the invitation.")
        raise PeopleRefused("user_exists", what) from error
    return user


def checked_address(typed: str) -> str:
    """Return an address in lower case, as users have it. Raises PeopleRefused."""
    address = typed.strip().lower()
    try:
        if len(address) > LONGEST_ADDRESS:
            raise ValidationError("too long")
        validate_email(address)
    except ValidationError as error:
        what = _("Type an e-mail address, such as ada@lincoln.example.")
        raise PeopleRefused("email_invalid", what) from error
    return address


def _refuse_closed_meanwhile(invitation: StaffInvitation) -> None:
    """Lock the school, and raise LinkClosed where the invitation is over by now."""
    try:
        lock_school(invitation.school)
    except PeopleRefused as refused:
        raise LinkClosed("closed") from refused
    refuse_closed(StaffInvitation.objects.select_related("school").get(pk=invitation.pk))


def _use_up(invitation: StaffInvitation) -> None:
    """Mark an invitation as accepted. Raises LinkClosed where it can't be accepted any more."""
    _refuse_closed_meanwhile(invitation)
    if not StaffInvitation.objects.filter(OPEN, pk=invitation.pk).update(accepted_at=Now()):
        raise LinkClosed("expired")


def _refuse_known(school: School, address: str) -> None:
    """Raise PeopleRefused for an address whose user is in the school, or can't be in any."""
    user = User.objects.filter(email=address).first()
    if user is None:
        return
    if user.is_operator:
        raise PeopleRefused("is_operator", operator_text(user))
    membership = Membership.objects.filter(school=school, user=user).first()
    if membership is None:
        return
    if membership.disabled_at is not None:
        what = _("%(person)s belongs to this school, but is disabled. Enable the access instead.")
    else:
        what = _("%(person)s belongs to this school already. Change the role instead.")
    raise PeopleRefused("already_member", what % {"person": user.name})


def _refuse_too_many(school: School, address: str) -> None:
    """Raise PeopleRefused where the school has sent as many invitations as it may in a day."""
    of_today = StaffInvitation.objects.filter(school=school, created_at__gt=Now() - DAY)
    to_one = of_today.filter(address=address).count() >= MOST_TO_ONE
    if to_one or of_today.count() >= MOST_A_DAY:
        what = _("That are too many invitations for one day. Nothing was sent. Try tomorrow.")
        raise PeopleRefused("too_many_invitations", what)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _record(
    action: str, invitation: StaffInvitation, by: User | None, via: str, **detail: str
) -> None:
    audit.record(
        action,
        school=invitation.school,
        actor=by,
        subject=str(invitation.pk),
        via=via,
        role=invitation.role,
        **detail,
    )
