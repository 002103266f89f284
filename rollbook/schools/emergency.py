"""Emergency access: an operator of the installation enters a school for an hour, with a reason.

The school sees it on its pages, owners get mail, and the audit log has the entry. It ends by
itself or by a click, and never makes the operator a member.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from rollbook.roster.values.parsing import Unreadable, text
from rollbook.schools import audit, clock
from rollbook.schools.models import (
    MAY_ENTER,
    EmergencyAccess,
    EmergencyNotice,
    Membership,
    Role,
    School,
    User,
)
from rollbook.schools.people import lock_school
from rollbook.schools.refusals import PeopleRefused

LASTS: Final = timedelta(minutes=60)
LONGEST_REASON: Final = 300
SHORTEST_REASON: Final = 10
# Now() is the database's clock.
_OPEN: Final = Q(
    ended_at__isnull=True,
    ends_at__gt=Now(),
    operator__is_operator=True,
    operator__is_active=True,
    school__deletion_requested_at__isnull=True,
)


def is_visited(school_id: OuterRef) -> Exists:
    """Return the condition that an operator has emergency access to this school now."""
    return Exists(
        EmergencyAccess.objects.filter(
            ended_at__isnull=True, ends_at__gt=Now(), school_id=school_id
        )
    )


def open_accesses(school: School) -> list[EmergencyAccess]:
    """Return the emergency accesses to a school that are open now, the oldest first."""
    return list(_open().filter(school=school).order_by("began_at"))


def open_access(operator_id: UUID, school_id: UUID) -> EmergencyAccess | None:
    """Return the open emergency access of this operator to this school, or None."""
    return _open().filter(operator_id=operator_id, school_id=school_id).first()


def membership(access: EmergencyAccess) -> Membership:
    """Return what an operator may do meanwhile, as a membership that is never saved."""
    return Membership(school=access.school, user=access.operator, role=Role.ADMINISTRATOR)


@transaction.atomic
def enter(school: School, operator: User, reason: str) -> tuple[EmergencyAccess, list[UUID]]:
    """Give an operator access for an hour. Raises PeopleRefused.

    Returns the access and the ids of the mails to the owners. A second click gives the access that
    is open already, and no mails.
    """
    lock_school(school)
    locked = User.objects.select_for_update(no_key=True).get(pk=operator.pk)
    if not (locked.is_operator and locked.is_active):
        raise PeopleRefused("not_allowed", _("Only an operator of this installation can do this."))
    reason = _checked_reason(reason)
    access = open_access(operator.pk, school.pk)
    if access is not None:
        return access, []
    access = EmergencyAccess.objects.create(
        school=school, operator=locked, reason=reason, ends_at=clock.now() + LASTS
    )
    owners = Membership.objects.filter(MAY_ENTER, school=school, role=Role.OWNER)
    notices = EmergencyNotice.objects.bulk_create(
        EmergencyNotice(school=school, access=access, user_id=owner_id)
        for owner_id in owners.values_list("user_id", flat=True)
    )
    audit.record(
        "emergency_access.began",
        school=school,
        actor=operator,
        subject=str(access.pk),
        reason=reason,
        minutes=int(LASTS.total_seconds()) // 60,
    )
    return access, [notice.pk for notice in notices]


@transaction.atomic
def end(access: EmergencyAccess, by: User | None, via: str = "web") -> None:
    """End an emergency access now. Ending it twice does nothing."""
    running = EmergencyAccess.objects.filter(ended_at__isnull=True, ends_at__gt=Now())
    if running.filter(pk=access.pk).update(ended_at=Now()):
        audit.record(
            "emergency_access.ended",
            school=access.school,
            actor=by,
            subject=str(access.pk),
            via=via,
        )


def past_accesses(school: School) -> QuerySet[EmergencyAccess]:
    """Return all emergency accesses to a school, the newest first."""
    accesses = EmergencyAccess.objects.filter(school=school).select_related("operator")
    return accesses.order_by("-began_at")


def _open() -> QuerySet[EmergencyAccess]:
    return EmergencyAccess.objects.filter(_OPEN).select_related("school", "operator")


def _checked_reason(typed: str) -> str:
    """Return a reason on one line. Raises PeopleRefused."""
    try:
        reason = text(typed, LONGEST_REASON) or ""
    except Unreadable as unreadable:
        what = _("Type a reason of at most %(number)d characters, on one line.")
        raise PeopleRefused("reason_refused", what % {"number": LONGEST_REASON}) from unreadable
    if len(reason) < SHORTEST_REASON:
        what = _("Say in a few words why you enter. The school will read it.")
        raise PeopleRefused("reason_refused", what)
    return reason
