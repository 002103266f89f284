"""The main job at full size: a real stand-in, a real worker and the command line.

    python bench/main_job.py --students 100000 [--page-size 100] [--result bench/main_job.json]

Prints, and writes as JSON: the time of a first run, of unchanged runs and of next week's run, the
peak memory of the worker after each, and the time of fetching the same pages alone, before and
after. Needs the development environment only; leaves nothing behind.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
FETCH_ALONE = """
import json, sys, time
import django; django.setup()
from rollbook.sources.base import Connection
from rollbook.sync.planning import reading
from rollbook.sync.setup import credentials
from rollbook.sync.models import Integration
integration = Integration.objects.get()
mapped = frozenset(source for source, _ in integration.mapping)
fields = mapped | {integration.source_type.grade_field}
connection = Connection(
    credentials.load(integration),
    integration.choices,
    integration.variant,
    credentials.StoredToken(integration),
    reading.bounds(),
)
begun = time.perf_counter()
records = sum(len(page.records) for page in integration.source_type.pages(connection, fields))
print(json.dumps({"seconds": round(time.perf_counter() - begun, 2), "records": records}))
"""


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as folder:
        environment = os.environ | {
            "ROLLBOOK_DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "rollbook.settings",
            "PYTHONPATH": str(ROOT),
            "ROLLBOOK_ALLOWED_NETWORKS": '["127.0.0.0/8"]',
        }
        environment.pop("DATABASE_URL", None)
        os.chmod(folder, 0o755)
        result = _measure(arguments, environment)
    print(json.dumps(result, indent=2))
    if arguments.result:
        Path(arguments.result).write_text(json.dumps(result, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--page-size", type=int, default=100)
    parser.add_argument("--result", help="a JSON file to write as well")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace, environment: dict[str, str]) -> dict[str, Any]:
    standin = subprocess.Popen(
        [
            *(sys.executable, "-m", "rollbook.standins", "powerschool", "--port", "0", "--clean"),
            *("--students", str(arguments.students)),
            *("--page-size-max", str(arguments.page_size)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert standin.stdout is not None
    about = json.loads(standin.stdout.readline())
    _rollbook(environment, "migrate")
    worker = subprocess.Popen(
        [sys.executable, "-m", "rollbook", "worker"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_for_worker(worker)
        _rollbook(environment, "school", "add", "Bench")
        _rollbook(
            environment,
            *("integration", "set", "powerschool", "--grades", "PK-12", "--live", "--no-notify"),
            *("--credential", f"client_id={about['client_id']}"),
            *("--credential", f"client_url={about['url']}"),
            secret=about["client_secret"],
        )
        steps = [
            ("fetch alone", None),
            ("first run", 1),
            ("fetch alone", None),
            ("unchanged run", 1),
            ("unchanged run", 1),
        ]
        steps += [("fetch alone", None), ("next week's run", 2), ("fetch alone", None)]
        rows = [_step(name, week, about, worker, environment) for name, week in steps]
    finally:
        for process in (worker, standin):
            process.terminate()
            process.wait(60)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return {
        "students": arguments.students,
        "page_size": arguments.page_size,
        "machine": machine,
        "steps": rows,
    }


def _step(
    name: str,
    week: int | None,
    about: dict[str, Any],
    worker: "subprocess.Popen[str]",
    environment: dict[str, str],
) -> dict[str, Any]:
    if week is None:
        alone = subprocess.run(
            [sys.executable, "-c", FETCH_ALONE],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return {"step": name, **json.loads(alone.stdout)}
    body = json.dumps({"week": week}).encode()
    urlopen(
        Request(f"{about['url']}/_standin/week", body, {"Content-Type": "application/json"})
    ).close()
    begun = time.perf_counter()
    answer = _rollbook(environment, "run", "--json")["run"]
    return {
        "step": name,
        "command_seconds": round(time.perf_counter() - begun, 2),
        "run_seconds": answer["seconds"],
        "counts": answer["counts"],
        "worker_peak_mb": _peak_mb(worker.pid),
    }


def _rollbook(environment: dict[str, str], *arguments: str, secret: str = "") -> Any:
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


def _wait_for_worker(worker: "subprocess.Popen[str]") -> None:
    assert worker.stderr is not None
    while line := worker.stderr.readline():
        if "is ready" in line:
            return
    raise SystemExit("The worker ended before it was ready.")


def _peak_mb(pid: int) -> float:
    """Return the peak resident memory of a process, as the kernel counts it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


if __name__ == "__main__":
    main()
