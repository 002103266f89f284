"""A connection that another thread closes while a call reads from it."""

import socket
import threading
import time
from collections.abc import Iterator

import httpcore2
import pytest

from rollbook.sources.connections import Call, GuardedNetwork, _BoundStream

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two connected TCP sockets: ours and the other side's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    yield near, far
    near.close()
    far.close()


def begin_call(network: GuardedNetwork) -> None:
    network.calls.current = Call(time.monotonic() + 3600, 1, plain=True)


def test_the_number_of_a_closed_connection_is_free_only_after_its_call_ended(pair: Pair) -> None:
    near, _ = pair
    network = GuardedNetwork(())
    stream = network._stream(near)
    reading, go_on = threading.Event(), threading.Event()

    def read_slowly() -> bytes:
        reading.set()
        go_on.wait()
        return near.recv(1)

    received: list[bytes] = []

    def read() -> None:
        begin_call(network)
        received.append(stream._within_call(read_slowly))

    reader = threading.Thread(target=read)
    reader.start()
    reading.wait()
    network.close()
    assert near.fileno() != -1
    go_on.set()
    reader.join()
    assert received == [b""]
    assert near.fileno() == -1
    refuses_calls(network, stream)


def test_a_connection_that_nobody_reads_from_is_closed_at_once(pair: Pair) -> None:
    near, _ = pair
    network = GuardedNetwork(())
    stream = network._stream(near)
    network.close()
    assert near.fileno() == -1
    refuses_calls(network, stream)


def refuses_calls(network: GuardedNetwork, stream: _BoundStream) -> None:
    begin_call(network)
    with pytest.raises(httpcore2.ReadError):
        stream.read(1)
