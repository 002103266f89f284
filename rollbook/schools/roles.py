"""The roles of people at a school, and who may give or take which."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMINISTRATOR = "administrator", _("Administrator")
    COUNSELOR = "counselor", _("Counselor")


# What each role may do, for people who choose one.
ROLE_HELP: Final = {
    Role.OWNER: _("Does everything, manages all people, and may delete the school."),
    Role.ADMINISTRATOR: _("Sets up and starts syncs, edits students, and manages people."),
    Role.COUNSELOR: _("Sees students and reports. Changes nothing."),
}
_RANK: Final[dict[str, int]] = {Role.COUNSELOR: 1, Role.ADMINISTRATOR: 2, Role.OWNER: 3}


def rank(role: str) -> int:
    """Return how much a role may do, to compare two roles; 0 for none."""
    return _RANK.get(role, 0)


def may_handle(own_role: str, role: str) -> bool:
    """Return whether somebody with `own_role` may give, change or take `role`.

    Owners handle every role, administrators every role but the owner's, counselors none.
    """
    return rank(own_role) >= rank(Role.ADMINISTRATOR) and rank(own_role) >= rank(role)


def roles_to_give(own_role: str) -> list[Role]:
    """Return the roles that somebody with `own_role` may give, the highest first."""
    return [role for role in Role if may_handle(own_role, role)]
