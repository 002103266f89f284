"""Ends a session 12 hours after the sign-in, or after 30 minutes without a click, of staff and students alike.

A page that asks by itself each second how far a run is counts as no click.
"""

import time
from collections.abc import Callable
from typing import Final

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponseBase

LONGEST: Final = 12 * 3600
IDLE: Final = 30 * 60
NOTED_EVERY: Final = 60  # seconds: the session isn't written with each request
STUDENT: Final = "student"
BEGAN, SEEN = "began", "seen"


class SessionEnds:
    """Right behind Django's sessions, before anybody asks who is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        session, now = request.session, int(time.time())
        if SESSION_KEY in session or STUDENT in session:
            if now - session.get(BEGAN, now) > LONGEST or now - session.get(SEEN, now) > IDLE:
                session.flush()
            elif BEGAN not in session:
                session[BEGAN] = session[SEEN] = now
            elif now - session.get(SEEN, 0) >= NOTED_EVERY and not _asks_by_itself(request):
                session[SEEN] = now
        return self._get_response(request)


def _asks_by_itself(request: HttpRequest) -> bool:
    return request.path_info.endswith("/progress/")
