"""What a new session of staff begins with, by whichever page or provider they signed in."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from rollbook.web.session_keys import BEGAN, CODE, GENERATION, SEEN, STUDENT

if TYPE_CHECKING:
    from rollbook.schools.models import User


def connect() -> None:
    """Let each sign-in of staff begin a session as this module says."""
    user_logged_in.connect(_begin, dispatch_uid="rollbook.session_starts")


def _begin(sender: Any, request: HttpRequest, user: "User", **options: Any) -> None:
    """Sign out a student who used this browser, and note the generation of the session."""
    for key in (STUDENT, CODE, BEGAN, SEEN):
        request.session.pop(key, None)
    request.session[GENERATION] = user.session_generation
