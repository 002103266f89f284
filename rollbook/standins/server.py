"""A small threaded HTTP/1.1 server that gives access to the socket, so that faults can break it."""

import contextlib
import select
import socket
import struct
import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rollbook.standins.messages import (
    BadRequest,
    Request,
    Response,
    json_response,
    read_request,
    write_response,
)


class Wire:
    """One client's connection, for sending an answer whole or in pieces, or breaking it off."""

    def __init__(
        self, connection: socket.socket, stopping: threading.Event, zip_bodies: bool
    ) -> None:
        self._connection, self._stopping, self._zip_bodies = connection, stopping, zip_bodies
        self.open = True

    def send(self, response: Response, request: Request) -> None:
        """Send the complete answer."""
        head, body = write_response(response, request, self._zip_bodies)
        self.send_bytes(head + body)
        if request.close:
            self.open = False

    def send_bytes(self, piece: bytes) -> None:
        self._connection.sendall(piece)

    def wait(self, seconds: float) -> bool:
        """Pause. Return False when the client has hung up or the server stops."""
        left = seconds
        while left > 0 and not self._stopping.is_set():
            step = min(left, 0.1)
            readable, _, _ = select.select([self._connection], [], [], step)
            if readable and not self._connection.recv(1, socket.MSG_PEEK):
                return False
            if readable and self._stopping.wait(step):
                return False
            left -= step
        return not self._stopping.is_set()

    def hang_up(self) -> None:
        """Close the connection in the ordinary way."""
        self.open = False

    def reset(self) -> None:
        """Close with RST, not FIN, as a crashed server or a firewall does."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.open = False


Exchange = Callable[[Request, Wire], None]


class Server:
    """A server that listens once it is made, with one thread per connection; `with` stops it."""

    def __init__(
        self, exchange: Exchange, host: str, port: int, *, zip_bodies: bool = True
    ) -> None:
        self._exchange, self._zip_bodies = exchange, zip_bodies
        self._listener = socket.create_server((host, port), backlog=1024)
        self.host, self.port = host, int(self._listener.getsockname()[1])
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._acceptor = threading.Thread(target=self._accept, name="stand-in", daemon=True)
        self._acceptor.start()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def stop(self) -> None:
        """Close the listener and every connection, including those that a fault delays."""
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(5)
        with self._lock:
            connections = dict(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in connections.values():
            thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        wire = Wire(connection, self.stopping, self._zip_bodies)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection.makefile("rb") as stream:
                while (
                    wire.open and not self.stopping.is_set() and (request := read_request(stream))
                ):
                    self._answer(request, wire)
        except BadRequest as problem:
            with contextlib.suppress(OSError):
                unread = Request("GET", "/", {}, {}, close=True)
                wire.send(json_response({"message": f"Bad request: {problem}"}, 400), unread)
        except OSError:
            pass  # the client hung up, or a fault broke the connection
        finally:
            connection.close()
            with self._lock:
                self._connections.pop(connection, None)

    def _answer(self, request: Request, wire: Wire) -> None:
        try:
            self._exchange(request, wire)
        except OSError:
            raise
        except Exception:  # noqa: BLE001 - a bug must be a 500 with a trace, not a lost connection
            traceback.print_exc()
            wire.send(json_response({"message": "Stand-in error, see its log"}, 500), request)
