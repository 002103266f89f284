"""Asks a SIS over HTTP: bounded in time and size, public addresses only, with retries.

It uses httpcore2 (the engine of httpx2) because three rules need the socket: the address is checked
where it is connected to (`connections`), the deadline covers a request as a whole instead of each
read, and unpacked bytes are counted while they are unpacked. The retry loop is our own: a wait must
end when the conversation is closed, so that a worker stops within seconds of SIGTERM.
"""

import io
import logging
import random
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import NamedTuple, Self
from urllib.parse import SplitResult

import httpcore2

from rollbook import logs
from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.bounds import Bounds
from rollbook.sources.connections import Again, Call, GuardedNetwork, trust
from rollbook.sources.errors import PageTooHeavy, SourceError, TryLater, UnexpectedShape
from rollbook.sources.numbers import seconds_to_wait, sis_time
from rollbook.sources.pace import Pace
from rollbook.sources.wire import checked_url, duration, gunzipped, limited

log = logging.getLogger(__name__)
# At DEBUG, httpcore2 writes response headers, and cookies are among them.
logging.getLogger("httpcore2").setLevel(logging.WARNING)

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
LONGEST_WAIT = 30.0  # seconds between two tries, where the SIS doesn't ask for more
NEXT_RUN = _("Nothing to do: the next scheduled run tries again.")
ASK_IF_RUNNING = _(
    "Try again later. If it stays so, ask whoever looks after {name} whether it is running."
)
REPORT = _(
    "Check the address. If it is right, ask whoever looks after this installation to report it."
)


