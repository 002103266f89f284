"""Change tracking, minimally: data versions and event subscriptions."""

from threading import Lock
from typing import Any

import msgspec

from rollbook.standins.messages import Request, Response, json_response
from rollbook.standins.people import FIRST_DCID
from rollbook.standins.powerschool.answers import schema_error, v1_error
from rollbook.standins.powerschool.district import District

FIRST_VERSION = 16_323_283


def data_version(district: District) -> str:
    """A string in every answer (OD, GH)."""
    return str(FIRST_VERSION + district.roster.version)


def changed_since(district: District, version: int) -> list[int]:
    """Numbers of the students changed after this version; everybody for a version from before we began."""
    if version < FIRST_VERSION:
        return list(district.roster.numbers())
    return district.roster.touched_since(version - FIRST_VERSION)


def data_version_answer(request: Request, district: District) -> Response:
    """`GET /ws/dataversion/{application}/{version}` → version and lower-case tables with DCIDs (GH, captured)."""
    parts = request.path.split("/")[3:]
    if len(parts) != 2 or not parts[1].isdecimal():
        raise schema_error(400, "Invalid application or data version")
    changed = [number + FIRST_DCID - 1 for number in changed_since(district, int(parts[1]))]
    return json_response(
        {"$dataversion": data_version(district), "tables": {"students": changed} if changed else {}}
    )


class Subscriptions:
    """`/ws/v1/event_subscription`: kept, not acted upon, because the form of an event is documented nowhere."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: Any = None

    def handle(self, request: Request) -> Response:
        """201 created, 204 replaced (SF, MD). Raises Refused."""
        if request.path == "/ws/v1/test_subscription":
            return Response(204)
        with self._lock:
            before = self._kept
            if request.method == "PUT":
                self._kept = _read(request)
                return Response(204 if before else 201)
            if request.method == "DELETE":
                self._kept = None
                return Response(204)
            if request.method == "GET":
                return json_response(before or {"event_subscriptions": {}})
        raise v1_error(405, f"{request.method} is not allowed here")


def _read(request: Request) -> Any:
    if "json" not in request.headers.get("content-type", "").lower():
        raise v1_error(415, "Content-Type must be application/json")
    try:
        body = msgspec.json.decode(request.body)
        wanted = body["event_subscriptions"]
        if not str(wanted["callback_url"]).startswith("https://"):
            raise v1_error(400, "callback_url must be https")
        for each in wanted["event_subscription"]:
            if each["event_type"] not in ("INSERT", "UPDATE", "DELETE", "SCHOOL_ENROLLMENT"):
                raise v1_error(400, "Unknown event_type")
    except (msgspec.DecodeError, KeyError, TypeError):
        raise v1_error(400, "Malformed event subscription") from None
    return body
