"""Ends a session 12 hours after the sign-in, or after 30 minutes without a request.

This holds for staff and students, by the database's clock: a web machine whose own clock is wrong
neither ends sessions too early nor keeps them. The request that a page sends by itself each second,
for the progress of a run, does not count.
"""

from collections.abc import Callable
from typing import Final

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponseBase

from rollbook.schools import clock, staff_sessions
from rollbook.web.session_keys import BEGAN, SEEN, STUDENT

LONGEST: Final = 12 * 3600
IDLE: Final = 30 * 60
NOTED_EVERY: Final = 60  # seconds: the session isn't written with each request


class SessionEnds:
    """Stands right behind Django's sessions, before anything reads who is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        session = request.session
        if SESSION_KEY in session or STUDENT in session:
            now = int(clock.now().timestamp())
            too_long = now - session.get(BEGAN, now) > LONGEST
            idle = now - session.get(SEEN, now) > IDLE
            if too_long or idle:
                session.flush()
            elif BEGAN not in session:
                session[BEGAN] = session[SEEN] = now
            elif now - session.get(SEEN, 0) >= NOTED_EVERY and not _is_automatic(request):
                session[SEEN] = now
                if SESSION_KEY in session:
                    staff_sessions.note_use(str(session.session_key))
        return self._get_response(request)


def _is_automatic(request: HttpRequest) -> bool:
    return request.path_info.endswith("/progress/")
