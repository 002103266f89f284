"""Rollbook as its users run it: a checkout's own commands, in a database of its own migrations."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench.side_by_side.place import Cluster, Place, clean_environment, start, stop


class Worker(NamedTuple):
    """A running worker, and the lines that it has logged, with the moment of each."""

    pid: int
    log: list[tuple[float, str]]

    def seconds_of(self, run: str) -> float | None:
        """Return the time from the first line about a run to the last, after the last commit.

        None where it logged nothing of the kind.
        """
        until = time.perf_counter() + 3
        while time.perf_counter() < until:
            moments = [moment for moment, line in self.log if run in line]
            if len(moments) > 1:
                return round(moments[-1] - moments[0], 3)
            time.sleep(0.05)
        return None


class Checkout:
    """A checkout of Rollbook in which `make .venv/dev` has been run.

    Its databases and its folder have `name`, since two checkouts may lie in folders of one name.
    """

    def __init__(
        self, name: str, root: Path, place: Place, cluster: Cluster, students: int
    ) -> None:
        self.root = root.resolve()
        self._python = self.root / ".venv" / "bin" / "python"
        if not self._python.exists():
            raise SystemExit(f"Run `make .venv/dev` in {self.root} first.")
        self._cluster = cluster
        self._students = students
        self._name = name.replace(" ", "_")
        self.folder = place.empty_folder(self._name)
        self._template = f"{self._name}_template"
        self.database = self._template
        cluster.make(self._template)
        self.command("migrate")

    @property
    def environment(self) -> dict[str, str]:
        settings = {
            "DATABASE_URL": self._cluster.url(self.database),
            "ROLLBOOK_DATA_DIR": str(self.folder),
            "ROLLBOOK_ALLOWED_NETWORKS": '["127.0.0.0/8"]',
            "ROLLBOOK_RECORDS": str(max(200_000, 2 * self._students)),
            "ROLLBOOK_PAGES": str(max(2_000, self._students // 50)),
            "DJANGO_SETTINGS_MODULE": "rollbook.settings",
        }
        return clean_environment(settings)

    def begin(self, sis: str) -> None:
        """Make a database without students, with a school that is connected to a PowerSchool."""
        self.database = self._name
        self._cluster.make(self._name, like=self._template)
        self.command("school", "add", "Bench")
        self.command(
            *("integration", "set", "powerschool", "--grades", "PK-12", "--live", "--no-notify"),
            *("--credential", "client_id=id", "--credential", f"client_url={sis}"),
            secret="secret",
        )

    def line(self, *arguments: str) -> list[str]:
        return [str(self._python), "-m", "rollbook", *arguments]

    def command(self, *arguments: str, secret: str = "") -> Any:
        """Run a command. Return its document where it prints one."""
        done = subprocess.run(
            self.line(*arguments),
            env=self.environment,
            cwd=self.root,
            input=secret,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            words = " ".join(arguments)
            raise SystemExit(f"`rollbook {words}` failed:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout) if "--json" in arguments else done.stdout

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """Let a worker run, once it is ready."""
        process = start(
            self.line("worker"),
            env=self.environment,
            cwd=self.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        log: list[tuple[float, str]] = []
        ready = threading.Event()

        def listen() -> None:
            assert process.stderr is not None
            for line in process.stderr:
                log.append((time.perf_counter(), line))
                if "is ready" in line:
                    ready.set()
            ready.set()

        threading.Thread(target=listen, daemon=True).start()
        try:
            ready.wait(60)
            if process.poll() is not None:
                lines = "".join(line for _moment, line in log)
                raise SystemExit(f"The worker ended:\n{lines[-2_000:]}")
            yield Worker(process.pid, log)
        finally:
            stop(process)

    def commit(self) -> str:
        """Return the commit of this checkout, "" where it is no repository."""
        command = ["git", "-C", str(self.root), "rev-parse", "--short", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip()
