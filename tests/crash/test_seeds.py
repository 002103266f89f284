"""Some seeds of the crashes that happen to a whole installation; `make crash` plays more (see `tests.crash.seeds`)."""

import os
import subprocess
import sys

import pytest

FEW = (
    "--seeds",
    "1",
    "--first",
    "7",
)  # the database crashes, then a worker is killed while it applies
MANY = int(os.environ.get("CRASH_SEEDS", "30"))


def played(*options: str) -> str:
    """The seeds run in a process of their own: they bring their own database."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.crash.seeds", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-4_000:] + ended.stderr[-4_000:]
    return ended.stdout


@pytest.mark.slow
def test_a_seeded_crash_leaves_every_account_as_the_model_has_it() -> None:
    assert " 0 wrong" in played(*FEW)


@pytest.mark.crash
def test_many_seeded_crashes_leave_every_account_as_the_model_has_it() -> None:
    assert f"{MANY} seeds, 0 wrong" in played("--seeds", str(MANY), "--first", "101")
