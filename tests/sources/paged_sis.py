"""A SIS whose list of students changes between any two requests, in the words of three APIs."""

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl

from rollbook.sources.http import Response

GRADES = [
    {"fields": ["grade_level"], "items": [{"id": 9, "description": "Grade 9"}]},
    {"fields": ["enrollment_status"], "items": [{"id": 4, "description": "Withdrawn"}]},
]
LEFT_ON = "2026-09-30"
TOKEN = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}


class Move(NamedTuple):
    """What happens before a request: a kind, and a number that says to whom or how."""

    kind: str
    number: int = 0


class PagedSis:
    """A SIS with these students, and what happens before each of its answers, in turn.

    `throughout` are those who never left. `how_gone` says how a single read answers for somebody
    who has: "unknown", "date", "status". `reads_singles` is False where that right is missing. With
    `is_patient`, of two pages in a row at most one is cut short, and no page holds fewer than 3.
    At first a page holds `cap` students. `sent_ids` are what it sends instead of an id.
    """

    def __init__(
        self,
        students: int,
        moves: Iterable[Move],
        *,
        cap: int = 3,
        how_gone: str = "unknown",
        reads_singles: bool = True,
        is_patient: bool = False,
    ) -> None:
        self.order = list(range(1, students + 1))
        self.throughout = set(self.order)
        self.known = set(self.order)
        self.gone: set[int] = set()
        self.asked: list[str] = []
        self._moves = iter(moves)
        self._cap, self._how_gone, self._reads_singles = cap, how_gone, reads_singles
        self._next_id = 1_000
        self._total_off = 0
        self._cut: int | None = None  # of the next page only so many records come
        self._is_patient, self._was_cut = is_patient, False
        self.sent_ids: dict[int, Any] = {}

    # What happens ------------------------------------------------------------------------------

    def _move(self) -> None:
        move = next(self._moves, None)
        if move is not None:
            getattr(self, f"_{move.kind}")(move.number)

    def _nothing(self, _number: int) -> None: ...

    def _leave(self, number: int) -> None:
        if self.order:
            student = self.order[number % len(self.order)]
            self.order = [each for each in self.order if each != student]
            self.throughout.discard(student)
            self.gone.add(student)

    def _join(self, number: int) -> None:
        self._next_id += 1
        self.order.insert(number % (len(self.order) + 1), self._next_id)

    def _rejoin(self, number: int) -> None:
        if self.gone:
            student = sorted(self.gone)[number % len(self.gone)]
            self.gone.discard(student)
            self.order.insert(number % (len(self.order) + 1), student)

    def _sort(self, number: int) -> None:
        random.Random(number).shuffle(self.order)

    def _double(self, number: int) -> None:
        if self.order:
            self.order.insert(number % len(self.order), self.order[number // 7 % len(self.order)])

    def _page_size(self, number: int) -> None:
        self._cap = (3 if self._is_patient else 1) + number % 6

    def _wrong_total(self, number: int) -> None:
        self._total_off = number % 5 - 2

    def _short_page(self, number: int) -> None:
        self._cut = number % 3

    # What it answers ---------------------------------------------------------------------------

    def answer(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Response:
        """Return the answer to a request of any of the three APIs."""
        self.asked.append(path)
        if path.endswith(("access_token", "/metadata")):
            return _json({**TOKEN, "metadata": {"student_max_page_size": 4}})
        if "/schema/query/" in path:
            return _json({"message": "No such query"}, status=404)
        self._move()
        last = path.rpartition("/")[2].removesuffix(".json")
        if last == "count":
            return _json({"resource": {"count": max(0, len(self.order) + self._total_off)}})
        if last.isdecimal():
            return self._single(int(last), "/v3/" in path, "/v2/" in path)
        if "/v3/" in path:
            rows = self._page(int(headers["X-Page-Number"]), int(headers["X-Page-Size"]))
            return _json(
                {"data": [self._veracross(each, "id") for each in rows], "value_lists": GRADES}
            )
        if "/v2/" in path:
            rows = self._page(int(query["page"]), int(query["count"]))
            total = str(max(0, len(self.order) + self._total_off))
            return _json([self._veracross(each, "person_pk") for each in rows], total)
        rows = self._page(int(query["page"]), int(query["pagesize"]))
        return _json({"students": {"student": [self._powerschool(each) for each in rows]}})

    def token(self, content: bytes) -> Response:
        """Return the answer to a sign-in at v3."""
        scope = dict(parse_qsl(content.decode())).get("scope", "")
        if "students:read" in scope and not self._reads_singles:
            return _json({"error": "invalid_scope"}, status=400)
        return _json(TOKEN)

    def _page(self, number: int, size: int) -> list[int]:
        size = min(size, self._cap)
        rows = self.order[(number - 1) * size : number * size]
        cut, self._cut = self._cut, None
        self._was_cut = cut is not None and not (self._is_patient and self._was_cut)
        return rows[:cut] if self._was_cut else rows

    def _single(self, student: int, is_v3: bool, is_v2: bool) -> Response:
        here = student in self.order
        if not here and self._how_gone == "unknown":
            return _json({"error": "Not found"}, status=404)
        if is_v3 or is_v2:
            record = self._veracross(student, "id" if is_v3 else "person_pk")
            if not here:
                record["enrollment_status"] = 4 if is_v3 else "Withdrawn"
            if not here and self._how_gone == "date":
                record["exit_date"] = LEFT_ON
            is_bare = not is_v3 and student % 2  # clients of v2 disagree
            return _json(record if is_bare else {"data" if is_v3 else "student": record})
        record = self._powerschool(student)
        if not here:
            record["school_enrollment"] |= {
                "enroll_status_code": 2,
                "enroll_status_description": "Transferred Out",
                "exit_date": LEFT_ON,
            }
        return _json({"student": record})

    def _powerschool(self, student: int) -> dict[str, Any]:
        enrollment = {"enroll_status_code": 0, "grade_level": 9}
        sent = self.sent_ids.get(student, student)
        return {"id": sent, "name": {"first_name": "A"}, "school_enrollment": enrollment}

    def _veracross(self, student: int, id_field: str) -> dict[str, Any]:
        status: Any = 3 if id_field == "id" else "Enrolled"
        sent = self.sent_ids.get(student, student)
        return {id_field: sent, "first_name": "A", "grade_level": 9, "enrollment_status": status}


class InProcess:
    """Takes the place of `sources.http.Http`: asks the SIS without a network."""

    sis: PagedSis

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> "InProcess":
        return self

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None: ...

    @contextmanager
    def at_most(self, _bytes: int) -> Iterator[None]:
        yield

    def request(
        self, _method: str, url: str, *, headers: Mapping[str, str], content: bytes = b""
    ) -> Response:
        path, _, query = url.partition("?")
        if path.endswith("/oauth/token"):
            return self.sis.token(content)
        asked = {key: values[0] for key, values in parse_qs(query).items()}
        return self.sis.answer(path, asked, headers)


def _json(document: Any, total: str = "", status: int = 200) -> Response:
    headers = {"x-total-count": total} if total else {}
    return Response(status, headers, json.dumps(document).encode())
