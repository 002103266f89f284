"""The rule for new passwords of staff and students. Existing passwords stay as they are."""

from collections.abc import Iterator
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from rollbook.schools import guessing, second_factors
from rollbook.schools.models import User

SHORTEST: Final = 15
SHORTEST_WITH_SECOND_FACTOR: Final = 12
LONGEST: Final = 128
# Attributes of a user or a student account that its password must not consist of.
_NAMES: Final = ("name", "email", "first_name", "last_name", "preferred_name", "username")


class PasswordRule:
    """Django's validator: long enough, and not made of what a guesser tries first."""

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError with what to do."""
        least = shortest(user)
        if len(password) < least:
            text = _("This password is too short. Use at least %(n)d characters.")
            raise ValidationError(text, code="password_too_short", params={"n": least})
        if len(password) > LONGEST:
            text = _("This password is too long. Use at most %(n)d characters.")
            raise ValidationError(text, code="password_too_long", params={"n": LONGEST})
        is_easy = guessing.parts(password, _names_of(user)) < guessing.ENOUGH
        if is_easy or guessing.is_phrase(password):
            raise ValidationError(
                _(
                    "This password is too easy to guess. Use several words that don't belong "
                    "together, and no names, dates, sequences or repeats."
                ),
                code="password_too_common",
            )

    def get_help_text(self) -> str:
        """Return the rule in words."""
        text = _(
            "At least %(n)d characters. Several words that don't belong together are easy to "
            "remember. Names, dates, sequences and repeats are easy to guess."
        )
        return text % {"n": SHORTEST}


def shortest(user: object) -> int:
    """Return how many characters a password of this person needs."""
    has_second_factor = isinstance(user, User) and second_factors.has_one(user)
    return SHORTEST_WITH_SECOND_FACTOR if has_second_factor else SHORTEST


def _names_of(user: object) -> Iterator[str]:
    """Yield the names of a person and of their schools."""
    for attribute in _NAMES:
        value = getattr(user, attribute, "")
        if isinstance(value, str) and value:
            yield value
    school = getattr(user, "school", None)
    if school is not None:
        yield school.name
    memberships = getattr(user, "memberships", None)
    if memberships is not None and getattr(user, "pk", None):
        yield from memberships.values_list("school__name", flat=True)
