"""The memory that a worker takes for hostile answers: a real stand-in, a real worker, a real run.

    python bench/hostile_bodies.py [--result bench/hostile_bodies.json] [--only "900,000 keys"]

Prints, and writes as JSON, for each kind of body: how the run ended, the worker's memory before it
and at its peak. Each kind gets a worker of its own. The stand-in states 150,000 students, so that
pages are asked for side by side until the run ends: after 16 pages or a minute. Leaves nothing
behind.
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

from bench.installation import (
    connected_school,
    environment_in,
    peak_mb,
    start_worker,
    wait_for_worker,
)
from rollbook.standins.hostile_bodies import BODIES

STATED = 150_000
ALL = [*BODIES, "gzip bomb"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", help="the name of a body; can be repeated")
    parser.add_argument("--result", help="a JSON file to write as well")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as folder:
        environment = environment_in(folder) | {
            "ROLLBOOK_TRIES": "2",
            "ROLLBOOK_PAGES": "16",
            "ROLLBOOK_RUN_SECONDS": "60",
        }
        rows = _measure(arguments.only or ALL, environment)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    result = {"machine": machine, "bodies": rows}
    if arguments.result:
        Path(arguments.result).write_text(json.dumps(result, indent=2) + "\n")


def _measure(bodies: list[str], environment: dict[str, str]) -> list[dict[str, Any]]:
    with connected_school(environment, students=1_000, page_size=1_000) as about:
        return [_one(name, about, environment) for name in bodies]


def _one(name: str, about: dict[str, Any], environment: dict[str, str]) -> dict[str, Any]:
    """Run once against this body, with a new worker. Return what it took."""
    hostile = {"kind": "hostile_body", "path": "*/student", "field": name}
    if name == "gzip bomb":
        hostile = {"kind": "gzip_bomb", "path": "*/student"}
    _set_faults(about, [hostile, {"kind": "count_off", "size": STATED}])
    worker = start_worker(environment)
    try:
        wait_for_worker(worker)
        before, begun = peak_mb(worker.pid), time.perf_counter()
        run = _run(environment)
        row = {
            "body": name,
            "before_mb": before,
            "peak_mb": peak_mb(worker.pid),
            "seconds": round(time.perf_counter() - begun, 1),
            "state": run["state"],
            "error": (run["error"] or {}).get("what", ""),
            "problems": run["counts"].get("error", 0),
        }
        row["more_mb"] = round(row["peak_mb"] - before, 1)
    finally:
        worker.terminate()
        worker.communicate(timeout=60)
    print(json.dumps(row), flush=True)
    return row


def _set_faults(about: dict[str, Any], faults: list[dict[str, Any]]) -> None:
    body = json.dumps(faults).encode()
    headers = {"Content-Type": "application/json"}
    urlopen(Request(f"{about['url']}/_standin/faults", body, headers)).close()


def _run(environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "rollbook", "run", "--test", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    run: dict[str, Any] = json.loads(done.stdout)["run"]
    return run


if __name__ == "__main__":
    main()
