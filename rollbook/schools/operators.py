"""Operators of the installation: who they are, and that they never belong to a school."""

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.schools import audit, emergency, people
from rollbook.schools.models import EmergencyAccess, Membership, User
from rollbook.schools.refusals import PeopleRefused


@transaction.atomic
def make_operator(person: User, via: str) -> None:
    """Make a user an operator. Raises PeopleRefused for somebody who belongs to a school."""
    locked = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if Membership.objects.filter(user=locked).exists():
        what = _(
            "%(email)s belongs to a school. An operator sees no students: use another e-mail, "
            "or remove the person from each school first."
        )
        raise PeopleRefused("has_schools", what % {"email": locked.email})
    if User.objects.filter(pk=locked.pk, is_operator=False).update(is_operator=True):
        audit.record("operator.added", school=None, actor=None, subject=str(locked.pk), via=via)


@transaction.atomic
def end_operator(person: User, via: str) -> None:
    """Take the operator's role from a user. It ends the sessions and every emergency access."""
    if not User.objects.filter(pk=person.pk, is_operator=True).update(is_operator=False):
        return
    people.end_sessions(person)
    accesses = EmergencyAccess.objects.select_related("school").filter(operator=person)
    for access in accesses.filter(ended_at__isnull=True):
        emergency.end(access, None, via)
    audit.record("operator.removed", school=None, actor=None, subject=str(person.pk), via=via)
