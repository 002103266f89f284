"""Processes that the demo starts: each in its own session, and ended by its process id."""

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

READY_SECONDS = 60.0
END_SECONDS = 32.0  # a worker may take 30


class Child:
    """A process with its log, and how to see that it is ready."""

    def __init__(
        self,
        name: str,
        arguments: Callable[[], list[str]],
        folder: Path,
        ready: Callable[["Child"], bool],
    ) -> None:
        self.name, self._arguments, self._ready = name, arguments, ready
        self.log = folder / f"{name}.log"
        self.ends: list[float] = []  # when it ended unexpectedly
        self.start()

    def start(self) -> None:
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", *self._arguments()]
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        """Wait until it is ready. Raises ChildEnded if it ends, or isn't ready in time."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._ready(self):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise ChildEnded(self)
            time.sleep(0.05)

    def end(self) -> None:
        """Ask it to end and wait; kill it if it takes too long."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class ChildEnded(Exception):
    """A child did not start. The message has the end of its log."""

    def __init__(self, child: Child) -> None:
        last = "\n".join(f"  {line}" for line in child.output.strip().splitlines()[-8:])
        super().__init__(f"The {child.name} did not start. The end of {child.log}:\n{last}")


def end_all(children: list[Child]) -> None:
    """End all of them at the same time, and wait for the slowest."""
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    for child in children:
        child.end()


def end_left_over(pids: list[int]) -> None:
    """End the processes that a killed demo left behind."""
    for pid in filter(is_running, pids):
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            process.terminate()
            process.wait(END_SECONDS)


def is_running(pid: int) -> bool:
    """Return whether this process is still one of Rollbook's.

    By now the id may belong to another program.
    """
    try:
        return any("rollbook" in part for part in psutil.Process(pid).cmdline())
    except psutil.Error:
        return False


def first_json(child: Child) -> dict[str, Any] | None:
    """Return the line in which a stand-in prints its address, or None if there is none yet."""
    for line in child.output.splitlines():
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                document: dict[str, Any] = json.loads(line)
                return document
    return None


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let the demos of this machine do a part of their start one after the other."""
    file = Path(tempfile.gettempdir()) / f"rollbook-demo-{os.getuid()}.lock"
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def free_port(first: int, taken: tuple[int, ...] = ()) -> int:
    """Return this port of the loopback address if it is free, else the next free one."""
    for port in range(first, min(first + 100, 65_536)):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            if port not in taken:
                return port
    raise OSError(f"There is no free port from {first} to {first + 99}.")


def listens(port: int) -> bool:
    """Return whether a program listens on this port of the loopback address."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
