"""The rules and the sources are tested without Django, so that their tests answer at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Every module of both folders is imported; of the tests only a few are run.
RUN_AND_LOOK = """
import sys, pytest
sys.argv[1:] = ["-q", "tests/roster", "tests/sources", "-k", "test_rekeying or test_addresses"]
code = pytest.main(sys.argv[1:])
print(int(code), sorted({"django", "psycopg"} & sys.modules.keys()))
"""


@pytest.mark.slow
def test_roster_and_sources_are_tested_without_django() -> None:
    of_this_session = ("DJANGO_SETTINGS_MODULE", "TESTS_OF_ROLLBOOK_")
    settings = {
        name: text for name, text in os.environ.items() if not name.startswith(of_this_session)
    }
    outcome = subprocess.run(
        [sys.executable, "-c", RUN_AND_LOOK],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        check=True,
    )
    assert outcome.stdout.splitlines()[-1] == "0 []", outcome.stdout
