"""Changes of the people of a school: roles, disabling, enabling, removing.

Each change locks the school's row first, so changes of one school happen one after the other. The
rights of the person who makes the change are read under that lock.
"""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from rollbook.schools import audit
from rollbook.schools.models import (
    MAY_ENTER,
    EmergencyAccess,
    Membership,
    School,
    StaffInvitation,
    User,
)
from rollbook.schools.refusals import PeopleRefused
from rollbook.schools.roles import Role, may_handle, rank


def lock_school(school: School) -> School:
    """Lock the school's row for a change of its people. Raises PeopleRefused if it is deleted."""
    # Runs and students refer to this row, and go on meanwhile.
    locked = School.objects.select_for_update(no_key=True).filter(pk=school.pk).first()
    if locked is None:
        raise PeopleRefused("school_deleted", _("This school was deleted."))
    return locked


def check_may_handle(school: School, by: User | None, role: str) -> None:
    """Raise PeopleRefused where a person may not give or take this role at the school.

    None is the operator of the machine, who may do everything. An operator of the installation has
    no membership, and invites only the first person of a school.
    """
    if role not in Role.values:
        raise PeopleRefused("role_unknown", _("There is no such role."))
    if by is None:
        return
    own = Membership.objects.filter(MAY_ENTER, school=school, user=by).first()
    if own is None and _may_begin(school, by):
        return
    if own is None or not own.may_manage:
        what = _("Only owners and administrators of this school can manage its people.")
        raise PeopleRefused("not_allowed", what)
    if not may_handle(own.role, role):
        what = _("Only an owner can do this, because it concerns an owner.")
        raise PeopleRefused("owners_only", what)


def _may_begin(school: School, by: User) -> bool:
    """Return whether `by` is an operator, and nobody belongs to the school yet."""
    operators = User.objects.filter(pk=by.pk, is_operator=True, is_active=True)
    return operators.exists() and not Membership.objects.filter(school=school).exists()


@transaction.atomic
def change_role(
    school: School, person: User, role: str, by: User | None, via: str = "web"
) -> Membership:
    """Give a person of the school another role. A lower role ends the sessions at this school."""
    lock_school(school)
    membership = _membership(school, person)
    check_may_handle(school, by, membership.role)
    check_may_handle(school, by, role)
    before = membership.role
    if role == before:
        return membership
    if before == Role.OWNER:
        _keep_an_owner(membership)
    membership.role = role
    if rank(role) < rank(before):
        membership.oldest_session = _next_generation(person)
        _revoke_invitations(membership, by, via)
    membership.save(update_fields=["role", "oldest_session"])
    _record("membership.role_changed", membership, by, via, before=before, after=role)
    return membership


@transaction.atomic
def add(school: School, person: User, role: str, by: User | None, via: str = "web") -> Membership:
    """Add a person to the school, or change the role of somebody who is in it already."""
    lock_school(school)
    if Membership.objects.filter(school=school, user=person).exists():
        return change_role(school, person, role, by, via)
    check_may_handle(school, by, role)
    locked = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if locked.is_operator:
        raise PeopleRefused("is_operator", operator_text(locked))
    membership = Membership.objects.create(school=school, user=locked, role=role)
    invitations = StaffInvitation.objects.filter(school=school, address=locked.email)
    invitations.filter(accepted_at__isnull=True, revoked_at__isnull=True).update(revoked_at=Now())
    _record("membership.set", membership, by, via, role=role)
    return membership


@transaction.atomic
def disable(school: School, person: User, by: User | None, via: str = "web") -> None:
    """Close the school to a person, who keeps the role. Their sessions there are over."""
    lock_school(school)
    membership = _membership(school, person)
    check_may_handle(school, by, membership.role)
    _not_oneself(person, by, _("You can't disable your own access. Ask another owner."))
    if membership.disabled_at is not None:
        return
    _keep_an_owner(membership)
    membership.oldest_session = _next_generation(person)
    membership.disabled_at = Now()
    membership.save(update_fields=["oldest_session", "disabled_at"])
    _revoke_invitations(membership, by, via)
    _record("membership.disabled", membership, by, via)
    _end_sessions_of_nobody(person)


@transaction.atomic
def enable(school: School, person: User, by: User | None, via: str = "web") -> None:
    """Open the school again to a person who was disabled. They have to sign in again."""
    lock_school(school)
    membership = _membership(school, person)
    check_may_handle(school, by, membership.role)
    if membership.disabled_at is None:
        return
    membership.disabled_at = None
    membership.save(update_fields=["disabled_at"])
    _record("membership.enabled", membership, by, via)


