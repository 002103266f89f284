"""How Veracross words its answers, and the headers that come with every one of them."""

import time
from http import HTTPStatus
from math import ceil
from threading import Lock
from typing import NamedTuple
from uuid import uuid4

from rollbook.standins.messages import Request, Response, json_response

REVISION = "2026-09-23"
"""`X-API-Revision` is declared as required; its values aren't documented, so this one is our choice."""
TOO_MANY = "Too Many Requests"


class Refused(Exception):
    """Ends the handling of a request with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def problem(status: int, error: str, **more: str) -> Response:
    """The body of every error of v3 and of the token endpoint: a text and an id (D)."""
    return json_response({"error": error, **more, "error_id": str(uuid4())}, status)


def refused(status: int, error: str, **more: str) -> Refused:
    return Refused(problem(status, error, **more))


class Window(NamedTuple):
    """What is left of a quota, and until when (Unix time)."""

    limit: int
    left: int
    ends: float

    @property
    def over(self) -> bool:
        return self.left < 0

    def headers(self, *, unix_time: bool) -> tuple[tuple[str, str], ...]:
        """v3 gives the reset as a Unix time, v2 as seconds to wait (D; C)."""
        reset = ceil(self.ends) if unix_time else max(0, ceil(self.ends - time.time()))
        return (
            ("X-Rate-Limit-Limit", str(self.limit)),
            ("X-Rate-Limit-Remaining", str(max(0, self.left))),
            ("X-Rate-Limit-Reset", str(reset)),
        )


class Quota:
    """So many requests for each key in so many seconds; the window begins with the key's first request (D)."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit, self.seconds = limit, seconds
        self._lock = Lock()
        self._windows: dict[str, Window] = {}

    def take(self, key: str) -> Window:
        with self._lock:
            now = time.time()
            window = self._windows.get(key)
            if window is None or now >= window.ends:
                window = Window(self.limit, self.limit, now + self.seconds)
            window = window._replace(left=max(-1, window.left - 1))
            self._windows[key] = window
            return window

    def untouched(self) -> Window:
        """For an answer to somebody whom we don't know."""
        return Window(self.limit, self.limit, time.time() + self.seconds)


def dressed(response: Response, window: Window, *, unix_time: bool) -> Response:
    """The answer with the headers that every answer has."""
    headers = (*response.headers, *window.headers(unix_time=unix_time))
    if unix_time:
        named = HTTPStatus(response.status)
        headers = (
            *headers,
            ("X-API-Revision", REVISION),
            ("Status", f"{named.value} {named.phrase}"),
        )
    return response._replace(headers=headers)


def is_json_wanted(request: Request) -> bool:
    """`Accept` allows JSON; none at all allows everything."""
    accept = request.headers.get("accept", "*/*").lower()
    wanted = {part.partition(";")[0].strip() for part in accept.split(",")}
    return bool(wanted & {"application/json", "application/*", "*/*"})
