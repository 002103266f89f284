"""`/ws/v1`: lists with paging and counts, single records, metadata and time."""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from rollbook.standins.messages import Request, Response, json_response
from rollbook.standins.people import School
from rollbook.standins.powerschool import structures as shapes
from rollbook.standins.powerschool.answers import lone, v1_error
from rollbook.standins.powerschool.district import District, Section
from rollbook.standins.powerschool.fiql import QueryError, WrongType
from rollbook.standins.powerschool.search import find_items, find_students
from rollbook.standins.powerschool.student_json import (
    AVAILABLE,
    EXPANSIONS,
    EXTENSIONS,
    chosen,
    number_of,
    student_json,
)

NEEDED = "Plugin is missing required accessLevelV1Api READ permission"
"""Sent with 401, not 403, though the token is valid (WR, measured)."""
DISTRICT_UUID = "0e4c8b1e-5f3a-4d57-9e6c-2a7f00000001"
LEVELS = ("NONE", "READ", "FULL")
OPEN_PATHS = ("/ws/v1/metadata", "/ws/v1/time")
_RESOURCES = ("course", "school", "section", "section_enrollment", "staff", "student", "term")


class Listing(NamedTuple):
    """One kind of list other than students: its wrapper, item key and the JSON of an item."""

    wrapper: str
    item: str
    expansions: tuple[str, ...]
    show: Callable[[Any, tuple[str, ...]], dict[str, Any]]


LISTINGS = {
    "school": Listing("schools", "school", shapes.SCHOOL_EXPANSIONS, shapes.school_json),
    "staff": Listing("staffs", "staff", shapes.STAFF_EXPANSIONS, shapes.staff_json),
    "course": Listing("courses", "course", (), shapes.course_json),
    "section": Listing("sections", "section", shapes.SECTION_EXPANSIONS, shapes.section_json),
    "term": Listing("terms", "term", (), shapes.term_json),
}


