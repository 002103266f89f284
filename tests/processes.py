"""Real processes for tests: started on the test's database, ended by their process id."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

LAST_BOUND = 300
"""Seconds after which any wait gives up, so that none hangs for ever. It says nothing of speed:
on an idle machine every wait of the tests ends within a fraction of it."""


class Started:
    """A running process; it prints to `log`."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path, url: str = "") -> None:
        self.process, self.log, self.url = process, log, url

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, if it still runs, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(LAST_BOUND)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@contextlib.contextmanager
def rollbook(
    *arguments: str, log: Path, ready: Callable[[Started], bool], url: str = "", **environment: str
) -> Iterator[Started]:
    """Run `python -m rollbook …`; inside the `with` it is ready, as `ready` tells."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "rollbook", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | environment,
        )
    started = Started(process, log, url)
    try:
        wait_until(lambda: ready(started), started)
        yield started
    finally:
        started.end()


def web(*options: str, log: Path, **environment: str) -> AbstractContextManager[Started]:
    """Run a web server on a free port; its address is `url`."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    return rollbook(
        "web",
        "--port",
        str(port),
        *options,
        log=log,
        url=url,
        ready=lambda _: answers(port),
        ROLLBOOK_PUBLIC_URL=url,
        **environment,
    )


def worker_is_ready(started: Started) -> bool:
    """Whether a worker has printed that it takes runs."""
    return "worker is ready" in started.output


def wait_until(done: Callable[[], bool], started: Started | None = None) -> None:
    """Wait until `done` returns true.

    Fails when the process ends before that, or at the last bound, with what the process printed.
    """
    deadline = time.monotonic() + LAST_BOUND
    while not done():
        if started and started.process.poll() is not None:
            raise AssertionError(
                f"ended with {started.process.returncode} before it was so:\n{started.output}"
            )
        if time.monotonic() > deadline:
            output = f":\n{started.output}" if started else ""
            raise AssertionError(f"not so within {LAST_BOUND} s{output}")
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(port: int) -> bool:
    """Whether a server listens on this port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
