"""A small HTTP server for answers that no ordinary server gives, and a small PowerSchool on it."""

import json
import socket
import ssl
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from rollbook.sources.base import Connection, Page, Token
from rollbook.sources.bounds import Bounds
from rollbook.sources.powerschool import pages
from rollbook.standins.standin import StandIn

QUICK = Bounds(allowed_networks=("127.0.0.0/8",), connect_seconds=2, request_seconds=5)
FIELDS = frozenset({"id", "email", "first_name", "last_name", "projected_graduation_year"})


class Asked(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Reply(NamedTuple):
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}


TOKEN_EXPIRED = Reply(
    401,
    b"",
    {
        "WWW-Authenticate": 'Bearer error="invalid_token",realm="PowerSchool",'
        'error_description="The access token has expired"'
    },
)
HTML = Reply(200, b"<!DOCTYPE html><title>Welcome</title>", {"Content-Type": "text/html"})
Trick = Callable[[BaseHTTPRequestHandler], None]


def as_json(document: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(
        status, json.dumps(document).encode(), {"Content-Type": "application/json", **headers}
    )


def reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def cut_body(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"students":')
    handler.close_connection = True


class _Listener(ThreadingHTTPServer):
    """A server whose requests go to the loopback that uses it at the time."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.owner: Loopback | None = None
        self._counted = threading.Condition()
        self._accepted = self._open = 0
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls:
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.001,), daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None: ...

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._counted:
            self._accepted += 1
            self._open += 1
            self._counted.notify_all()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._counted:
            self._open -= 1
            self._counted.notify_all()

    def is_idle(self) -> bool:
        """Whether every connection is closed, also those that were still to be accepted.

        Connections are accepted in turn, so one of our own comes after all others.
        """
        with self._counted:
            accepted = self._accepted
        socket.create_connection(("127.0.0.1", self.server_port)).close()
        with self._counted:
            return self._counted.wait_for(
                lambda: self._accepted > accepted and self._open == 0, timeout=0.2
            )

    def stop(self) -> None:
        self.shutdown()
        self.socket.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def log_message(self, *_: Any) -> None: ...

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            self.close_connection = True

    def do_GET(self) -> None:
        if self.server.owner:
            self.server.owner._serve(self)

    do_POST = do_GET


_idle: list[_Listener] = []


class Loopback:
    """Answers each request with what `answer` returns. `asked` are the requests.

    Its listener is used again by the next loopback, if all of its connections are closed.
    """

    def __init__(
        self, answer: Callable[[Asked], Reply | Trick], tls: ssl.SSLContext | None = None
    ) -> None:
        self.asked: list[Asked] = []
        self._answer = answer
        self._tls = tls is not None
        self._listener = _idle.pop() if _idle and not tls else _Listener(tls)
        self._listener.owner = self
        self.port = self._listener.port
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._tls and self._listener.is_idle():
            self._listener.owner = None
            _idle.append(self._listener)
        else:
            self._listener.stop()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        headers = {key.lower(): value for key, value in handler.headers.items()}
        asked = Asked(handler.command, parts.path, query, headers, body)
        self.asked.append(asked)
        reply = self._answer(asked)
        if not isinstance(reply, Reply):
            reply(handler)
            return
        handler.send_response(reply.status)
        for key, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            handler.send_header(key, value)
        handler.end_headers()
        handler.wfile.write(reply.body)


@contextmanager
def ends_by_itself(standin: StandIn) -> Iterator[None]:
    """Stop the stand-in after a while, so that a client without bounds fails instead of hanging."""
    watch = threading.Timer(30, standin.stop)
    watch.start()
    yield
    watch.cancel()


def wait_until_idle(standin: StandIn) -> None:
    """Wait until no connection of an earlier test is open: it would add to the requests."""
    while standin._server._connections:
        time.sleep(0.001)


class Tokens:
    """A token cache in memory."""

    def __init__(self, token: Token | None = None) -> None:
        self.token = token

    def get(self) -> Token | None:
        return self.token

    def put(self, token: Token | None) -> None:
        self.token = token


def student(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "local_id": 10_000 + number,
        "student_username": f"user{number}",
        "name": {"first_name": "Ada", "middle_name": "Q", "last_name": f"Secretname{number}"},
        "demographics": {
            "gender": "F",
            "birth_date": "2010-01-02",
            "projected_graduation_year": 2028,
        },
        "school_enrollment": {
            "enroll_status": "A",
            "enroll_status_code": 0,
            "grade_level": 10,
            "school_number": 300,
        },
        "contact_info": {"email": f"student{number}@example.org"},
    }


class SmallSchool:
    """Speaks as much PowerSchool as a run needs.

    `next_replies` and `always` are answers that are given instead of the right ones.
    """

    client_id, client_secret = "an-id", "very-secret-words"

    def __init__(self, students: int = 250, page_size: int = 100) -> None:
        self.students = [student(number) for number in range(1, students + 1)]
        self.page_size = page_size
        self.counts: list[int] = []  # what the next counts say; afterwards the truth
        self.next_replies: dict[str, deque[Reply | Trick]] = defaultdict(deque)
        self.always: dict[str, Reply | Trick] = {}
        self.sign_ins = 0
        self.server = Loopback(self.answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__()

    @property
    def token(self) -> str:
        return f"token-{self.sign_ins}"

    def answer(self, asked: Asked) -> Reply | Trick:
        page = asked.query.get("page")
        for key in (f"page {page}", asked.path.rpartition("/")[2]):
            if self.next_replies[key]:
                return self.next_replies[key].popleft()
            if key in self.always:
                return self.always[key]
        if asked.path == "/oauth/access_token":
            self.sign_ins += 1
            return as_json(
                {"access_token": self.token, "token_type": "Bearer", "expires_in": "2504956"}
            )
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(
                401, b"", {"WWW-Authenticate": 'Bearer error="invalid_token",realm="PowerSchool"'}
            )
        if asked.path == "/ws/v1/metadata":
            return as_json({"metadata": {"student_max_page_size": self.page_size}})
        if asked.path == "/ws/v1/district/student/count":
            return as_json(
                {"resource": {"count": self.counts.pop(0) if self.counts else len(self.students)}}
            )
        if asked.path.startswith("/ws/v1/student/"):
            return self._one_student(asked.path.rpartition("/")[2])
        return self._page(int(page or 1), int(asked.query["pagesize"]))

    def _one_student(self, sis_id: str) -> Reply:
        for each in self.students:
            if str(each["id"]) == sis_id:
                return as_json({"student": each})
        return as_json({"message": "not found"}, status=404)

    def _page(self, number: int, size: int) -> Reply:
        size = min(size, self.page_size)
        page: Any = self.students[(number - 1) * size : number * size]
        students: dict[str, Any] = {"@expansions": "a, b", "@extensions": "c"}
        if page:
            students["student"] = page[0] if len(page) == 1 else page
        return as_json({"students": students})

    @property
    def pages_asked(self) -> list[int]:
        return [int(asked.query["page"]) for asked in self.server.asked if "page" in asked.query]

    def connection(
        self, bounds: Bounds = QUICK, tokens: Tokens | None = None, **choices: str
    ) -> Connection:
        credentials = {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "client_url": self.server.url,
        }
        return Connection(credentials, choices, "", tokens or Tokens(), bounds)

    def read(
        self,
        bounds: Bounds = QUICK,
        fields: frozenset[str] = FIELDS,
        tokens: Tokens | None = None,
        **choices: str,
    ) -> list[Page]:
        return list(
            pages(self.connection(bounds, tokens, **choices), fields, pause=lambda seconds: None)
        )

    def records(self, **asked: Any) -> list[dict[str, Any]]:
        return [record for page in self.read(**asked) for record in page.records]