class V1:
    """Answers requests to `/ws/v1/...` for one district."""

    def __init__(self, district: District, page_size_max: int, level: str) -> None:
        self.district, self.page_size_max, self.level = district, page_size_max, level
        self._started = time.time()
        self._acts: dict[str, Callable[[Request, Sequence[str]], Response]] = {
            "metadata": self._metadata,
            "time": self._time,
            "district": self._district,
            "school": self._school,
            "student": self._student,
            "section_enrollment": self._enrolment,
            "staff": self._single,
            "course": self._single,
            "section": self._single,
            "term": self._single,
        }

    def handle(self, request: Request) -> Response:
        """Return the answer to a request. Raises Refused."""
        if self.level == "NONE" and request.path not in OPEN_PATHS:
            raise v1_error(401, NEEDED)
        if request.method not in ("GET", "HEAD"):
            raise v1_error(405, f"{request.method} is not allowed here")
        kind, *rest = request.path.split("/")[3:] or [""]
        act = self._acts.get(kind)
        if not act or (kind in ("metadata", "time") and rest):
            raise v1_error(404, "Resource not found")
        return act(request, rest)

    def _metadata(self, request: Request, rest: Sequence[str]) -> Response:
        return json_response({"metadata": self.metadata()})

    def _time(self, request: Request, rest: Sequence[str]) -> Response:
        return json_response({"time": {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}})

    def _district(self, request: Request, rest: Sequence[str]) -> Response:
        match rest:
            case []:
                about = {
                    "uuid": DISTRICT_UUID,
                    "name": "Exampleton District",
                    "district_number": 100,
                }
                return json_response({"district": {**about, "addresses": "", "phones": ""}})
            case ["school", *more]:
                # Without the school of graduates: MD says so of the count, and the list must agree.
                return self._list(request, LISTINGS["school"], self.district.schools, more)
            case ["student", *more]:
                # No default filter, unlike a school's students (MD).
                return self._students(request, None, request.query.get("q", ""), more)
        raise v1_error(404, "Resource not found")

    def metadata(self) -> dict[str, Any]:
        """Return the metadata: page sizes as numbers, the rest as text (SW; WR, measured).

        There is no `max_page_size`.
        """
        up = round((time.time() - self._started) * 1000)
        return {
            **{f"{resource}_max_page_size": self.page_size_max for resource in _RESOURCES},
            "schema_table_query_max_page_size": self.page_size_max,
            "plugin_id": 101,
            "machine_uptime": str(up + 86_400_000),
            "powerschool_uptime": str(up),
            "powerschool_version": "25.2.0.0.0000001",
            "mobile_api_version": "1.0",
            "state_reporting_version": "1.0",
            "state": "VT",
            "district_timezone": "America/New_York",
            "district_uuid": DISTRICT_UUID,
            **{
                f"sso_enabled_{who}": "false" for who in ("admin", "guardian", "student", "teacher")
            },
        }

    def _student(self, request: Request, rest: Sequence[str]) -> Response:
        if not rest:
            return self._students(request, None, request.query.get("q", ""), rest)
        number = number_of(rest[0])
        if number not in self.district.roster or rest[1:]:
            raise v1_error(404, f"Student {rest[0]} not found")
        fields = msgspec.json.decode(self._pieces(request, [number])[0])
        return json_response({"student": {**AVAILABLE, **fields}})

    def _students(
        self, request: Request, school: School | None, q: str, rest: Sequence[str]
    ) -> Response:
        try:
            numbers = find_students(self.district, q, school.number if school else None)
        except (QueryError, WrongType) as problem:
            raise v1_error(400, str(problem)) from None  # our choice: v1's own wording is unknown
        if list(rest) == ["count"]:
            return json_response({"resource": {"count": len(numbers)}})
        if rest:
            raise v1_error(404, "Resource not found")
        pieces = self._pieces(request, self._page(request, numbers))
        head = msgspec.json.encode({"students": AVAILABLE})[:-2]
        if not pieces:
            return Response(200, head + b"}}")
        if len(pieces) == 1 and self.district.single_object:
            return Response(200, head + b',"student":' + pieces[0] + b"}}")
        return Response(200, head + b',"student":[' + b",".join(pieces) + b"]}}")

    def _pieces(self, request: Request, numbers: Sequence[int]) -> list[bytes]:
        roster = self.district.roster
        version = roster.version
        expansions = chosen(request.query.get("expansions", ""), EXPANSIONS)
        extensions = chosen(request.query.get("extensions", ""), EXTENSIONS)

        def make(number: int) -> bytes:
            return msgspec.json.encode(
                student_json(roster.student(number), expansions, extensions, self.district)
            )

        return self.district.fragments.pieces(version, (expansions, extensions), numbers, make)

    def _school(self, request: Request, rest: Sequence[str]) -> Response:
        """Answer `/school/{id}...`; the id is Schools.DCID, not the school number (SF)."""
        by_dcid = {str(school.dcid): school for school in self.district.school_by_number.values()}
        school = by_dcid.get(rest[0]) if rest else None
        if not school:
            raise v1_error(404, "School not found")
        match rest[1:]:
            case []:
                return self._show(request, LISTINGS["school"], school)
            case ["student", *more]:
                # Without q only active students: believed, because SDS asks for all students
                # with a q that is always true.
                q = request.query.get("q") or "school_enrollment.enroll_status_code==0"
                return self._students(request, school, q, more)
            case [kind, *more] if kind in LISTINGS and kind != "school":
                return self._list(request, LISTINGS[kind], self._items(kind, school), more)
        raise v1_error(404, "Resource not found")

    def _items(self, kind: str, school: School) -> Sequence[Any]:
        district = self.district
        every: dict[str, Sequence[Any]] = {
            "staff": [person for person in district.staff if person.school is school],
            "course": district.courses,
            "section": district.sections_of.get(school.number, []),
            "term": [term for term in district.terms if term.school is school],
        }
        return every[kind]

    def _list(
        self, request: Request, listing: Listing, items: Sequence[Any], rest: Sequence[str]
    ) -> Response:
        if q := request.query.get("q", ""):
            try:
                positions = find_items(
                    [listing.show(item, listing.expansions) for item in items], q
                )
            except (QueryError, WrongType) as problem:
                raise v1_error(400, str(problem)) from None
            items = [items[at] for at in positions]
        if list(rest) == ["count"]:
            return json_response({"resource": {"count": len(items)}})
        if rest:
            raise v1_error(404, "Resource not found")
        expansions = chosen(request.query.get("expansions", ""), dict.fromkeys(listing.expansions))
        shown = [listing.show(item, expansions) for item in self._page(request, items)]
        body = shapes.available(listing.expansions)
        if shown:
            body[listing.item] = lone(shown, self.district.single_object)
        return json_response({listing.wrapper: body})

    def _show(self, request: Request, listing: Listing, item: Any) -> Response:
        expansions = chosen(request.query.get("expansions", ""), dict.fromkeys(listing.expansions))
        return json_response(
            {listing.item: shapes.available(listing.expansions) | listing.show(item, expansions)}
        )

    def _single(self, request: Request, rest: Sequence[str]) -> Response:
        kind, dcid = request.path.split("/")[3], rest[0] if rest else ""
        every: dict[str, Sequence[Any]] = {
            "staff": self.district.staff,
            "course": self.district.courses,
            "section": self.district.sections,
            "term": self.district.terms,
        }
        item = next((item for item in every[kind] if str(item.dcid) == dcid), None)
        if item is None:
            raise v1_error(404, f"{kind.capitalize()} {dcid} not found")
        if kind == "section" and list(rest[1:]) == ["section_enrollment"]:
            return self._enrolments(request, item)
        if rest[1:]:
            raise v1_error(404, "Resource not found")
        return self._show(request, LISTINGS[kind], item)

    def _enrolment(self, request: Request, rest: Sequence[str]) -> Response:
        is_number = len(rest) == 1 and rest[0].isdecimal()
        enrolment = self.district.enrolment(int(rest[0])) if is_number else None
        if not enrolment:
            raise v1_error(404, "Section enrollment not found")
        return json_response({"section_enrollment": shapes.enrolment_json(enrolment)})

    def _enrolments(self, request: Request, section: Section) -> Response:
        """Return the enrolments of a section; clients ask for them (EP)."""
        shown = [
            shapes.enrolment_json(each)
            for each in self._page(request, self.district.enrolments(section))
        ]
        body: dict[str, Any] = shapes.available(())
        if shown:
            body["section_enrollment"] = lone(shown, self.district.single_object)
        return json_response({"section_enrollments": body})

    def _page(self, request: Request, items: Sequence[Any]) -> Sequence[Any]:
        """Return the items of the page asked for, counted from 1 (WR, GH, MF).

        A page size over the maximum is lowered to it; a page past the end is empty.
        """
        size = whole(request, "pagesize", self.page_size_max)
        size = min(size or self.page_size_max, self.page_size_max)
        start = (max(1, whole(request, "page", 1)) - 1) * size
        return items[start : start + size]


def whole(request: Request, name: str, default: int) -> int:
    """Return a whole number from the query. Raises Refused with 400, our choice."""
    text = request.query.get(name, "")
    if text and not (text.isdecimal() and len(text) < 10):
        raise v1_error(400, f"Invalid {name}: {text}")
    return int(text) if text else default
