"""Slows down the guessing of passwords: after ten failures in 15 minutes an address has to wait.

Unknown addresses are treated like known ones. Failures are not counted by client, because behind a
proxy all clients look alike.
"""

from datetime import timedelta
from typing import Final

from django.db.models import Max
from django.utils.crypto import salted_hmac

from rollbook.schools import clock
from rollbook.schools.models import SignInFailure

FAILURES: Final = 10
WINDOW: Final = timedelta(minutes=15)


def minutes_to_wait(door: str, address: str) -> int:
    """Return the minutes that an address has to wait; 0 where it may try.

    `door` is `staff` or `student`.
    """
    recent = SignInFailure.objects.filter(who=_digest(door, address), at__gt=clock.now() - WINDOW)
    if recent.count() < FAILURES:
        return 0
    last = recent.aggregate(at=Max("at"))["at"] or clock.now()
    return max(1, -(-int((last + WINDOW - clock.now()).total_seconds()) // 60))


def failed(door: str, address: str) -> None:
    """Count one failed sign-in."""
    SignInFailure.objects.create(who=_digest(door, address))


def forget(door: str, address: str) -> None:
    """Delete the failures of an address that has signed in."""
    SignInFailure.objects.filter(who=_digest(door, address)).delete()


def sweep() -> int:
    """Delete failures that no longer count. Return how many."""
    return SignInFailure.objects.filter(at__lt=clock.now() - WINDOW).delete()[0]


def _digest(door: str, address: str) -> str:
    return salted_hmac(
        "rollbook.slow_down", f"{door}/{address.strip().lower()}", algorithm="sha256"
    ).hexdigest()
