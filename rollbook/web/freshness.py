"""Whether a person has proved lately who they are. What matters most asks for it."""

from typing import Final

from django.http import HttpRequest

from rollbook.schools import clock
from rollbook.web.session_keys import BEGAN, CONFIRMED

FRESH_SECONDS: Final = 15 * 60


def is_fresh(request: HttpRequest) -> bool:
    """Whether the sign-in, or the last proof after it, is at most 15 minutes ago."""
    now = _now()
    latest: int = max(request.session.get(BEGAN, now), request.session.get(CONFIRMED, 0))
    return now - latest <= FRESH_SECONDS


def note_proof(request: HttpRequest) -> None:
    """Note that the person of this session has just proved again who they are."""
    request.session[CONFIRMED] = _now()


def _now() -> int:
    return int(clock.now().timestamp())
