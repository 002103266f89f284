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

from bench.installation import Installation, environment_in, installation, peak_mb, rollbook

FETCH_ALONE = """
import json, sys, time
import django; django.setup()
from rollbook import scope
across = scope.of_installation(scope.Across.COMMAND)
across.__enter__()
from rollbook.sources.base import Connection
from rollbook.sync.setup.bounds import bounds
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
    bounds(),
)
begun = time.perf_counter()
records = sum(len(page.records) for page in integration.source_type.pages(connection, fields))
print(json.dumps({"seconds": round(time.perf_counter() - begun, 2), "records": records}))
"""


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as folder:
        environment = environment_in(folder)
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
    with installation(environment, arguments.students, arguments.page_size) as there:
        steps = [
            ("fetch alone", None),
            ("first run", 1),
            ("fetch alone", None),
            ("unchanged run", 1),
            ("unchanged run", 1),
        ]
        steps += [("fetch alone", None), ("next week's run", 2), ("fetch alone", None)]
        rows = [_step(name, week, there, environment) for name, week in steps]
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
    there: Installation,
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
    there.set_week(week)
    begun = time.perf_counter()
    answer = rollbook(environment, "run", "--json")["run"]
    return {
        "step": name,
        "command_seconds": round(time.perf_counter() - begun, 2),
        "run_seconds": answer["seconds"],
        "counts": answer["counts"],
        "worker_peak_mb": peak_mb(there.worker.pid),
    }


if __name__ == "__main__":
    main()
