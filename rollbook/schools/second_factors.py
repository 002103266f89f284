"""The second factors of staff that are stored: who has one, taking all away, newer keys."""

from typing import Final, NamedTuple

from allauth.mfa.models import Authenticator
from django.db import transaction

from rollbook.schools import sealing
from rollbook.schools.models import User

PURPOSE: Final = "second factor"
UNREADABLE: Final = "unreadable"  # the code of an error: no key opens the secret
# Where each kind keeps its secret.
SECRETS: Final = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


class Resealed(NamedTuple):
    """How many secrets were encrypted again with the newest key."""

    changed: int
    already: int
    unreadable: int


def has_one(user: User) -> bool:
    """Whether a person has set up an authenticator app or a passkey."""
    factors = Authenticator.objects.filter(user_id=user.pk)
    return factors.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


def remove_all(user: User) -> int:
    """Remove all second factors of a person who has lost them. Return how many."""
    removed = Authenticator.objects.filter(user_id=user.pk).delete()[0]
    return int(removed)


@transaction.atomic
def seal_again() -> Resealed:
    """Encrypt every secret again with the newest key, as for the credentials of a SIS."""
    changed = already = unreadable = 0
    for row in Authenticator.objects.select_for_update().filter(type__in=SECRETS):
        name = SECRETS[Authenticator.Type(row.type)]
        if sealing.is_newest(row.data[name]):
            already += 1
            continue
        try:
            row.data[name] = sealing.seal(sealing.unseal(row.data[name], PURPOSE), PURPOSE)
        except sealing.Unreadable:
            unreadable += 1
            continue
        row.save(update_fields=["data"])
        changed += 1
    return Resealed(changed, already, unreadable)
