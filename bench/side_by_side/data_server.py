"""A made-up PowerSchool that costs next to nothing, so that the clients are measured and not it.

    python data_server.py --folder DIR [--latency-ms 50] [--rate 300]

Prints {"port": …} once it listens. `POST /_set/<students>/<v0|v1>` chooses the data set, and begins
a new minute of the rate limit. Students are written to a file once; a page is a slice of it. Needs
the standard library only.
"""

import argparse
import asyncio
import json
import mmap
import re
import time
from array import array
from pathlib import Path
from typing import Any, Final, cast

from students import PAGE, school_sizes, student

TOKEN: Final = "00000000-0000-4000-8000-bench0000001"
HEAD: Final = b'{"students":{"@expansions":"demographics,contact_info","student":['
TAIL: Final = b"]}}"
WORDS: Final = {200: "OK", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}
OF_SCHOOL: Final = re.compile(r"/ws/v1/school/(\d+)/student(/count)?$")
BAD_TOKEN: Final = b'{"message":"bad token"}'

Body = list[bytes | memoryview]


class DataSet:
    """All students of one day in a file, joined by commas, and where each begins."""

    def __init__(self, folder: Path, students: int, day: str) -> None:
        path = folder / f"students-{students}-{day}.json"
        self.students = students
        self.sizes = school_sizes(students)
        if not path.with_suffix(".at").exists():
            self._write(path, day)
        self._starts = array("Q", path.with_suffix(".at").read_bytes())
        with path.open("rb") as file:
            self._bytes = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def _write(self, path: Path, day: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        starts, place, number = array("Q"), 0, 0
        with path.open("wb", buffering=1 << 20) as file:
            for school, size in enumerate(self.sizes, start=1):
                for _ in range(size):
                    number += 1
                    starts.append(place)
                    record = student(number, day, school)
                    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
                    place += file.write(text.encode() + b",")
        starts.append(place)
        path.with_suffix(".at").write_bytes(starts.tobytes())

    def page(self, number: int, size: int, school: int | None = None) -> Body:
        """Return the pieces of a page: of one school's students, or of everybody's."""
        first = sum(self.sizes[: school - 1]) if school else 0
        end = first + self.sizes[school - 1] if school else self.students
        begin = first + (number - 1) * size
        if not first <= begin < end:
            return [HEAD + TAIL]
        last = min(begin + size, end)
        return [HEAD, self._bytes[self._starts[begin] : self._starts[last] - 1], TAIL]


class Service:
    """What is served, how late, and how often."""

    def __init__(self, folder: Path, latency_ms: float, rate: int) -> None:
        self.latency = latency_ms / 1_000
        self._folder = folder
        self._rate = rate
        self._sets: dict[str, DataSet] = {}
        self._chosen: DataSet | None = None
        self._window = (0.0, 0)  # when this minute began, and how many requests it has seen

    def answer(self, method: str, target: str, headers: dict[str, str]) -> tuple[int, Body, str]:
        """Return the status, the pieces of the body, and further headers."""
        path, _, query = target.partition("?")
        if path.startswith("/_set/"):
            self._choose(path.removeprefix("/_set/"))
            return 200, [b"{}"], ""
        if self._rate:
            left, wait = self._count()
            if left < 0:
                return 429, [b'{"message":"rate limit"}'], f"Retry-After: {wait}\r\n"
        if path == "/oauth/access_token":
            if not headers.get("authorization", "").startswith("Basic "):
                return 401, [BAD_TOKEN], ""
            token = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": "2504877"}
            return 200, [_json(token)], ""
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, [BAD_TOKEN], ""
        parameters = dict(part.partition("=")[::2] for part in query.split("&") if part)
        body = self._body(path, parameters)
        return (404, [b"{}"], "") if body is None else (200, body, "")

    def _body(self, path: str, query: dict[str, str]) -> Body | None:
        served = self._chosen
        if served is None:
            return None
        page = int(query.get("page", 1))
        size = min(PAGE, int(query.get("pagesize", PAGE)) or PAGE)
        schools = range(1, len(served.sizes) + 1)
        match path:
            case "/ws/v1/metadata":
                return [_json({"metadata": {"student_max_page_size": PAGE}})]
            case "/ws/v1/district/school":
                rows = [_school(each) for each in schools][(page - 1) * PAGE : page * PAGE]
                return [_json({"schools": {"@expansions": "", "school": rows}})]
            case "/ws/v1/district/school/count":
                return [_json({"resource": {"count": len(schools)}})]
            case "/ws/v1/district/student":
                return served.page(page, size)
            case "/ws/v1/district/student/count":
                return [_json({"resource": {"count": served.students}})]
        matched = OF_SCHOOL.match(path)
        if matched is None or int(matched[1]) not in schools:
            return None
        school = int(matched[1])
        if matched[2]:
            return [_json({"resource": {"count": served.sizes[school - 1]}})]
        return served.page(page, size, school)

    def _choose(self, name: str) -> None:
        if name not in self._sets:
            students, day = name.split("/")
            self._sets[name] = DataSet(self._folder, int(students), day)
        self._chosen = self._sets[name]
        self._window = (0.0, 0)

    def _count(self) -> tuple[int, int]:
        """Count a request. Return how many are left, and the seconds until the next minute."""
        now = time.monotonic()
        began, seen = self._window if now - self._window[0] < 60 else (now, 0)
        self._window = (began, seen + 1)
        return self._rate - seen - 1, int(began + 60 - now) + 1


class Http(asyncio.Protocol):
    """As much of HTTP/1.1 as clients of PowerSchool use, with connections that stay open."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
            parts = (line.partition(":") for line in lines)
            headers = {name.lower(): value.strip() for name, _, value in parts}
            whole = end + 4 + int(headers.get("content-length", 0))
            if len(self._buffer) < whole:
                if "expect" in headers:
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            self._buffer = self._buffer[whole:]
            method, target, _version = first.split(" ", 2)
            self._answer(method, target, headers)

    def _answer(self, method: str, target: str, headers: dict[str, str]) -> None:
        status, body, extra = self._service.answer(method, target, headers)
        close = headers.get("connection", "").lower() == "close"
        head = (
            f"HTTP/1.1 {status} {WORDS[status]}\r\nContent-Type: application/json;charset=UTF-8\r\n"
            f"Content-Length: {sum(map(len, body))}\r\n{extra}"
            f"{'Connection: close' + chr(13) + chr(10) if close else ''}\r\n"
        )
        pieces: Body = [head.encode(), *body]
        if self._service.latency:
            loop = asyncio.get_running_loop()
            loop.call_later(self._service.latency, self._send, pieces, close)
        else:
            self._send(pieces, close)

    def _send(self, pieces: Body, close: bool) -> None:
        if not self._transport.is_closing():
            self._transport.writelines(pieces)
            if close:
                self._transport.close()


def _school(number: int) -> dict[str, Any]:
    name = f"School {number}"
    return {"id": number, "name": name, "school_number": number, "low_grade": 0, "high_grade": 12}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


async def serve(service: Service) -> None:
    """Serve on a free port until the process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Http(service), "127.0.0.1", 0, backlog=512)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="of the data sets' files")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--rate", type=int, default=0, help="requests a minute; 0: no limit")
    chosen = parser.parse_args()
    asyncio.run(serve(Service(chosen.folder, chosen.latency_ms, chosen.rate)))


if __name__ == "__main__":
    main()