@transaction.atomic
def remove(school: School, person: User, by: User | None, via: str = "web") -> None:
    """Remove a person from the school. Their sessions there are over, for good."""
    lock_school(school)
    membership = _membership(school, person)
    if by is None or by.pk != person.pk:  # everybody may leave
        check_may_handle(school, by, membership.role)
    _keep_an_owner(membership)
    _next_generation(person)
    _revoke_invitations(membership, by, via)
    _record("membership.removed", membership, by, via, role=membership.role)
    membership.delete()
    _end_sessions_of_nobody(person)


@transaction.atomic
def disable_everywhere(person: User, via: str) -> None:
    """Let a person sign in nowhere any more. Only for the operator of the machine."""
    schools = School.objects.filter(memberships__user=person).order_by("pk")
    locked = [school.pk for school in schools.select_for_update(no_key=True, of=("self",))]
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if not person.is_active:
        return
    memberships = Membership.objects.select_related("school", "user").filter(user=person)
    for membership in memberships:
        if membership.school_id not in locked:
            what = _("The schools of this person changed meanwhile. Try again.")
            raise PeopleRefused("changed_meanwhile", what)
        _keep_an_owner(membership)
        _revoke_invitations(membership, None, via)
    end_sessions(person)
    accesses = EmergencyAccess.objects.filter(operator=person, ended_at__isnull=True)
    accesses.filter(ends_at__gt=Now()).update(ended_at=Now())
    User.objects.filter(pk=person.pk).update(is_active=False)
    audit.record("user.disabled", school=None, actor=None, subject=str(person.pk), via=via)


@transaction.atomic
def enable_everywhere(person: User, via: str) -> None:
    """Let a person sign in again. Only for the operator of the machine."""
    if User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
        audit.record("user.enabled", school=None, actor=None, subject=str(person.pk), via=via)


def end_sessions(person: User) -> None:
    """End all sessions of a person, for good."""
    generation = F("session_generation") + 1
    User.objects.filter(pk=person.pk).update(
        session_generation=generation, oldest_session=generation
    )


def operator_text(person: User) -> str:
    """Return why an operator of the installation can't become a member of a school."""
    what = _(
        "%(email)s is an operator of this installation, and can't belong to a school. "
        "Use another e-mail."
    )
    return what % {"email": person.email}


def _membership(school: School, person: User) -> Membership:
    memberships = Membership.objects.select_related("user", "school")
    membership = memberships.filter(school=school, user=person).first()
    if membership is None:
        what = _("%(person)s doesn't belong to this school.") % {"person": person.email}
        raise PeopleRefused("membership_not_found", what)
    return membership


def _keep_an_owner(membership: Membership) -> None:
    """Raise PeopleRefused where this membership is the school's last owner who can sign in."""
    if membership.role != Role.OWNER or not membership.may_enter:
        return
    owners = Membership.objects.filter(MAY_ENTER, school=membership.school_id, role=Role.OWNER)
    if not owners.exclude(pk=membership.pk).exists():
        what = _("%(person)s is the last owner of %(school)s. Make somebody else an owner first.")
        names = {"person": membership.user.name, "school": membership.school.name}
        raise PeopleRefused("last_owner", what % names)


def _not_oneself(person: User, by: User | None, what: str) -> None:
    if by is not None and by.pk == person.pk:
        raise PeopleRefused("own_access", what)


def _next_generation(person: User) -> int:
    """Count that a person lost access. Return the oldest generation of sessions that has it."""
    users = User.objects.filter(pk=person.pk)
    users.update(session_generation=F("session_generation") + 1)
    return users.values_list("session_generation", flat=True).get()


def _end_sessions_of_nobody(person: User) -> None:
    """End all sessions of a person whom no school is open to any more."""
    if not Membership.objects.filter(MAY_ENTER, user=person).exists():
        end_sessions(person)


def _revoke_invitations(membership: Membership, by: User | None, via: str) -> None:
    """Revoke the open invitations that a person made and could not make any more."""
    opened = StaffInvitation.objects.filter(
        school=membership.school_id,
        by=membership.user_id,
        accepted_at__isnull=True,
        revoked_at__isnull=True,
    )
    number = opened.update(revoked_at=Now())
    if number:
        _record("staff.invitations_revoked", membership, by, via, invitations=number)


def _record(
    action: str, membership: Membership, by: User | None, via: str, **detail: str | int
) -> None:
    audit.record(
        action,
        school=membership.school,
        actor=by,
        subject=str(membership.user_id),
        via=via,
        **detail,
    )
