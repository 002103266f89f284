"""HTTP messages as values: reading a request from a socket, writing an answer as bytes."""

import gzip
import re
import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from io import BufferedIOBase
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus

import msgspec

MAX_LINE, MAX_HEADERS, MAX_BODY = 65_536, 100, 10_000_000
JSON = "application/json;charset=UTF-8"
_SLASHES = re.compile("/{2,}")


class Request(NamedTuple):
    """`path` is decoded, without doubled or trailing slashes; `query` has first values only."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    close: bool = False

    def asking(self, **query: object) -> "Request":
        """Return the same request with other query values."""
        return self._replace(
            query={**self.query, **{name: str(value) for name, value in query.items()}}
        )

    @property
    def paged(self) -> bool:
        """Whether a page is asked for, in the query or in a header, as in Veracross v3."""
        return "page" in self.query or "x-page-number" in self.headers

    def at(self, page: int) -> "Request":
        """Return the same request for another page."""
        if "x-page-number" in self.headers:
            return self._replace(headers={**self.headers, "x-page-number": str(page)})
        return self.asking(page=page)

    def page(self) -> int:
        """Return the page asked for; 1 if there is none or it is no number."""
        text = self.query.get("page") or self.headers.get("x-page-number", "1")
        return int(text) if text.isdecimal() and len(text) < 10 else 1


class Response(NamedTuple):
    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()

    def document(self) -> Any:
        """Return the JSON body, decoded."""
        return msgspec.json.decode(self.body)

    def holding(self, document: object) -> "Response":
        """Return the same answer with another JSON body."""
        return self._replace(body=msgspec.json.encode(document))


class BadRequest(Exception):
    """The bytes received are no HTTP request; the connection is closed after a 400."""


def json_response(document: object, status: int = 200) -> Response:
    return Response(status, msgspec.json.encode(document))


def parse_query(text: str) -> dict[str, str]:
    """Return the query's values, split on `&` only, never on `;`, and at the first `=`.

    Clients send q=a==1;b==(A,P) without encoding (PowerSchool: TL, HID).
    """
    query: dict[str, str] = {}
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if name:
            query.setdefault(unquote_plus(name), unquote_plus(value))
    return query


def read_request(stream: BufferedIOBase) -> Request | None:
    """Return the next request, or None when the client has gone. Raises BadRequest."""
    line = stream.readline(MAX_LINE)
    while line in (b"\r\n", b"\n"):
        line = stream.readline(MAX_LINE)
    if not line:
        return None
    try:
        method, target, version = line.decode("latin-1").split()
    except ValueError:
        raise BadRequest("request line") from None
    headers = _read_headers(stream)
    path, _, query = target.partition("?")
    path = _SLASHES.sub("/", unquote(path)).rstrip("/") or "/"
    connection = headers.get("connection", "").lower()
    close = connection == "close" or (version == "HTTP/1.0" and connection != "keep-alive")
    return Request(method, path, parse_query(query), headers, _read_body(stream, headers), close)


def _read_headers(stream: BufferedIOBase) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = stream.readline(MAX_LINE).decode("latin-1")
        if line in ("\r\n", "\n", ""):
            return headers
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequest("header")
        headers.setdefault(name.strip().lower(), value.strip())
    raise BadRequest("too many headers")


def _read_body(stream: BufferedIOBase, headers: dict[str, str]) -> bytes:
    """Read the body of any method: one client sends `{}` with every GET (PowerSchool: TS)."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _read_chunks(stream)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        raise BadRequest("content-length")
    return stream.read(int(length))


def _read_chunks(stream: BufferedIOBase) -> bytes:
    body = b""
    while True:
        try:
            size = int(stream.readline(MAX_LINE).partition(b";")[0], 16)
        except ValueError:
            raise BadRequest("chunk") from None
        if size < 0 or len(body) + size > MAX_BODY:
            raise BadRequest("chunk size")
        if size == 0:
            while stream.readline(MAX_LINE) not in (b"\r\n", b"\n", b""):
                pass
            return body
        body += stream.read(size)
        stream.readline(MAX_LINE)


def write_response(
    response: Response, request: Request, zip_bodies: bool = True
) -> tuple[bytes, bytes]:
    """Return head and body as bytes. Bodies over 1 kB are zipped if the client accepts it."""
    body, headers = response.body, response.headers
    if (
        zip_bodies
        and len(body) > 1000
        and "gzip" in request.headers.get("accept-encoding", "").lower()
        and not any(name == "Content-Encoding" for name, _ in headers)
    ):
        body = gzip.compress(body, 1, mtime=0)
        headers = (*headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
    lines = [
        f"HTTP/1.1 {response.status} {_reason(response.status)}",
        f"Date: {_date(int(time.time()))}",
    ]
    if body or response.status != 204:
        lines.append(f"Content-Length: {len(body)}")
    if body:
        lines.append(f"Content-Type: {response.content_type}")
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append("Connection: close" if request.close else "Connection: keep-alive")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head, b"" if request.method == "HEAD" else body


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
