"""Web, worker and demo as whole processes: they start, end when told and leave nothing running."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest

from rollbook.cli.operate.worker import GRACE_SECONDS
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.sync import queue
from rollbook.sync.models import Integration, RunState, Trigger
from rollbook.sync.runs import requests
from tests.processes import LAST_BOUND, Started, free_port, rollbook, wait_until, worker_is_ready

pytestmark = pytest.mark.slow


def status_of(url: str) -> int:
    try:
        with urlopen(Request(url), timeout=LAST_BOUND) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


@pytest.mark.django_db(transaction=True)
def test_web_answers_and_ends_when_told(web: Started) -> None:
    assert status_of(f"{web.url}/") == 200
    assert web.end() == 0


@pytest.fixture
def patient_worker(transactional_db: None, tmp_path: Path) -> Iterator[Started]:
    """A worker that sweeps each hour and waits an hour for a SIS: beyond the bound of any test."""
    patience = {"ROLLBOOK_SWEEP_SECONDS": "3600", "ROLLBOOK_REQUEST_SECONDS": "3600"}
    log = tmp_path / "worker.log"
    with rollbook("worker", log=log, ready=worker_is_ready, **patience) as started:
        yield started


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_seen_and_gone_once_it_has_ended(patient_worker: Started) -> None:
    """An idle worker ends at once: it does not wait for its next sweep."""
    wait_until(lambda: queue.workers_alive() == 1, patient_worker)
    assert patient_worker.end() == 0
    last_line = patient_worker.output.splitlines()[-1]
    assert last_line == "Rollbook worker has ended.", "it ended by the last resort"
    assert queue.workers_alive() == 0


@pytest.mark.django_db(transaction=True)
def test_a_worker_whose_sis_is_silent_hands_the_run_back_without_waiting_for_it(
    patient_worker: Started, integration: Integration, standin: StandIn
) -> None:
    assert GRACE_SECONDS < 30, "the promise to operators"
    standin.faults = [Fault("silent")]
    run = requests.request(integration, trigger=Trigger.PERSON).run

    wait_until(lambda: bool(data_requests(standin)), patient_worker)
    assert patient_worker.end() == 0
    assert len(data_requests(standin)) == 1, "it asked again instead of ending"
    run.refresh_from_db()
    assert (run.state, run.lease_until, run.attempts) == (RunState.FETCHING, None, 0)


def data_requests(standin: StandIn) -> list[str]:
    return [request.path for request in list(standin.requests) if request.path.startswith("/ws/")]


def week_of(url: str) -> int:
    with urlopen(f"{url}/_standin/week", timeout=LAST_BOUND) as answer:
        return int(json.load(answer)["week"])


class Demo:
    """A demo in a folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self._messages = folder.with_suffix(".messages")
        self._out = folder.with_suffix(".out")
        command = [
            sys.executable,
            "-m",
            "rollbook",
            "demo",
            "--data-dir",
            str(folder),
            "--students",
            "60",
            "--json",
            *options,
        ]
        with self._out.open("wb") as out, self._messages.open("wb") as messages:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=messages, env=os.environ
            )
        wait_until(lambda: self._out.read_text().endswith("\n") or self.process.poll() is not None)
        assert self.process.poll() is None, self.messages
        self.ready: dict[str, Any] = json.loads(self._out.read_text())["demo"]

    @property
    def messages(self) -> str:
        """What the demo has printed for people."""
        return self._messages.read_text()

    def pids(self) -> dict[str, int]:
        children = json.loads((self.folder / "demo.json").read_text())["children"]
        return dict(zip(("powerschool", "veracross", "web", "worker"), children, strict=True))

    def rollbook(self, *arguments: str, stdin: str = "") -> dict[str, Any]:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DATABASE", "ROLLBOOK_"))
        }
        command = [sys.executable, "-m", "rollbook", *arguments, "--json"]
        ended = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=environment | {"ROLLBOOK_DATA_DIR": str(self.folder)},
        )
        assert ended.returncode == 0, ended.stderr
        document: dict[str, Any] = json.loads(ended.stdout)
        return document

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.process.wait(LAST_BOUND)


def runs_still(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def postgres_of(folder: Path) -> int | None:
    """The server's process; while it makes its first files, its id has a minus sign."""
    file = folder / "postgres" / "postmaster.pid"
    return abs(int(file.read_text().split("\n", 1)[0])) if file.exists() else None


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder outside pytest's own.

    The demo's database runs as another user where root runs the tests. Another run of pytest on
    this machine would close pytest's folder to that user.
    """
    outside = tempfile.mkdtemp(prefix="rollbook-demo-")
    folder = Path(outside) / "demo"
    yield folder
    state = folder / "demo.json"
    pids = json.loads(state.read_text()).get("children", []) if state.exists() else []
    for pid in [*pids, postgres_of(folder)]:
        if pid and runs_still(pid):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(outside, ignore_errors=True)


def test_the_demo_from_the_first_start_to_the_second(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as busy:
        demo = Demo(folder, "--port", str(busy.getsockname()[1]))
    assert "is in use" in demo.messages
    assert status_of(demo.ready["url"]) == 200
    assert status_of(demo.ready["mail_page"]) == 200, "the way to sign in"
    roles = [person["role"] for person in demo.ready["people"]]
    assert roles == ["administrator", "counselor", "owner"]
    children = demo.pids()

    sis = demo.ready["powerschool"]
    demo.rollbook(
        *("integration", "set", "powerschool", "--grades", "K-12", "--live"),
        *("--credential", f"client_id={sis['client_id']}"),
        *("--credential", f"client_url={sis['url']}"),
        stdin=sis["client_secret"],
    )
    first = demo.rollbook("run")["run"]["counts"]
    assert first["new"] > 40
    assert demo.rollbook("demo", "next-week", "--data-dir", str(folder))["week"] == 2
    second = demo.rollbook("run")["run"]["counts"]
    assert second.get("new", 0) + second.get("updated", 0) + second.get("not_in_roster", 0) > 0
    assert {name: week_of(demo.ready[name]["url"]) for name in ("powerschool", "veracross")} == {
        "powerschool": 2,
        "veracross": 2,
    }

    os.kill(children["worker"], signal.SIGKILL)
    wait_until(lambda: "The worker ended unexpectedly with code -9" in demo.messages)
    wait_until(lambda: demo.pids()["worker"] != children["worker"])
    children = demo.pids()
    postgres = postgres_of(folder)
    assert demo.end() == 0
    assert not [name for name, pid in children.items() if runs_still(pid)]
    assert postgres and not runs_still(postgres)

    again = Demo(folder, "--port", str(free_port()))
    assert again.ready["people"] == demo.ready["people"]
    assert again.ready["week"] == 2
    for name in ("powerschool", "veracross"):
        assert again.ready[name] == demo.ready[name] | {"students": again.ready[name]["students"]}
        assert week_of(again.ready[name]["url"]) == 2
    assert again.rollbook("students")["total"] >= first["new"]
    assert again.end(signal.SIGTERM) == 0


def test_a_demo_that_was_killed_does_not_stand_in_the_way_of_the_next(folder: Path) -> None:
    demo = Demo(folder, "--port", str(free_port()))
    left = demo.pids()
    demo.end(signal.SIGKILL)
    again = Demo(folder, "--port", str(free_port()))
    assert not [name for name, pid in left.items() if runs_still(pid)]
    postgres = postgres_of(folder)
    assert again.end() == 0
    assert postgres and not runs_still(postgres)
