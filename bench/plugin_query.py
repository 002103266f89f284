"""Reading a district by our plugin's query against `/ws/v1`: seconds and bytes of both.

    python -m bench.plugin_query [--students 100000] [--result bench/plugin_query.json]

A stand-in PowerSchool in a process of its own answers both ways; the source reads the same mapped
fields and does nothing with them. Nothing else of Rollbook takes part. Leaves nothing behind.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from rollbook.sources.base import Connection, Token
from rollbook.sources.bounds import Bounds
from rollbook.sources.http import Http, Response
from rollbook.sources.powerschool import SOURCE
from rollbook.sources.powerschool_plugin import plugin_zip

FIELDS = frozenset(
    {
        *("id", "first_name", "last_name", "projected_graduation_year", "grade_level"),
        *("birth_date", "gender", "local_id", "home_room", "student_username@school.example"),
    }
)


class NoTokens:
    def get(self) -> Token | None:
        return None

    def put(self, token: Token | None) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--result", help="a JSON file to write as well")
    arguments = parser.parse_args()
    with _standin(arguments.students) as about:
        rows = []
        for name in ("warm-up", "v1"):
            rows.append(_read(about, name))
        _install(about["url"])
        for name in ("warm-up", "query"):
            rows.append(_read(about, name))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    measured = [row for row in rows if row["way"] != "warm-up"]
    load = os.getloadavg()[0]
    result = {"machine": machine, "load_at_the_end": round(load, 1), "ways": measured}
    print(json.dumps(result, indent=2))
    if arguments.result:
        Path(arguments.result).write_text(json.dumps(result, indent=2) + "\n")


@contextmanager
def _standin(students: int) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "rollbook.standins", "powerschool", "--port", "0"]
    command += ["--students", str(students), "--page-size-max", "100", "--no-gzip"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def _install(url: str) -> None:
    packed = plugin_zip(FIELDS, datetime.now(UTC))
    with urlopen(Request(f"{url}/_standin/plugin", packed, method="POST"), timeout=60) as answer:
        assert answer.status == 200


def _read(about: dict[str, Any], way: str) -> dict[str, Any]:
    credentials = {name: about[name] for name in ("client_id", "client_secret")}
    credentials["client_url"] = about["url"]
    bounds = Bounds(allowed_networks=("127.0.0.0/8",))
    connection = Connection(credentials, {}, "", NoTokens(), bounds)
    sizes: list[int] = []
    usual = Http.request

    def counted(self: Http, *arguments: Any, **more: Any) -> Response:
        response = usual(self, *arguments, **more)
        sizes.append(len(response.body))
        return response

    Http.request = counted  # type: ignore[method-assign]
    started = time.monotonic()
    try:
        students = sum(len(page.records) for page in SOURCE.pages(connection, FIELDS))
    finally:
        Http.request = usual  # type: ignore[method-assign]
    return {
        "way": way,
        "students": students,
        "seconds": round(time.monotonic() - started, 1),
        "requests": len(sizes),
        "megabytes": round(sum(sizes) / 1_000_000, 1),
    }


if __name__ == "__main__":
    main()
