"""Runs commands as scripts do: in this process where that is enough, else in their own process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from rollbook.cli import main
from tests.processes import LAST_BOUND

SECRET_KEYS = ("client_secret",)


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one document on standard output."""
        document: dict[str, Any] = json.loads(self.out)
        return document


Command = Callable[..., Ended]


@pytest.fixture
def inside(db: None) -> Command:
    """Run a command in this process, in the test's transaction."""

    def run(*arguments: str, stdin: str = "") -> Ended:
        result = CliRunner().invoke(
            main, arguments, input=stdin, prog_name="rollbook", catch_exceptions=False
        )
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def rollbook(transactional_db: None) -> Command:
    """Run a command as a process of its own."""

    def run(*arguments: str, stdin: str = "", **environment: str) -> Ended:
        command = [sys.executable, "-m", "rollbook", *arguments]
        ended = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=LAST_BOUND,
            check=False,
            env=os.environ | environment,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run
