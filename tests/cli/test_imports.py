"""A command imports what it needs and no more: each of these modules takes 20 to 200 ms."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMPORT_AND_LOOK = """
import sys
from rollbook.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
print()
print(sorted({modules!r} & sys.modules.keys()))
"""
FRAMEWORK = {"django", "psycopg", "pydantic", "procrastinate", "rollbook.config"}
FOR_A_TERMINAL = {"rich", "rich.console", "rich.progress"}
FOR_RUNS_AND_REPORTS = {
    "rollbook.sync.pipeline",
    "rollbook.sync.report.change_rows",
    "rollbook.sync.report.workbook",
    "rollbook.sync.uploads.inspection",
    "python_calamine",
    "cryptography",
}


@pytest.mark.parametrize(
    ("arguments", "modules"),
    [
        (["--help"], FRAMEWORK | FOR_A_TERMINAL | FOR_RUNS_AND_REPORTS),
        (["schedule", "--help"], FRAMEWORK | FOR_A_TERMINAL),
        (["runs", "--help"], FOR_A_TERMINAL | FOR_RUNS_AND_REPORTS),
        (["run", "--help"], FOR_A_TERMINAL | {"rollbook.sync.pipeline", "python_calamine"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_imports_no_more_than_it_needs(arguments: list[str], modules: set[str]) -> None:
    code = IMPORT_AND_LOOK.format(arguments=arguments, modules=modules)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Usage:" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
