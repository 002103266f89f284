"""What scripts rely on: one JSON document on standard output, texts on standard error, codes."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import openpyxl
import pytest

from rollbook.schools.models import School
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration, Run, RunState, Trigger
from rollbook.sync.runs import requests
from tests.cli.conftest import Command
from tests.processes import LAST_BOUND, Started

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("arguments", [["--help"], ["schedule", "--help"], ["keys", "--help"]])
def test_help_loads_neither_django_nor_a_source(arguments: list[str]) -> None:
    code = (
        "import sys; from rollbook.cli import main\n"
        f"main({arguments}, standalone_mode=False)\n"
        "print({'django.apps', 'httpcore2', 'rollbook.sync.models'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "set()"


def test_the_list_of_commands_loads_no_library_but_click() -> None:
    code = (
        "import sys; from rollbook.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print({'django', 'httpcore2', 'msgspec', 'rich', 'psycopg'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "set()"


def test_help_of_a_command_needs_no_settings_and_writes_nothing(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "rollbook", "run", "--help"],
        cwd=tmp_path,
        env={"ROLLBOOK_ENV": "production", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--no-wait" in ended.stdout
    assert not list(tmp_path.iterdir())


def test_a_run_is_started_watched_and_read_back(
    rollbook: Command, worker: Started, integration: Integration, standin: StandIn
) -> None:
    expected = {
        str(row.dcid) for row in standin.roster() if row.grade_level >= 9 and row.enroll_status == 0
    }
    first = rollbook("run", "--json")
    assert first.code == 0, first.err
    assert first.json["created"] and first.json["run"]["state"] == "done"
    counts = first.json["run"]["counts"]
    assert counts["new"] + counts.get("error", 0) == len(expected)

    students = rollbook("students", "--limit", "1000", "--json").json
    assert students["total"] == counts["new"] == StudentAccount.objects.count()
    assert {student["sis_id"] for student in students["students"]} <= expected

    second = rollbook("run", "--json").json["run"]["counts"]
    assert (second.get("new", 0), second.get("updated", 0), second["unchanged"]) == (
        0,
        0,
        counts["new"],
    )

    problems = rollbook("problems", "--json").json
    assert problems["total"] == second.get("error", 0) + second.get("warning", 0) + second.get(
        "note", 0
    )
    assert all(problem["what"] and problem["remedy"] for problem in problems["problems"])
    assert [run["state"] for run in rollbook("runs", "--json").json["runs"]] == ["done", "done"]
    assert worker.end() == 0


def test_a_test_run_changes_nothing_and_needs_no_worker_here(
    rollbook: Command, integration: Integration
) -> None:
    ended = rollbook("run", "--test", "--here", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["run"]["uploader_type"] == "Test PowerSchool Student"
    assert not StudentAccount.objects.exists()


def test_the_report_is_written_to_a_file(
    rollbook: Command, integration: Integration, tmp_path: object
) -> None:
    new = rollbook("run", "--here", "--json").json["run"]["counts"]["new"]
    file = f"{tmp_path}/report.xlsx"
    ended = rollbook("report", "last", "-o", file, "--json")
    assert (ended.code, ended.json["file"]) == (0, file)
    book = openpyxl.load_workbook(file, read_only=True)
    assert book.sheetnames[:4] == ["Summary", "Errors", "New", "Existing & Update"]
    assert sum(1 for _ in book["New"].rows) >= new
    book.close()
    assert rollbook("report", "last", "-o", f"{tmp_path}/missing/report.xlsx").code == 2


def test_without_a_worker_it_says_so_and_does_not_hang(
    rollbook: Command, integration: Integration
) -> None:
    ended = rollbook("run", "--json")
    assert (ended.code, ended.json["error"]["code"]) == (7, "no_worker")
    assert Run.objects.get().state == RunState.QUEUED


def test_a_second_run_is_answered_with_the_first(
    rollbook: Command, integration: Integration
) -> None:
    active = requests.request(integration, trigger=Trigger.PERSON).run
    ended = rollbook("run", "--json")
    assert (ended.code, ended.json["created"], ended.json["run"]["id"]) == (
        3,
        False,
        str(active.pk),
    )


def test_an_inactive_integration_is_refused(rollbook: Command, integration: Integration) -> None:
    rollbook("integration", "set", "powerschool", "--inactive")
    ended = rollbook("run", "--json")
    assert (ended.code, ended.json["error"]["code"]) == (3, "inactive")
    assert not Run.objects.exists()


def test_a_failed_run_says_why_and_shows_no_secret(
    rollbook: Command, integration: Integration
) -> None:
    rollbook("integration", "set", "powerschool", stdin="not-the-right-secret")
    ended = rollbook("run", "--here", "--json")
    assert ended.code == 4
    assert ended.json["run"]["error"]["code"] == "credentials_refused"
    assert "not-the-right-secret" not in ended.out + ended.err


def test_a_held_run_waits_for_approval(
    rollbook: Command, integration: Integration, standin: StandIn
) -> None:
    rollbook("run", "--here")
    standin.faults = [Fault("empty")]
    held = rollbook("run", "--here", "--json")
    assert (held.code, held.json["run"]["state"]) == (5, "on_hold"), held.err
    assert [run["id"] for run in rollbook("holds", "--json").json["holds"]] == [
        held.json["run"]["id"]
    ]
    discarded = rollbook("discard", held.json["run"]["id"], "--json")
    assert (discarded.code, discarded.json["run"]["state"]) == (0, "discarded")
    again = rollbook("approve", held.json["run"]["id"], "--json")
    assert (again.code, again.json["error"]["code"]) == (3, "not_on_hold")


def test_a_run_is_cancelled_before_it_changes_accounts_and_not_after(
    inside: Command, integration: Integration
) -> None:
    run = requests.request(integration, trigger=Trigger.PERSON).run
    cancelled = inside("cancel", str(run.pk), "--json")
    assert cancelled.code == 0
    assert cancelled.json["run"]["state"] == "cancelled"
    assert cancelled.json["run"]["cancelled"] == {"because": "person", "by": None}
    for state, hint in (
        (RunState.CANCELLED, "it is over"),
        (RunState.ON_HOLD, "rollbook discard"),
        (RunState.APPLYING, "rollbook undo"),
    ):
        Run.objects.update(state=state)
        refused = inside("cancel", "last", "--json")
        assert (refused.code, refused.json["error"]["code"]) == (3, "not_cancellable")
        assert hint in refused.json["error"]["remedy"]


def test_a_time_out_leaves_the_run_alone(
    rollbook: Command, worker: Started, integration: Integration, standin: StandIn
) -> None:
    standin.faults = [Fault("latency", seconds=3.0)]
    ended = rollbook("run", "--timeout", "1", "--json")
    assert (ended.code, ended.json["error"]["code"]) == (8, "still_running")
    assert Run.objects.get().is_active
    standin.faults = []
    worker.end()  # before the SIS goes away, or it would try again and again


def test_a_database_that_is_not_there_and_one_that_is_empty(
    rollbook: Command, school: School
) -> None:
    gone = rollbook("school", "list", "--json", DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    assert (gone.code, gone.json["error"]["code"]) == (7, "database_unreachable")
    empty = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
    unmigrated = rollbook("school", "list", "--json", DATABASE_URL=empty)
    assert (unmigrated.code, unmigrated.json["error"]["code"]) == (7, "not_migrated")
    assert "rollbook migrate" in unmigrated.err
    assert rollbook("worker", DATABASE_URL=empty).code == 7


def test_migrating_again_does_nothing(rollbook: Command) -> None:
    assert rollbook("migrate", "--json").json == {"applied": []}


@pytest.mark.parametrize(
    "arguments", [("run", "--sideways"), ("nonsense",), ("students", "--limit", "none")]
)
def test_what_is_not_understood_ends_with_2(rollbook: Command, arguments: tuple[str, ...]) -> None:
    assert rollbook(*arguments).code == 2


def test_a_command_that_needs_no_django_reads_no_settings() -> None:
    """The demo sets its own before they are read."""
    modules = "sys, rollbook.cli.framework, rollbook.cli.demo.command"
    code = f"import {modules}; print('rollbook.config' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LAST_BOUND
    )
    assert ended.stdout.strip() == "False"
