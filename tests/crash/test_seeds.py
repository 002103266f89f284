"""A few seeded crashes of a whole installation; `make crash` plays more (`tests.crash.seeds`)."""

import os
import subprocess
import sys

import pytest

# The database crashes while Veracross is read, a worker is killed while it applies, and web is
# killed while an upload is confirmed, which is then undone.
FEW = ("--seeds", "1", "--first", "50032")
MANY = int(os.environ.get("CRASH_SEEDS", "30"))


def played(*options: str) -> str:
    """Play seeds in a process of its own, which has its own database; return what it prints."""
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
