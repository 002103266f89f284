"""Opens the connections to a SIS: checks each address, keeps each call within its time.

The only module that opens a socket to another machine. `http` sends its requests through it.
"""

import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, NamedTuple, Self, TypeVar

import httpcore2

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.addresses import Network
from rollbook.sources.errors import AddressUnreachable, SourceError
from rollbook.sources.wire import CHECK_ADDRESS, check_addresses, untrusted

T = TypeVar("T")


class Again(Exception):
    """A try failed in a way that may pass. `final` is raised when no try is left.

    `wait` is the number of seconds that the SIS asked us to wait; None if it asked for none.
    """

    def __init__(self, final: SourceError, wait: float | None = None) -> None:
        super().__init__(final.what)
        self.final = final
        self.wait = wait


class Call(NamedTuple):
    """One try of one request: the monotonic time at which it ends, and whether it has no TLS."""

    ends: float
    connect_seconds: float
    plain: bool

    def seconds_left(self) -> float:
        """Return the seconds left for this call. Raises ReadTimeout when there are none."""
        seconds = self.ends - time.monotonic()
        if seconds <= 0:
            raise httpcore2.ReadTimeout
        return seconds


class _Calls(threading.local):
    """The current call of each thread; a pooled connection serves one thread after the other."""

    current: Call


class GuardedNetwork(httpcore2.NetworkBackend):
    """Resolves a host name, checks every address of it, and connects to a checked address.

    There is no second look-up between the check and the connection.
    """

    def __init__(self, allowed: tuple[Network, ...]) -> None:
        self._allowed = allowed
        self.calls = _Calls()
        self._streams: set[_BoundStream] = set()
        self._closed, self._lock = False, threading.Lock()

    def close(self) -> None:
        """Close every connection, also those that other threads are opening or reading from."""
        with self._lock:
            self._closed, streams = True, list(self._streams)
        for stream in streams:
            stream.close()

    def connect_tcp(
        self, host: str, port: int, *args: Any, **kwargs: Any
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of the host that answers, if none of them is forbidden."""
        call = self.calls.current
        ends = min(call.ends, time.monotonic() + call.connect_seconds)
        addresses = _addresses(host, port, ends - time.monotonic())
        check_addresses(host, addresses, self._allowed, plain=call.plain)
        for position, address in enumerate(addresses):
            seconds = max(0.001, (ends - time.monotonic()) / (len(addresses) - position))
            try:
                connected = socket.create_connection((address, port), seconds)
            except OSError:
                continue
            return self._stream(connected)
        raise Again(AddressUnreachable(_no_answer(host, port), CHECK_ADDRESS))

    def _stream(self, connected: socket.socket) -> "_BoundStream":
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = _BoundStream(connected, self.calls, self._streams.discard)
        with self._lock:
            self._streams.add(stream)
            closed = self._closed
        if closed:
            stream.close()
        return stream


def _no_answer(host: str, port: int) -> Phrase:
    return Phrase(_("Nothing answers at {host}, port {port}."), host=host, port=port)


def _addresses(host: str, port: int, seconds: float) -> list[str]:
    """Return all addresses of a host name.

    They are looked up in a thread, because the system's own look-up has no time limit.
    """
    addresses: list[str] = []
    error_numbers: list[int] = []

    def look_up() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses.extend(str(entry[4][0]) for entry in entries)
        except OSError as error:
            error_numbers.append(error.errno or 0)
        except UnicodeError:
            error_numbers.append(socket.EAI_NONAME)

    thread = threading.Thread(target=look_up, name="look-up", daemon=True)
    thread.start()
    thread.join(max(0.0, seconds))
    if addresses:
        return list(dict.fromkeys(addresses))
    missing = AddressUnreachable(
        Phrase(_("There is no address with the name {host}."), host=host), CHECK_ADDRESS
    )
    raise missing if socket.EAI_NONAME in error_numbers else Again(missing)


class _BoundStream(httpcore2.NetworkStream):
    """A connection whose reads and writes end when the time of the current call is over.

    Another thread may close it during a call. The call then ends at once, and closes the socket
    itself. If the other thread closed it, the system could give its file number to a new
    connection while the call still waits for that number; the call would wait for the wrong one.
    """

    def __init__(
        self, connected: socket.socket, calls: _Calls, on_close: "Callable[[_BoundStream], None]"
    ) -> None:
        self._socket, self._calls, self._on_close = connected, calls, on_close
        self._lock, self._in_call, self._closed = threading.Lock(), False, False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._within_call(lambda: self._socket.recv(max_bytes))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        while rest:
            rest = rest[self._within_call(partial(self._socket.send, rest)) :]

    def _within_call(self, act: Callable[[], T]) -> T:
        self._begin_call()
        try:
            self._socket.settimeout(self._calls.current.seconds_left())
            return act()
        except TimeoutError:
            raise httpcore2.ReadTimeout from None
        except OSError:
            raise httpcore2.ReadError from None
        finally:
            self._end_call()

    def _begin_call(self) -> None:
        with self._lock:
            if self._closed:
                raise httpcore2.ReadError
            self._in_call = True

    def _end_call(self) -> None:
        with self._lock:
            self._in_call = False
            if self._closed:
                self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Self:
        self._begin_call()
        try:
            call = self._calls.current
            self._socket.settimeout(min(call.seconds_left(), call.connect_seconds))
            self._socket = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except (OSError, httpcore2.TimeoutException) as error:
            self.close()
            raise _tls_failure(server_hostname or "", error) from None
        finally:
            self._end_call()
        return self

    def close(self) -> None:
        with self._lock:
            self._closed = True
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that is in a call
            if not self._in_call:
                self._socket.close()
        self._on_close(self)

    def get_extra_info(self, info: str) -> Any:
        if info != "is_readable":
            return None
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._socket, selectors.EVENT_READ)
                return bool(selector.select(0))
        except ValueError:  # closed, perhaps by another thread just now
            return True


def _tls_failure(host: str, error: Exception) -> Exception:
    match error:
        case ssl.SSLCertVerificationError():
            return untrusted(host, error)
        case TimeoutError():
            return httpcore2.ConnectTimeout()
        case ssl.SSLError():
            what = Phrase(_("{host} does not speak https in a way that we can trust."), host=host)
            return Again(AddressUnreachable(what, CHECK_ADDRESS))
        case OSError():
            return httpcore2.ConnectError()
    return error


@lru_cache(maxsize=4)
def trust(ca_file: str | None) -> ssl.SSLContext:
    """Return a TLS context with the system's authorities and the operator's.

    Cached, because reading the authorities takes some 20 ms.
    """
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
