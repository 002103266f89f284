"""The only module that opens an outbound connection: bounded in time and size, kept to public addresses, with retries.

It stands on httpcore2 (the engine of httpx2) because three rules need the socket: the address is checked where it is connected
to, the deadline covers a request as a whole instead of each read, and decoded bytes are counted while they are decoded.
The retry loop is our own: a wait must end when the conversation is closed, so that a worker stops within seconds of SIGTERM.
"""

import logging
import random
import selectors
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_network
from typing import Any, NamedTuple, Self, TypeVar
from urllib.parse import SplitResult

import httpcore2

from rollbook import logs
from rollbook.sources.addresses import Network, refusal, within
from rollbook.sources.errors import (
    AddressRefused,
    AddressUnreachable,
    SourceError,
    TryLater,
    UnexpectedShape,
)
from rollbook.sources.pace import Pace
from rollbook.sources.wire import (
    CHECK_ADDRESS,
    checked_url,
    duration,
    gunzipped,
    limited,
    retry_after,
    untrusted,
)

log = logging.getLogger(__name__)
logging.getLogger("httpcore2").setLevel(
    logging.WARNING
)  # at DEBUG it writes response headers, and cookies are among them

T = TypeVar("T")

AGAIN = frozenset({429, 500, 502, 503, 504})
LONGEST_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far one conversation with a SIS may go. `request_seconds` is the total of one try, not the time of one read."""

    connect_seconds: float = 10
    request_seconds: float = 60
    page_bytes: int = 20_000_000  # decoded
    pages: int = 2_000
    records: int = 200_000
    run_seconds: float = 30 * 60
    tries: int = 5
    first_wait_seconds: float = 1  # before the second try; doubles with each further one
    retry_after_seconds: float = 300
    sign_ins: int = 3
    parallel: int = 4
    allowed_networks: tuple[
        str, ...
    ] = ()  # CIDRs that are allowed besides public addresses; plain http only there
    ca_file: str | None = None  # PEM file of authorities trusted besides the system's


class Answer(NamedTuple):
    """What came back: any status that isn't worth another try, header names in lower case, the body decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Again(Exception):
    """This try failed in a way that may pass. `final` is raised when no try is left."""

    def __init__(self, final: SourceError, wait: float | None = None) -> None:
        super().__init__(final.what)
        self.final = final
        self.wait = wait