class Response(NamedTuple):
    """A response with any status that isn't worth another try.

    Header names are in lower case, the body is unpacked.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Shares(threading.local):
    """The most bytes that an answer to the requests of each thread may have; None for any."""

    bytes: int | None = None


class Http:
    """One conversation with a SIS. Several threads may use it at once.

    Closing it ends the waits and the open requests of all threads. `name` is the SIS's name in
    messages. `pause` replaces waiting in tests.
    """

    def __init__(
        self, bounds: Bounds, name: str, pause: Callable[[float], object] | None = None
    ) -> None:
        self._bounds, self._name = bounds, name
        # Pages are asked for in other threads, which don't know the run.
        self._log_context = {"run": logs.current_run()}
        self._shares = _Shares()
        self._closed = threading.Event()
        self._pause = pause or self._closed.wait
        self._pace = Pace()
        self._ends = time.monotonic() + bounds.run_seconds
        allowed = tuple(ip_network(text, strict=False) for text in bounds.allowed_networks)
        self._network = GuardedNetwork(allowed)
        self._pool: httpcore2.ConnectionPool | None = None
        self._pool_lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the waits and the open requests of all threads. Any thread may call it."""
        self._closed.set()
        self._network.close()

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b""
    ) -> Response:
        """Ask until there is a response worth reading. Redirects are returned, never followed.

        Raises AddressRefused, AddressUnreachable, UnexpectedShape (too large or garbled), or
        TryLater when all tries are used up.
        """
        parts = checked_url(url)
        for number in range(1, self._bounds.tries + 1):
            self._keep_pace()
            try:
                return self._try(method, parts, headers, content)
            except Again as error:
                failure = error
            tried = (number, self._bounds.tries, parts.hostname, type(failure.final).__name__)
            log.info("try %d of %d at %s failed: %s", *tried, extra=self._log_context)
            if number < self._bounds.tries:
                self._wait(number, failure)
        raise failure.final

    def _keep_pace(self) -> None:
        """Wait while the SIS's quota is used up.

        Where that takes longer than the bounds allow, we ask at once: the 429 ends the run.
        """
        seconds = self._pace.claim()
        in_bounds = 0 < seconds <= self._bounds.retry_after_seconds
        if in_bounds and time.monotonic() + seconds < self._ends:
            self._pause(seconds)

    def _wait(self, number: int, failure: Again) -> None:
        """Wait before the next try, but not beyond the end of the run.

        Each wait is longer than the one before, and random, so that workers don't ask in step. A
        SIS that asks for a shorter wait, such as 0 seconds, gets ours.
        """
        asked = failure.wait or 0.0
        if asked > self._bounds.retry_after_seconds:
            what = _("{name} asks us to wait {asked}, longer than the {longest} we wait.")
            longest = duration(self._bounds.retry_after_seconds)
            raise TryLater(
                Phrase(what, name=self._name, asked=duration(asked), longest=longest), NEXT_RUN
            )
        growing = self._bounds.first_wait_seconds * 2 ** (number - 1)
        seconds = max(asked, min(LONGEST_WAIT, growing) * random.uniform(0.75, 1.25))
        if time.monotonic() + seconds >= self._ends:
            raise failure.final
        self._pause(seconds)

    def _try(
        self, method: str, parts: SplitResult, headers: Mapping[str, str], content: bytes
    ) -> Response:
        call = self._new_call(plain=parts.scheme == "http")
        self._network.calls.current = call
        with self._source_errors(call):
            response = self._send(method, parts, headers, content)
        status, size = response.status, len(response.body)
        log.debug("%s %s answered %d with %d bytes", method, parts.hostname, status, size)
        now = sis_time(response.headers.get("date", ""), datetime.now(UTC))
        wait = seconds_to_wait(response.headers.get("retry-after", ""), now)
        seconds_to_reset = self._pace.learn(response.headers, now) if wait is None else None
        if status in RETRIED_STATUSES:
            if wait is None and status == 429:
                wait = seconds_to_reset
            raise Again(self._try_later(status), wait)
        return response

    def _new_call(self, plain: bool) -> Call:
        now = time.monotonic()
        if self._closed.is_set():
            raise TryLater(
                _("The conversation was ended before it was finished."), _("Start the run again.")
            )
        if now >= self._ends:
            what = _("{name} took longer than the {longest} that one run may take.")
            raise TryLater(
                Phrase(what, name=self._name, longest=duration(self._bounds.run_seconds)),
                Phrase(_("Try again when {name} is less busy."), name=self._name),
            )
        ends = min(now + self._bounds.request_seconds, self._ends)
        return Call(ends, self._bounds.connect_seconds, plain)

    def _send(
        self, method: str, parts: SplitResult, headers: Mapping[str, str], content: bytes
    ) -> Response:
        assert parts.hostname is not None
        host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode()
        sent_headers = {
            "Host": _host_header(host, parts.port),
            "User-Agent": "Rollbook",
            "Accept-Encoding": "gzip",
        }
        if content or method == "POST":
            sent_headers["Content-Length"] = str(len(content))
        sent_headers.update(headers)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        url = httpcore2.URL(
            scheme=parts.scheme.encode(),
            host=host.encode(),
            port=parts.port,
            target=target.encode("ascii"),
        )
        seconds = self._bounds.request_seconds
        request = httpcore2.Request(
            method,
            url,
            headers=[
                (key.encode("ascii"), text.encode("ascii")) for key, text in sent_headers.items()
            ],
            content=content or None,
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), seconds)},
        )
        response = self._connections().handle_request(request)
        try:
            received = {
                key.decode("latin-1").lower(): text.decode("latin-1")
                for key, text in response.headers
            }
            encoding = received.get("content-encoding", "")
            unpacked = io.BytesIO()  # joining chunks would take the memory twice
            for chunk in self._unpacked(response.iter_stream(), encoding):
                unpacked.write(chunk)
            body = unpacked.getvalue()
        finally:
            response.close()
        return Response(response.status, received, body)

    def _unpacked(self, chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
        """Yield the unpacked body.

        Stops as soon as the body, or the packed form of it, is larger than a page may be.
        """
        match encoding.strip().lower():
            case "" | "identity":
                unpacked: Iterable[bytes] = chunks
            case "gzip" | "x-gzip":
                unpacked = gunzipped(limited(chunks, self._bounds.page_bytes, self._too_large))
            case _other:
                what = _("{name} compressed its answer in a way that we did not ask for.")
                raise UnexpectedShape(Phrase(what, name=self._name), REPORT)
        share = self._shares.bytes
        if share is not None and share < self._bounds.page_bytes:
            return limited(unpacked, share, PageTooHeavy)
        return limited(unpacked, self._bounds.page_bytes, self._too_large)

    @contextmanager
    def at_most(self, size: int) -> Iterator[None]:
        """Raise PageTooHeavy for answers of more bytes to this thread's requests."""
        self._shares.bytes = size
        try:
            yield
        finally:
            self._shares.bytes = None

    def _too_large(self) -> SourceError:
        size = f"{self._bounds.page_bytes / 1_000_000:g}"
        what = _("An answer of {name} is larger than {size} MB.")
        return UnexpectedShape(Phrase(what, name=self._name, size=size), REPORT)

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
    def _source_errors(self, call: Call) -> Iterator[None]:
        """Turn the errors of the network layer into ours.

        `from None`, because the original errors may hold parts of the answer.
        """
        try:
            yield
        except (
            httpcore2.TimeoutException,
            httpcore2.NetworkError,
            httpcore2.ProtocolError,
            zlib.error,
        ) as error:
            if isinstance(error, httpcore2.TimeoutException) or time.monotonic() >= call.ends:
                what = _("{name} did not answer within {longest}.")
                longest = duration(self._bounds.request_seconds)
                phrase = Phrase(what, name=self._name, longest=longest)
            else:
                phrase = Phrase(_("{name} broke off its answer."), name=self._name)
            raise Again(TryLater(phrase, Phrase(ASK_IF_RUNNING, name=self._name))) from None

    def _try_later(self, status: int) -> SourceError:
        if status == 429:
            what = _("{name} is busy and asks us to slow down.")
            return TryLater(Phrase(what, name=self._name), NEXT_RUN)
        what = _("{name} has a problem of its own (status {status}).")
        return TryLater(
            Phrase(what, name=self._name, status=status), Phrase(ASK_IF_RUNNING, name=self._name)
        )


def _host_header(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"
