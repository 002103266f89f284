"""The devices on which an account has signed in. Strangers who guess can't lock them out."""

import secrets
from datetime import timedelta
from typing import Final

from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from rollbook.roster.values.parsing import email_key
from rollbook.schools import clock
from rollbook.schools.models import KnownDevice

MOST_DEVICES: Final = 20  # of one account; the one that was used least recently goes first
FORGOTTEN_AFTER: Final = timedelta(days=365)
TOKEN_BYTES: Final = 32


def new_token() -> str:
    """Return a token for the cookie of a device."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def is_known(door: str, account: str, token: str) -> bool:
    """Whether the account has signed in on the device with this token, and it isn't revoked."""
    if not token:
        return False
    devices = KnownDevice.objects.filter(account=_account(door, account), device=_device(token))
    return devices.exists()


def remember(door: str, account: str, token: str) -> bool:
    """Note a sign-in of an account on a device. Return whether it has others, but not this one."""
    of_account = KnownDevice.objects.filter(account=_account(door, account))
    known = of_account.filter(device=_device(token)).update(last_used_at=Now())
    if known:
        return False
    has_others = of_account.exists()
    KnownDevice.objects.get_or_create(account=_account(door, account), device=_device(token))
    newest = of_account.order_by("-last_used_at").values_list("pk", flat=True)[:MOST_DEVICES]
    of_account.exclude(pk__in=list(newest)).delete()
    return has_others


def revoke(door: str, account: str) -> None:
    """Forget all devices of an account, as after a new password."""
    KnownDevice.objects.filter(account=_account(door, account)).delete()


def sweep() -> int:
    """Forget devices that were not used for a year. Return how many."""
    return KnownDevice.objects.filter(last_used_at__lt=clock.now() - FORGOTTEN_AFTER).delete()[0]


def _account(door: str, account: str) -> str:
    text = f"{door}/{email_key(account.strip())}"
    return salted_hmac("rollbook.devices.account", text, algorithm="sha256").hexdigest()


def _device(token: str) -> str:
    return salted_hmac("rollbook.devices.token", token, algorithm="sha256").hexdigest()
