"""Change tracking in short: data versions and event subscriptions."""

from threading import Lock
from typing import Any

import msgspec

from rollbook.standins.messages import Request, Response, json_response
from rollbook.standins.people import FIRST_DCID
from rollbook.standins.powerschool.answers import schema_error, v1_error
from rollbook.standins.powerschool.district import District

FIRST_VERSION = 16_323_283


def data_version(district: District) -> str:
    """Return the data version, a string in every answer (OD, GH)."""
    return str(FIRST_VERSION + district.roster.version)


def changed_since(district: District, version: int) -> list[int]:
    """Return the numbers of the students changed after this version.

    Every student for a version older than the first one.
    """
    if version < FIRST_VERSION:
        return list(district.roster.numbers())
    return district.roster.touched_since(version - FIRST_VERSION)


def data_version_answer(request: Request, district: District) -> Response:
    """Answer `GET /ws/dataversion/{application}/{version}` (GH, captured).

    The answer has the version, and the changed DCIDs by table, in lower case.
    """
    parts = request.path.split("/")[3:]
    if len(parts) != 2 or not parts[1].isdecimal():
        raise schema_error(400, "Invalid application or data version")
    changed = [number + FIRST_DCID - 1 for number in changed_since(district, int(parts[1]))]
    return json_response(
        {"$dataversion": data_version(district), "tables": {"students": changed} if changed else {}}
    )


class Subscriptions:
    """`/ws/v1/event_subscription`: stored, but no event is sent; its form is documented nowhere."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._subscriptions: Any = None

    def handle(self, request: Request) -> Response:
        """Answer a request: 201 created, 204 replaced (SF, MD). Raises Refused."""
        if request.path == "/ws/v1/test_subscription":
            return Response(204)
        with self._lock:
            before = self._subscriptions
            if request.method == "PUT":
                self._subscriptions = _read(request)
                return Response(204 if before else 201)
            if request.method == "DELETE":
                self._subscriptions = None
                return Response(204)
            if request.method == "GET":
                return json_response(before or {"event_subscriptions": {}})
        raise v1_error(405, f"{request.method} is not allowed here")


def _read(request: Request) -> Any:
    if "json" not in request.headers.get("content-type", "").lower():
        raise v1_error(415, "Content-Type must be application/json")
    try:
        body = msgspec.json.decode(request.body)
        subscriptions = body["event_subscriptions"]
        if not str(subscriptions["callback_url"]).startswith("https://"):
            raise v1_error(400, "callback_url must be https")
        for each in subscriptions["event_subscription"]:
            if each["event_type"] not in ("INSERT", "UPDATE", "DELETE", "SCHOOL_ENROLLMENT"):
                raise v1_error(400, "Unknown event_type")
    except (msgspec.DecodeError, KeyError, TypeError):
        raise v1_error(400, "Malformed event subscription") from None
    return body
