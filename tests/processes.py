"""Real processes for tests: started with the test's own database, watched until they are ready, ended by their process id."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

READY_SECONDS = 90
END_SECONDS = 35


class Started:
    """A running process; what it prints goes to `log`."""

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
            return self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@contextlib.contextmanager
def rollbook(
    *arguments: str, log: Path, ready: Callable[[Started], bool], url: str = "", **environment: str
) -> Iterator[Started]:
    """`python -m rollbook …`, ready when `ready` says so."""
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


def wait_until(
    done: Callable[[], bool], started: Started | None = None, seconds: float = READY_SECONDS
) -> None:
    """Look until it is so. Fails when the process ends first, or when the time is up, with what the process printed."""
    deadline = time.monotonic() + seconds
    while not done():
        if started and started.process.poll() is not None:
            raise AssertionError(
                f"ended with {started.process.returncode} before it was ready:\n{started.output}"
            )
        if time.monotonic() > deadline:
            raise AssertionError(
                f"not so within {seconds} s" + (f":\n{started.output}" if started else "")
            )
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
