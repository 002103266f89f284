"""Starting a stand-in from the command line."""

import json
import select
import signal
import subprocess
import sys
import urllib.request
from typing import Any

import pytest

from rollbook.standins.powerschool.service import credentials
from tests.processes import LAST_BOUND


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "rollbook.standins", "powerschool", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ready(process: subprocess.Popen[str]) -> Any:
    assert process.stdout and process.stderr
    readable, _, _ = select.select([process.stdout], [], [], LAST_BOUND)
    assert readable, "it printed nothing"
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return json.loads(line)


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_answers_and_ends_cleanly(name: signal.Signals) -> None:
    with _start(
        "--students", "60", "--seed", "9", "--week", "2", "--hostile", "--fault", "status:page=3"
    ) as process:
        about = _ready(process)
        assert (about["client_id"], about["client_secret"]) == credentials(9)
        assert about["vendor"] == "powerschool" and about["week"] == 2
        with urllib.request.urlopen(
            f"{about['url']}/_standin/roster", timeout=LAST_BOUND
        ) as response:
            assert json.load(response)["count"] == about["students"]
        process.send_signal(name)
        output, errors = process.communicate(timeout=LAST_BOUND)
    assert (process.returncode, output, errors) == (0, "", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--students", "3"],
        ["--fault", "nonsense"],
        ["--fault", "status:page=x"],
        ["--access-level", "SOME"],
        ["--week", "0"],
    ],
)
def test_nonsense_is_refused_with_a_message(arguments: list[str]) -> None:
    with _start(*arguments) as process:
        _, errors = process.communicate(timeout=LAST_BOUND)
    assert process.returncode == 2 and "error:" in errors and "Traceback" not in errors


def test_the_help_names_every_fault() -> None:
    with _start("--help") as process:
        output, _ = process.communicate(timeout=LAST_BOUND)
    assert all(name in output for name in ("gzip_bomb", "token_expired", "--hostile", "--grants"))


def test_a_million_students_can_be_asked_for() -> None:
    with _start("--students", "1000000", "--week", "2") as process:
        about = _ready(process)
        assert about["students"] > 1_000_000
        process.terminate()
