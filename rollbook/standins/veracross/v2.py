"""`/{client}/v2/students`: plain lists, labels, totals in a header.

No documentation is public: all of it is (C) or (I).
"""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import date, timedelta

from rollbook.standins import people
from rollbook.standins.homes import EVERYWHERE, Homes
from rollbook.standins.messages import Request, Response, json_response
from rollbook.standins.people import FIRST_DCID
from rollbook.standins.roster import Roster
from rollbook.standins.veracross.answers import in_xml, refused
from rollbook.standins.veracross.neighbours import NEIGHBOURS, Neighbour, v2_household
from rollbook.standins.veracross.school import grade_code, grade_label
from rollbook.standins.veracross.students import v2_relationships, v2_student

USUAL_SIZE, LARGEST_SIZE = 100, 1000
RECENT = timedelta(days=7)
_SUFFIX = re.compile(r"\.(json|xml)$")


class V2:
    """Answers `/{client}/v2/...` for one school. The caller checks the quota."""

    def __init__(
        self,
        roster: Roster,
        pair: tuple[str, str],
        *,
        roles_as_list: bool = False,
        homes: Homes = EVERYWHERE,
    ) -> None:
        user_name, password = pair
        self._roster, self._roles_as_list, self._homes = roster, roles_as_list, homes
        self._pair = f"{user_name}:{password}"

    def sign_in(self, request: Request) -> None:
        """Check HTTP Basic. Raises Refused; the body of the 401 is our choice."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            pair = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        if scheme.lower() != "basic" or pair != self._pair:
            wrong = refused(401, "HTTP Basic: Access denied.")
            wrong.response = wrong.response._replace(
                headers=(("WWW-Authenticate", 'Basic realm="Veracross"'),)
            )
            raise wrong

    def handle(self, request: Request, rest: Sequence[str]) -> Response:
        """Return the answer. Raises Refused.

        Unknown parameters are ignored: what Veracross does with them is unknown.
        """
        *parts, last = rest or [""]
        form = (_SUFFIX.search(last) or ["", request.query.get("format", "json")])[1]
        if request.method != "GET":
            raise refused(405, "The requested method isn't allowed")
        if form not in ("json", "xml"):
            raise refused(406, "The requested format isn't available")
        path = [*parts, _SUFFIX.sub("", last)]
        response = self._answer(request, path)
        return in_xml(response, path[0]) if form == "xml" else response

    def _answer(self, request: Request, path: list[str]) -> Response:
        match path:
            case ["students"]:
                return self._list(request, self._numbers(request))
            case ["students", "recent"]:
                return self._list(request, self._recent())
            case ["students", person]:
                return json_response({"student": self._show(self._number(person))})
            case ["households", household] if household.isdecimal():
                return json_response({"household": self._household(int(household))})
            case [kind] if kind in NEIGHBOURS:
                return self._neighbours(request, NEIGHBOURS[kind])
            case ["students", person, "relationships"]:
                related = v2_relationships(self._roster.student(self._number(person)))
                return json_response(related)._replace(
                    headers=(("X-Total-Count", str(len(related))),)
                )
        raise refused(404, "Not found")

    def _list(self, request: Request, numbers: Sequence[int]) -> Response:
        """Return a page; one past the end is 200 and `[]`: a client asks for one more (C)."""
        size = min(_whole(request, "count", USUAL_SIZE) or USUAL_SIZE, LARGEST_SIZE)
        start = (max(1, _whole(request, "page", 1)) - 1) * size
        shown = [self._show(number) for number in numbers[start : start + size]]
        return json_response(shown)._replace(headers=(("X-Total-Count", str(len(numbers))),))

    def _household(self, household: int) -> dict[str, object]:
        """Return a household with its students, who share its number."""
        numbers = [n for n in (household * 2 - 18_000, household * 2 - 17_999) if n in self._roster]
        if not numbers:
            raise refused(404, "Not found")
        return v2_household(self._roster.student(numbers[0]), household)

    def _neighbours(self, request: Request, show: Neighbour) -> Response:
        """Return a page of a list beside the students: facstaff, parents, classes, enrollments."""
        numbers = self._current()
        size = min(_whole(request, "count", USUAL_SIZE) or USUAL_SIZE, LARGEST_SIZE)
        start = (max(1, _whole(request, "page", 1)) - 1) * size
        rows = [show(self._roster.student(number)) for number in numbers[start : start + size]]
        return json_response(rows)._replace(headers=(("X-Total-Count", str(len(numbers))),))

    def _show(self, number: int) -> dict[str, object]:
        student = self._roster.student(number)
        shown = v2_student(student, self._roles_as_list, self._homes)
        if shown.get("current_grade"):
            shown["current_grade"] = grade_label(student.grade_level, self._roster.district.country)
        return shown

    def _number(self, person: str) -> int:
        number = int(person) - FIRST_DCID + 1 if person.isdecimal() and len(person) < 10 else 0
        if number not in self._roster:
            raise refused(404, "Not found")
        return number

    def _current(self) -> list[int]:
        roster = self._roster
        return [n for n in roster.numbers() if roster.brief(n).enroll_status == people.ACTIVE]

    def _numbers(self, request: Request) -> list[int]:
        """Return the numbers that match the parameters, whose values are separated by commas.

        Grades are filtered by code, though they are sent as labels (C).
        """
        roster = self._roster
        # Two clients say that this option means "current students only"; one sends none (C).
        current_only = request.query.get("option") == "2"
        numbers = self._current() if current_only else list(roster.numbers())
        if since := request.query.get("updated_after"):
            numbers = [n for n in numbers if roster.student(n).changed_on >= since]
        if grades := request.query.get("grade_level"):
            codes = set(grades.split(","))
            numbers = [n for n in numbers if str(grade_code(roster.brief(n).grade_level)) in codes]
        return numbers

    def _recent(self) -> list[int]:
        """Return those changed within a week of the latest change; the real period is unknown."""
        dates = {n: self._roster.student(n).changed_on for n in self._current()}
        since = (date.fromisoformat(max(dates.values(), default="2026-09-01")) - RECENT).isoformat()
        return [n for n, changed in dates.items() if changed >= since]


def _whole(request: Request, name: str, usual: int) -> int:
    text = request.query.get(name, "")
    if text and not (text.isdecimal() and len(text) < 10):
        raise refused(400, f"Invalid {name}")
    return int(text) if text else usual
