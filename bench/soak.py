"""A worker for hours: does its memory grow, does it keep connections or files open?

    python -m bench.soak --minutes 120 [--students 500] [--result bench/soak.json]

Starts a stand-in PowerSchool and a real worker, requests a run every ten seconds, and moves the
stand-in's roster on by a week every five minutes. Once a minute it notes the worker's memory, open
files and threads, and the connections to the database. Prints the slope of the second half, which
the first runs don't disturb. Needs the development environment only; leaves nothing behind.
"""

import argparse
import collections
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from bench.installation import Installation, environment_in, installation, rollbook

RUN_SECONDS = 10
WEEK_SECONDS = 300
NOTE_SECONDS = 60
# Requests a live run again and again, and approves one that is on hold.
REQUEST_RUNS = """
import sys, time
import django; django.setup()
from rollbook import scope
across = scope.of_installation(scope.Across.COMMAND)
across.__enter__()
from django.db import connection
from rollbook.sync.models import Integration, Trigger
from rollbook.sync.runs import decisions, requests
integration = Integration.objects.get()
while True:
    run = requests.request(integration, trigger=Trigger.PERSON).run
    decisions.approve(run, None)
    connection.close()
    time.sleep(float(sys.argv[1]))
"""


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="rollbook-soak-") as folder:
        environment = environment_in(folder)
        with installation(environment, arguments.students, page_size=100) as there:
            result = _soak(arguments.minutes, there, environment)
    print(json.dumps(result, indent=1))
    if arguments.result:
        Path(arguments.result).write_text(json.dumps(result, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--result", help="a JSON file to write as well")
    return parser.parse_args()


def _soak(minutes: float, there: Installation, environment: dict[str, str]) -> dict[str, Any]:
    threading.Thread(target=_read_away, args=[there.worker], daemon=True).start()
    requester = subprocess.Popen(
        [sys.executable, "-c", REQUEST_RUNS, str(RUN_SECONDS)], env=environment
    )
    notes, begun, week = [], time.monotonic(), 1
    try:
        while (passed := time.monotonic() - begun) < minutes * 60:
            if passed > week * WEEK_SECONDS:
                week += 1
                there.set_week(week)
            notes.append(_note(there.worker.pid, passed))
            time.sleep(NOTE_SECONDS)
    finally:
        requester.terminate()
        requester.wait(60)
    runs = rollbook(environment, "runs", "--limit", "10000", "--json")["runs"]
    states = collections.Counter(run["state"] for run in runs)
    half = [note for note in notes if note["minute"] > notes[-1]["minute"] / 2]
    line = statistics.linear_regression(
        [note["minute"] for note in half], [note["rss_mb"] for note in half]
    )
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[2]:.0f}",
        "minutes": round(notes[-1]["minute"]),
        "runs": dict(states),
        "mb_per_hour_in_second_half": round(line.slope * 60, 2),
        "notes": notes,
    }


def _note(pid: int, passed: float) -> dict[str, float]:
    worker = psutil.Process(pid)
    with worker.oneshot():
        connections = worker.net_connections(kind="all")
        return {
            "minute": round(passed / 60, 1),
            "rss_mb": round(worker.memory_info().rss / 1024 / 1024, 1),
            "files": worker.num_fds(),
            "threads": worker.num_threads(),
            "sockets": len(connections),
        }


def _read_away(worker: "subprocess.Popen[str]") -> None:
    """Read what the worker prints, so that its pipe never fills up."""
    assert worker.stderr is not None
    for _ in worker.stderr:
        pass


if __name__ == "__main__":
    main()
