"""`/{route}/v3/students`: pages by request headers, codes, value lists; no unknown parameters."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from rollbook.standins.homes import EVERYWHERE, Homes
from rollbook.standins.messages import Request, Response, json_response
from rollbook.standins.people import FIRST_DCID, Student
from rollbook.standins.roster import Roster
from rollbook.standins.veracross.answers import accepts_json, refused
from rollbook.standins.veracross.oauth import Token
from rollbook.standins.veracross.school import (
    CURRENT,
    LIST_ORDER,
    SINGLE_ORDER,
    codes_of,
    role_of,
    value_lists,
)
from rollbook.standins.veracross.students import v3_single, v3_student

USUAL_SIZE, LARGEST_SIZE = 100, 1000
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
_DATES = ("last_modified_date", "entry_date", "exit_date")
_CODES: dict[str, Callable[[Student], int]] = {
    "household_id": lambda who: codes_of(who).household_id,
    "homeroom": lambda who: codes_of(who).homeroom,
    "homeroom_teacher_id": lambda who: codes_of(who).homeroom_teacher,
    "advisor_id": lambda who: codes_of(who).advisor,
    "campus_id": lambda who: codes_of(who).campus,
    "role": lambda who: codes_of(who).role,
    "enrollment_status": lambda who: codes_of(who).enrollment_status,
}
PARAMETERS = frozenset(_CODES) | {
    f"on_or_{side}_{name}" for name in _DATES for side in ("after", "before")
}
"""All parameters that exist (S): no grade, no year, no page."""


class V3:
    """Answers `/{route}/v3/...` for one school. The caller checks the token and the quota."""

    def __init__(self, roster: Roster, homes: Homes = EVERYWHERE) -> None:
        self._roster, self._homes = roster, homes
        self._cache: dict[tuple[int, str], list[int]] = {}

    def handle(self, request: Request, rest: Sequence[str], token: Token) -> Response:
        """Return the answer. Raises Refused."""
        if holes := re.findall(r"\{(\w*)\}", "/".join(rest)):
            raise refused(400, f"The URL path is missing required parameters: {', '.join(holes)}")
        *parts, last = rest or [""]
        dotted = last.endswith(".json")
        match [*parts, last.removesuffix(".json")]:
            case ["students"]:
                scope, act = "students:list", self._list
            case ["students", person]:
                scope, act = "students:read", lambda request: self._single(request, person)
            case _:
                raise refused(404, "The requested endpoint wasn't found")
        if request.method != "GET":
            raise refused(405, "The requested method isn't allowed")
        _check_forms(request, dotted)
        if scope not in token.scopes:
            raise refused(401, f"The provided access token is missing a required scope: {scope}")
        return act(request)

    def _list(self, request: Request) -> Response:
        if unknown := sorted(request.query.keys() - PARAMETERS):
            raise refused(400, f"Unknown parameters were provided: {', '.join(unknown)}")
        size = _header(request, "X-Page-Size", USUAL_SIZE, LARGEST_SIZE)
        start = (_header(request, "X-Page-Number", 1, 10**9) - 1) * size
        shown = [
            v3_student(self._roster.student(number), self._homes)
            for number in self._numbers(request)[start : start + size]
        ]
        return self._enveloped(request, shown, LIST_ORDER)

    def _single(self, request: Request, person: str) -> Response:
        if request.query:
            raise refused(
                400, f"Unknown parameters were provided: {', '.join(sorted(request.query))}"
            )
        number = int(person) - FIRST_DCID + 1 if person.isdecimal() and len(person) < 10 else 0
        if number not in self._roster:
            raise refused(404, "The requested resource wasn't found")  # undocumented (?)
        return self._enveloped(
            request, v3_single(self._roster.student(number), self._homes), SINGLE_ORDER
        )

    def _enveloped(self, request: Request, data: Any, order: Sequence[str]) -> Response:
        document = {"data": data}
        if request.headers.get("x-api-value-lists", "").lower() == "include":
            document["value_lists"] = value_lists(order, self._roster.district.country)
        return json_response(document)

    def _numbers(self, request: Request) -> list[int]:
        """Return the current students, or those with the role asked for (C).

        Cached until the roster changes.
        """
        roster, version = self._roster, self._roster.version
        key = (version, repr(sorted(request.query.items())))
        if key not in self._cache:
            if len(self._cache) > 20:
                self._cache = {}
            role = _whole("role", request.query["role"]) if "role" in request.query else CURRENT
            numbers = [
                n for n in roster.numbers() if role_of(roster.brief(n).enroll_status) == role
            ]
            checks = [
                _check(name, value) for name, value in request.query.items() if name != "role"
            ]
            self._cache[key] = [
                n for n in numbers if all(check(roster.student(n)) for check in checks)
            ]
        return self._cache[key]


def _check_forms(request: Request, dotted: bool) -> None:
    if not dotted and not accepts_json(request):
        raise refused(406, "The requested content type isn't available")
    header = request.headers.get("accept-encoding", "*").lower()
    encodings = {part.partition(";")[0].strip() for part in header.split(",")}
    if not encodings & {"deflate", "identity", "*"}:
        raise refused(406, "The requested encoding isn't available")


def _check(name: str, value: str) -> Callable[[Student], bool]:
    """Return the test of a parameter. Dates are inclusive, with or without a time (D; C)."""
    if name in _CODES:
        code = _whole(name, value)
        return lambda who: _CODES[name](who) == code
    if not _DATE.fullmatch(value):
        raise refused(400, f"Invalid value for parameter: {name}")  # undocumented (?)
    field = name.removeprefix("on_or_after_").removeprefix("on_or_before_")

    def date_of(who: Student) -> str:
        text = str(v3_student(who)[field] or "")
        return text if "T" in value else text[:10]

    if name.startswith("on_or_after_"):
        return lambda who: date_of(who) >= value
    return lambda who: "" < date_of(who) <= value


def _whole(name: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise refused(400, f"Invalid value for parameter: {name}")
    return int(text)


def _header(request: Request, name: str, usual: int, most: int) -> int:
    """Return a number from 1 to `most`. Raises Refused.

    The answer to other numbers is undocumented; a refusal shows the mistake soonest.
    """
    text = request.headers.get(name.lower(), "") or str(usual)
    if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= most:
        raise refused(400, f"Invalid value for header: {name}")
    return int(text)
