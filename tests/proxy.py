"""A TCP proxy in front of a stand-in that disturbs its answers and can speak TLS."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterable
from typing import NamedTuple, Self
from urllib.parse import urlsplit

PIECE = 65_536
RST = struct.pack("ii", 1, 0)  # closing sends RST instead of FIN


class Trouble(NamedTuple):
    """How the answers of one connection are disturbed, after the first `after` bytes.

    `kind` is `delay` (`seconds` before each piece), `drip` (one byte each `seconds`), `cut`
    (closed), `reset` (RST), `hold` (nothing more until `release`), `silent` (nothing at all) or
    `refuse` (closed before a byte). So many connections as `times` have it; 0 is all.
    """

    kind: str
    after: int = 0
    seconds: float = 0.05
    times: int = 0


class Proxy:
    """A proxy that listens once it is made; `with` ends it and every connection.

    `trouble` may be changed at any time.
    """

    def __init__(self, target: str, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(target)
        assert parts.hostname and parts.port
        self._target, self._tls = (parts.hostname, parts.port), tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = int(self._listener.getsockname()[1])
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.connections = 0
        self._trouble: list[Trouble] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._released, self._over = threading.Event(), threading.Event()
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    @property
    def trouble(self) -> list[Trouble]:
        return list(self._trouble)

    @trouble.setter
    def trouble(self, trouble: Iterable[Trouble]) -> None:
        """Set the trouble of new connections.

        Open ones are closed, so that a pool can't go on using them.
        """
        with self._lock:
            self._trouble = list(trouble)
            self._released = threading.Event()
        self.cut_all()

    def release(self) -> None:
        """Let held answers go on."""
        self._released.set()

    def cut_all(self) -> None:
        """Close every open connection, as a restarted firewall does."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._released.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, self._next()), daemon=True).start()

    def _next(self) -> Trouble | None:
        """Return the trouble of one more connection."""
        with self._lock:
            self.connections += 1
            for at, each in enumerate(self._trouble):
                if each.times == 1:
                    del self._trouble[at]
                elif each.times:
                    self._trouble[at] = each._replace(times=each.times - 1)
                return each
        return None

    def _serve(self, client: socket.socket, trouble: Trouble | None) -> None:
        server: socket.socket | None = None
        with self._lock:
            self._open.add(client)
        try:
            if trouble and trouble.kind == "refuse":
                return
            if self._tls:
                client = self._wrapped(client, self._tls)
            server = socket.create_connection(self._target, timeout=10)
            server.settimeout(None)
            with self._lock:
                self._open.add(server)
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
            self._answer(server, client, trouble)
        except OSError:
            pass  # one of the two hung up, or the trouble closed it
        finally:
            for each in (client, server):
                if each is not None:
                    self._end(each)

    def _wrapped(self, client: socket.socket, tls: ssl.SSLContext) -> socket.socket:
        wrapped = tls.wrap_socket(client, server_side=True)
        with self._lock:
            self._open.add(wrapped)
        return wrapped

    def _forward(self, source: socket.socket, to: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                to.sendall(piece)
        with contextlib.suppress(OSError):
            to.shutdown(socket.SHUT_RDWR)

    def _answer(
        self, server: socket.socket, client: socket.socket, trouble: Trouble | None
    ) -> None:
        passed = 0
        while piece := server.recv(PIECE):
            if trouble is None:
                client.sendall(piece)
                continue
            free = max(0, trouble.after - passed)
            client.sendall(piece[:free])
            passed += len(piece)
            if (rest := piece[free:]) and not self._play(trouble, rest, client):
                return

    def _play(self, trouble: Trouble, piece: bytes, client: socket.socket) -> bool:
        """Send a piece as the trouble says. Return False where the connection ends."""
        match trouble.kind:
            case "delay":
                self._over.wait(trouble.seconds)
                client.sendall(piece)
            case "drip":
                for at in range(len(piece)):
                    client.sendall(piece[at : at + 1])
                    if self._over.wait(trouble.seconds):
                        return False
            case "hold":
                self._released.wait()
                client.sendall(piece)
            case "silent":
                return True
            case "cut":
                return False
            case "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
                client.shutdown(socket.SHUT_RD)  # wakes the thread that reads, without a FIN
                return False
            case _:
                raise AssertionError(trouble.kind)
        return True

    def _end(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)
        with contextlib.suppress(OSError):
            if connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) != RST:
                connection.shutdown(socket.SHUT_RDWR)
        connection.close()
