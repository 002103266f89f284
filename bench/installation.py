"""One school on a real stand-in PowerSchool with a real worker, for the measurements."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent


class Installation(NamedTuple):
    """A worker, and what the stand-in says about itself."""

    worker: "subprocess.Popen[str]"
    about: dict[str, Any]

    def set_week(self, week: int) -> None:
        """Move the students of the stand-in to a week."""
        body = json.dumps({"week": week}).encode()
        address = f"{self.about['url']}/_standin/week"
        urlopen(Request(address, body, {"Content-Type": "application/json"})).close()


def environment_in(folder: str) -> dict[str, str]:
    """Return the environment of an installation with its database in this folder."""
    os.chmod(folder, 0o755)
    environment = os.environ | {
        "ROLLBOOK_DATA_DIR": folder,
        "DJANGO_SETTINGS_MODULE": "rollbook.settings",
        "PYTHONPATH": str(ROOT),
        "ROLLBOOK_ALLOWED_NETWORKS": '["127.0.0.0/8"]',
    }
    environment.pop("DATABASE_URL", None)
    return environment


@contextmanager
def installation(
    environment: dict[str, str], students: int, page_size: int
) -> Iterator[Installation]:
    """Start everything, connect the school, and end everything afterwards."""
    with connected_school(environment, students, page_size) as about:
        worker = start_worker(environment)
        try:
            wait_for_worker(worker)
            yield Installation(worker, about)
        finally:
            worker.terminate()
            worker.wait(60)


@contextmanager
def connected_school(
    environment: dict[str, str], students: int, page_size: int
) -> Iterator[dict[str, Any]]:
    """Start a stand-in and connect a school to it. Yield what the stand-in says about itself."""
    standin = subprocess.Popen(
        [
            *(sys.executable, "-m", "rollbook.standins", "powerschool", "--port", "0", "--clean"),
            *("--students", str(students)),
            *("--page-size-max", str(page_size)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert standin.stdout is not None
    about = json.loads(standin.stdout.readline())
    try:
        rollbook(environment, "migrate")
        rollbook(environment, "school", "add", "Bench")
        rollbook(
            environment,
            *("integration", "set", "powerschool", "--grades", "PK-12", "--live", "--no-notify"),
            *("--credential", f"client_id={about['client_id']}"),
            *("--credential", f"client_url={about['url']}"),
            secret=about["client_secret"],
        )
        yield about
    finally:
        standin.terminate()
        standin.wait(60)


def start_worker(environment: dict[str, str]) -> "subprocess.Popen[str]":
    """Start a worker; `wait_for_worker` waits until it works."""
    return subprocess.Popen(
        [sys.executable, "-m", "rollbook", "worker"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def rollbook(environment: dict[str, str], *arguments: str, secret: str = "") -> Any:
    """Run a command; return its output, or its document where it prints one."""
    done = subprocess.run(
        [sys.executable, "-m", "rollbook", *arguments],
        env=environment,
        input=secret,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        command = f"rollbook {' '.join(arguments)}"
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


def wait_for_worker(worker: "subprocess.Popen[str]") -> None:
    """Return once a worker takes runs."""
    assert worker.stderr is not None
    while line := worker.stderr.readline():
        if "is ready" in line:
            return
    raise SystemExit("The worker ended before it was ready.")


def peak_mb(pid: int) -> float:
    """Return the peak resident memory of a process, as the kernel counts it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0
