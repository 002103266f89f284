"""Guessing passwords is slowed down: ten failures for one address in a quarter of an hour, and that address has to wait.

It makes no difference whether anybody here has that address. Behind a proxy all clients look alike, so it isn't counted by client.
"""

from datetime import timedelta
from typing import Final

from django.db.models import Max
from django.utils import timezone
from django.utils.crypto import salted_hmac

from rollbook.schools.models import SignInFailure

FAILURES: Final = 10
WINDOW: Final = timedelta(minutes=15)


def minutes_to_wait(door: str, address: str) -> int:
    """How long this address has to wait at this door, `staff` or `student`; 0 where it may try."""
    recent = SignInFailure.objects.filter(
        who=_digest(door, address), at__gt=timezone.now() - WINDOW
    )
    if recent.count() < FAILURES:
        return 0
    last = recent.aggregate(at=Max("at"))["at"] or timezone.now()
    return max(1, -(-int((last + WINDOW - timezone.now()).total_seconds()) // 60))


def failed(door: str, address: str) -> None:
    """Count one failure."""
    SignInFailure.objects.create(who=_digest(door, address))


def forget(door: str, address: str) -> None:
    """Somebody signed in: begin anew."""
    SignInFailure.objects.filter(who=_digest(door, address)).delete()


def sweep() -> int:
    """Delete failures that count no more. Returns how many."""
    return SignInFailure.objects.filter(at__lt=timezone.now() - WINDOW).delete()[0]


def _digest(door: str, address: str) -> str:
    return salted_hmac(
        "rollbook.slow_down", f"{door}/{address.strip().lower()}", algorithm="sha256"
    ).hexdigest()