class Http:
    """One conversation with a SIS. Safe to use from several threads; closing it ends waits and open requests of the others.

    `name` is what the SIS is called in messages. `pause` replaces waiting in tests.
    """

    def __init__(
        self, bounds: Bounds, name: str = "The SIS", pause: Callable[[float], object] | None = None
    ) -> None:
        self._bounds, self._name = bounds, name
        self._run = {"run": logs.current_run()}  # pages are asked for in threads that don't know it
        self._closed = threading.Event()
        self._pause = pause or self._closed.wait
        self._pace = Pace()
        self._ends = time.monotonic() + bounds.run_seconds
        self._network = _GuardedNetwork(
            name, tuple(ip_network(text, strict=False) for text in bounds.allowed_networks)
        )
        self._pool: httpcore2.ConnectionPool | None = None
        self._pool_lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._network.close()

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b""
    ) -> Answer:
        """Ask until there is an answer worth reading. Redirects are handed back, never followed.

        Raises AddressRefused, AddressUnreachable, UnexpectedShape (too large, garbled), or TryLater when the tries are used up.
        """
        parts = checked_url(url)
        for number in range(1, self._bounds.tries + 1):
            self._keep_pace()
            try:
                return self._try(method, parts, headers, content)
            except _Again as failure:
                again = failure
            tried = (number, self._bounds.tries, parts.hostname, type(again.final).__name__)
            log.info("try %d of %d at %s failed: %s", *tried, extra=self._run)
            if number < self._bounds.tries:
                self._wait(number, again)
        raise again.final

    def _keep_pace(self) -> None:
        """Wait while the SIS's quota is used up. Where that is longer than we wait, its 429 says so and ends the run."""
        seconds = self._pace.claim()
        if (
            0 < seconds <= self._bounds.retry_after_seconds
            and time.monotonic() + seconds < self._ends
        ):
            self._pause(seconds)

    def _wait(self, number: int, again: _Again) -> None:
        """Wait before the next try, longer each time and never in step with other workers; not beyond the end of the run."""
        seconds = again.wait
        if seconds is None:
            seconds = min(
                LONGEST_WAIT, self._bounds.first_wait_seconds * 2 ** (number - 1)
            ) * random.uniform(0.75, 1.25)
        elif seconds > self._bounds.retry_after_seconds:
            raise TryLater(
                f"{self._name} asks us to wait {duration(seconds)}, longer than the {duration(self._bounds.retry_after_seconds)} we wait.",
                "Nothing needs mending: the next scheduled run tries again.",
            )
        if time.monotonic() + seconds >= self._ends:
            raise again.final
        self._pause(seconds)

    def _try(
        self, method: str, parts: SplitResult, headers: Mapping[str, str], content: bytes
    ) -> Answer:
        now = time.monotonic()
        if self._closed.is_set():
            raise TryLater(
                "The conversation was ended before it was finished.", "Start the run again."
            )
        if now >= self._ends:
            raise TryLater(
                f"{self._name} took longer than the {duration(self._bounds.run_seconds)} that one run may take.",
                f"Try again when {self._name} is less busy.",
            )
        call = _Call(
            min(now + self._bounds.request_seconds, self._ends),
            self._bounds.connect_seconds,
            parts.scheme == "http",
        )
        self._network.calls.current = call
        with self._plain_errors(call):
            answer = self._send(method, parts, headers, content)
        log.debug(
            "%s %s answered %d with %d bytes",
            method,
            parts.hostname,
            answer.status,
            len(answer.body),
        )
        utc = datetime.now(UTC)
        wait = retry_after(answer.headers.get("retry-after", ""), utc)
        reset = self._pace.learn(answer.headers, utc) if wait is None else None
        if answer.status in AGAIN:
            if wait is None and answer.status == 429:
                wait = reset
            raise _Again(self._refused_for_now(answer.status), wait)
        return answer

    def _send(
        self, method: str, parts: SplitResult, headers: Mapping[str, str], content: bytes
    ) -> Answer:
        assert parts.hostname is not None
        host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode()
        shown = f"[{host}]" if ":" in host else host
        sent = {
            "Host": shown if parts.port is None else f"{shown}:{parts.port}",
            "User-Agent": "Rollbook",
            "Accept-Encoding": "gzip",
            **({"Content-Length": str(len(content))} if content or method == "POST" else {}),
            **headers,
        }
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = httpcore2.Request(
            method,
            httpcore2.URL(
                scheme=parts.scheme.encode(),
                host=host.encode(),
                port=parts.port,
                target=target.encode("ascii"),
            ),
            headers=[(key.encode("ascii"), value.encode("ascii")) for key, value in sent.items()],
            content=content or None,
            extensions={
                "timeout": dict.fromkeys(
                    ("connect", "read", "write", "pool"), self._bounds.request_seconds
                )
            },
        )
        response = self._connections().handle_request(request)
        try:
            received = {
                key.decode("latin-1").lower(): value.decode("latin-1")
                for key, value in response.headers
            }
            body = b"".join(
                self._decoded(response.iter_stream(), received.get("content-encoding", ""))
            )
        finally:
            response.close()
        return Answer(response.status, received, body)

    def _decoded(self, chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
        """The body unpacked, stopped as soon as it, or what it is packed in, is larger than a page may be."""
        match encoding.strip().lower():
            case "" | "identity":
                unpacked: Iterable[bytes] = chunks
            case "gzip" | "x-gzip":
                unpacked = gunzipped(limited(chunks, self._bounds.page_bytes, self._too_large))
            case _:
                raise UnexpectedShape(
                    f"{self._name} packed its answer in a way that we did not offer.", _REPORT
                )
        return limited(unpacked, self._bounds.page_bytes, self._too_large)

    def _too_large(self) -> SourceError:
        size = self._bounds.page_bytes / 1_000_000
        return UnexpectedShape(f"An answer of {self._name} is larger than {size:g} MB.", _REPORT)

    def _connections(self) -> httpcore2.ConnectionPool:
        with self._pool_lock:
            if self._pool is None:
                self._pool = httpcore2.ConnectionPool(
                    ssl_context=trust(self._bounds.ca_file),
                    max_connections=self._bounds.parallel,
                    keepalive_expiry=30,
                    network_backend=self._network,
                )
            return self._pool

    @contextmanager
    def _plain_errors(self, call: "_Call") -> Iterator[None]:
        """Turn what the network layer raises into our errors. `from None`: the originals may hold parts of the answer."""
        try:
            yield
        except (
            httpcore2.TimeoutException,
            httpcore2.NetworkError,
            httpcore2.ProtocolError,
            zlib.error,
        ) as error:
            if isinstance(error, httpcore2.TimeoutException) or time.monotonic() >= call.ends:
                what = (
                    f"{self._name} did not answer within {duration(self._bounds.request_seconds)}."
                )
            else:
                what = f"{self._name} broke off its answer."
            raise _Again(TryLater(what, _LATER.format(name=self._name))) from None

    def _refused_for_now(self, status: int) -> SourceError:
        if status == 429:
            return TryLater(
                f"{self._name} is busy and asks us to slow down.",
                "The next scheduled run tries again.",
            )
        return TryLater(
            f"{self._name} has a problem of its own (status {status}).",
            _LATER.format(name=self._name),
        )


class _Call(NamedTuple):
    """One try of one request: the monotonic instant at which it ends, and whether it travels without TLS."""

    ends: float
    connect_seconds: float
    plain: bool

    def left(self) -> float:
        seconds = self.ends - time.monotonic()
        if seconds <= 0:
            raise httpcore2.ReadTimeout
        return seconds


class _Calls(threading.local):
    """The call that each thread is making; a pooled connection serves one after the other."""

    current: _Call


class _GuardedNetwork(httpcore2.NetworkBackend):
    """Resolves a name, checks each address it stands for, and connects to a checked one: no second look-up in between."""

    def __init__(self, name: str, allowed: tuple[Network, ...]) -> None:
        self._name, self._allowed = name, allowed
        self.calls = _Calls()
        self._open: set[_BoundStream] = set()
        self._closed, self._lock = False, threading.Lock()

    def close(self) -> None:
        """Close every connection, also those that another thread is just opening or reading from."""
        with self._lock:
            self._closed, streams = True, list(self._open)
        for stream in streams:
            stream.close()

    def _bound(self, connected: socket.socket) -> "_BoundStream":
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = _BoundStream(connected, self.calls, self._open.discard)
        with self._lock:
            self._open.add(stream)
            closed = self._closed
        if closed:
            stream.close()
        return stream

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.NetworkStream:
        call = self.calls.current
        ends = min(call.ends, time.monotonic() + call.connect_seconds)
        addresses = self._permitted(
            host, self._resolved(host, port, ends - time.monotonic()), call.plain
        )
        for position, address in enumerate(addresses):
            seconds = max(0.001, (ends - time.monotonic()) / (len(addresses) - position))
            try:
                connected = socket.create_connection((address, port), seconds)
            except OSError:
                continue
            return self._bound(connected)
        raise _Again(AddressUnreachable(f"Nothing answers at {host}, port {port}.", CHECK_ADDRESS))

    def _permitted(self, host: str, addresses: list[str], plain: bool) -> list[str]:
        refusals = {address: refusal(address, self._allowed) for address in addresses}
        permitted = [address for address in addresses if not refusals[address]]
        if not permitted:
            raise AddressRefused(
                f"We don't connect to {host}: it is {next(iter(refusals.values()))}.", CHECK_ADDRESS
            )
        if plain:
            permitted = [address for address in permitted if within(address, self._allowed)]
        if not permitted:
            raise AddressRefused(
                f"We don't connect to {host} without encryption.",
                "Enter an address that starts with https://.",
            )
        return permitted

    def _resolved(self, host: str, port: int, seconds: float) -> list[str]:
        """All addresses of a name. Looked up in a thread, because the system's own look-up knows no time limit."""
        found: list[str] = []
        failed: list[int] = []

        def look_up() -> None:
            try:
                found.extend(
                    str(entry[4][0])
                    for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                )
            except OSError as error:
                failed.append(error.errno or 0)
            except UnicodeError:
                failed.append(socket.EAI_NONAME)

        thread = threading.Thread(target=look_up, name="look-up", daemon=True)
        thread.start()
        thread.join(max(0.0, seconds))
        if found:
            return list(dict.fromkeys(found))
        missing = AddressUnreachable(f"There is no address with the name {host}.", CHECK_ADDRESS)
        raise missing if socket.EAI_NONAME in failed else _Again(missing)


class _BoundStream(httpcore2.NetworkStream):
    """A connection whose every read and write ends with the call it serves."""

    def __init__(
        self, connected: socket.socket, calls: _Calls, on_close: "Callable[[_BoundStream], None]"
    ) -> None:
        self._socket, self._calls, self._on_close = connected, calls, on_close

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._within_call(lambda: self._socket.recv(max_bytes))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        while rest:
            rest = rest[self._within_call(lambda: self._socket.send(rest)) :]  # noqa: B023

    def _within_call(self, act: Callable[[], T]) -> T:
        try:
            self._socket.settimeout(self._calls.current.left())
            return act()
        except TimeoutError:
            raise httpcore2.ReadTimeout from None
        except OSError:
            raise httpcore2.ReadError from None

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Self:
        try:
            call = self._calls.current
            self._socket.settimeout(min(call.left(), call.connect_seconds))
            self._socket = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except (OSError, httpcore2.TimeoutException) as error:
            self.close()
            raise _tls_failure(server_hostname or "", error) from None
        return self

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that is reading from it
        self._socket.close()
        self._on_close(self)

    def get_extra_info(self, info: str) -> Any:
        if info != "is_readable" or self._socket.fileno() < 0:
            return info == "is_readable" or None
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            return bool(selector.select(0))


def _tls_failure(host: str, error: Exception) -> Exception:
    match error:
        case ssl.SSLCertVerificationError():
            return untrusted(host, error)
        case TimeoutError():
            return httpcore2.ConnectTimeout()
        case ssl.SSLError():
            return _Again(
                AddressUnreachable(
                    f"{host} does not speak https in a way that we can trust.", CHECK_ADDRESS
                )
            )
        case OSError():
            return httpcore2.ConnectError()
    return error


_LATER = "Try again later. If it stays so, ask whoever looks after {name} whether it is running."
_REPORT = (
    "Check the address. If it is right, ask whoever looks after this installation to report it."
)


@lru_cache(maxsize=4)
def trust(ca_file: str | None) -> ssl.SSLContext:
    """The system's certificate authorities, and the operator's. Cached: reading them takes some 20 ms."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
