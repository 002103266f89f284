"""The form of Veracross's answers, and the headers that all of them have."""

import re
import time
from http import HTTPStatus
from math import ceil
from threading import Lock
from typing import Any, NamedTuple
from uuid import uuid4
from xml.sax.saxutils import escape

from rollbook.standins.messages import Request, Response, json_response

REVISION = "2026-09-23"
"""`X-API-Revision` is declared as required. Its values are undocumented: this is our choice."""
TOO_MANY = "Too Many Requests"

SINGULAR = {"students": "student", "facstaff": "facstaff", "parents": "parent", "classes": "class"}
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refused(Exception):
    """Raised to end the handling of a request with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def problem(status: int, error: str, **more: str) -> Response:
    """Return an error of v3 or the token endpoint: a text and an id (D)."""
    return json_response({"error": error, **more, "error_id": str(uuid4())}, status)


def refused(status: int, error: str, **more: str) -> Refused:
    """Return the exception that ends a request with this error."""
    return Refused(problem(status, error, **more))


class Window(NamedTuple):
    """How many requests are left of a quota, and when it ends (Unix time)."""

    limit: int
    left: int
    ends: float

    @property
    def over(self) -> bool:
        return self.left < 0

    def headers(self, *, unix_time: bool) -> tuple[tuple[str, str], ...]:
        """Return the rate headers: the reset is a Unix time in v3, seconds to wait in v2 (D; C)."""
        reset = ceil(self.ends) if unix_time else max(0, ceil(self.ends - time.time()))
        return (
            ("X-Rate-Limit-Limit", str(self.limit)),
            ("X-Rate-Limit-Remaining", str(max(0, self.left))),
            ("X-Rate-Limit-Reset", str(reset)),
        )


class Quota:
    """A number of requests for each key in a window, which begins with its first request (D)."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit, self.seconds = limit, seconds
        self._lock = Lock()
        self._windows: dict[str, Window] = {}

    def take(self, key: str) -> Window:
        """Count one request and return the window of its key."""
        with self._lock:
            now = time.time()
            window = self._windows.get(key)
            if window is None or now >= window.ends:
                window = Window(self.limit, self.limit, now + self.seconds)
            window = window._replace(left=max(-1, window.left - 1))
            self._windows[key] = window
            return window

    def untouched(self) -> Window:
        """Return a full window, for the answer to an unknown client."""
        return Window(self.limit, self.limit, time.time() + self.seconds)


def with_headers(response: Response, window: Window, *, unix_time: bool) -> Response:
    """Return the answer with the headers that every answer has."""
    headers = (*response.headers, *window.headers(unix_time=unix_time))
    if unix_time:
        named = HTTPStatus(response.status)
        headers = (
            *headers,
            ("X-API-Revision", REVISION),
            ("Status", f"{named.value} {named.phrase}"),
        )
    return response._replace(headers=headers)


def accepts_json(request: Request) -> bool:
    """Whether `Accept` allows JSON; a request without it allows everything."""
    accept = request.headers.get("accept", "*/*").lower()
    types = {part.partition(";")[0].strip() for part in accept.split(",")}
    return bool(types & {"application/json", "application/*", "*/*"})


def in_xml(response: Response, name: str) -> Response:
    """Return an answer of v2 as XML, where unset values are empty elements (C)."""
    document = response.document()
    if isinstance(document, list):
        one = SINGULAR.get(name, "row")
        inner = "".join(_element(one, item) for item in document)
        body = f'<{name} type="array">{inner}</{name}>'
    else:
        body = "".join(_element(key, value) for key, value in document.items())
    text = f'<?xml version="1.0" encoding="UTF-8"?>{body}'
    return response._replace(body=text.encode(), content_type="application/xml; charset=utf-8")


def _element(name: str, content: Any) -> str:
    if content is None:
        return f"<{name}/>"
    if isinstance(content, dict):
        return f"<{name}>{''.join(_element(key, each) for key, each in content.items())}</{name}>"
    if isinstance(content, list):
        return "".join(_element(name, each) for each in content)
    text = str(content).lower() if isinstance(content, bool) else str(content)
    return f"<{name}>{escape(_NOT_IN_XML.sub('', text))}</{name}>"
