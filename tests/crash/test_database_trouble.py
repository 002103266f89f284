"""The database goes away, takes no connection, cancels a statement or has no room: a clear state, and recovery by itself.

Web, worker and every command are processes on a PostgreSQL of this test's own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import pytest

from rollbook.standins import powerschool
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from tests.crash.cluster import Cluster
from tests.processes import Started, answers, free_port, rollbook, wait_until

pytestmark = [pytest.mark.slow]
SOON = {"ROLLBOOK_LEASE_SECONDS": "5", "ROLLBOOK_SWEEP_SECONDS": "1"}
WITHIN = 120.0
AWAY = 300.0


class Installation:
    """Web, one worker and a school, on a database that may be ill-treated."""

    def __init__(self, folder: Path, sis: StandIn) -> None:
        self.folder, self.sis = folder, sis
        self.cluster = Cluster(folder / "database")
        self.environment = SOON | {
            "DATABASE_URL": self.cluster.url,
            "ROLLBOOK_DATA_DIR": str(folder),
        }
        self.command("migrate")
        self.command("school", "add", "Lincoln High School")
        self.command(
            "integration", "set", "powerschool", "--credential", f"client_id={sis.client_id}", "--credential", f"client_url={sis.url}",
            "--grades", "K-12", "--live", stdin=sis.client_secret,
        )  # fmt: skip

    def command(self, *arguments: str, stdin: str = "") -> dict[str, Any]:
        ended = subprocess.run(
            [sys.executable, "-m", "rollbook", *arguments, "--json"],
            input=stdin, capture_output=True, text=True, check=False, env=os.environ | self.environment,
        )  # fmt: skip
        assert ended.stdout, ended.stderr
        document: dict[str, Any] = json.loads(ended.stdout)
        return document

    def run(self) -> dict[str, Any]:
        found: dict[str, Any] = self.command("runs", "--limit", "1")["runs"][0]
        return found

    def ask(self, statement: str, user: str = "postgres") -> Any:
        with psycopg.connect(
            self.cluster.url.replace("rollbook_owner", user, 1), autocommit=True
        ) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchone() if cursor.description else None

    def is_state(self, *states: str) -> bool:
        found = self.ask("SELECT state FROM sync_run ORDER BY requested_at DESC LIMIT 1")
        return bool(found) and found[0] in states

    def students(self) -> int:
        return int(self.ask("SELECT count(*) FROM students_studentaccount")[0])

    def expected(self) -> int:
        return sum(each.enroll_status == 0 and each.grade_level >= 0 for each in self.sis.roster())


@pytest.fixture
def sis() -> Iterator[StandIn]:
    with powerschool.serve(students=260, seed=5, page_size_max=50, clean=True) as running:
        yield running


@pytest.fixture
def there(sis: StandIn) -> Iterator[Installation]:
    """Not in `tmp_path`: each start of pytest closes the folder above it to the user whom the server runs as."""
    with tempfile.TemporaryDirectory(
        prefix="rollbook-trouble-", ignore_cleanup_errors=True
    ) as folder:
        installation = Installation(Path(folder), sis)
        yield installation
        installation.cluster.remove()


@pytest.fixture
def worker(there: Installation, tmp_path: Path) -> Iterator[Started]:
    log = tmp_path / "worker.log"
    with rollbook(
        "worker",
        log=log,
        ready=lambda started: "worker is ready" in started.output,
        **there.environment,
    ) as started:
        yield started


@pytest.fixture
def web(there: Installation, tmp_path: Path) -> Iterator[Started]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = there.environment | {"ROLLBOOK_PUBLIC_URL": url}
    with rollbook(
        "web",
        "--port",
        str(port),
        log=tmp_path / "web.log",
        url=url,
        ready=lambda _: answers(port),
        **environment,
    ) as started:
        yield started


def status(url: str) -> tuple[int, str, str]:
    """As somebody who is signed in: their session is looked up in the database."""
    try:
        with urlopen(
            Request(url, headers={"Cookie": "sessionid=0123456789abcdef0123456789abcdef"}),
            timeout=20,
        ) as answer:
            return answer.status, answer.read().decode(), ""
    except HTTPError as error:
        return error.code, error.read().decode(), error.headers.get("Retry-After", "")


def test_the_database_is_away_for_a_while_and_everything_goes_on_by_itself(
    there: Installation, worker: Started, web: Started
) -> None:
    there.sis.faults = [Fault("hold", page=3, release="page")]
    there.command("run", "--no-wait")
    wait_until(lambda: "page" in there.sis.holding, worker)
    assert status(f"{web.url}/sign-in/")[0] == 200
    there.cluster.stop()
    code, text, again = status(f"{web.url}/schools/")
    assert (code, again) == (503, "10")
    assert "database" in text and "continues by itself" in text
    code, text, _ = status(f"{web.url}/healthz")
    assert (code, json.loads(text)["database"]) == (503, "unreachable")
    assert status(f"{web.url}/metrics")[0] == 503
    refused = there.command("runs")
    assert refused["error"]["code"] == "database_unreachable"
    there.sis.faults = []
    wait_until(lambda: "runs.sweep not done" in worker.output, worker)
    there.cluster.start()
    wait_until(lambda: there.is_state("done"), worker, WITHIN)
    assert there.students() == there.expected()
    wait_until(lambda: status(f"{web.url}/sign-in/")[0] == 200, web)
    assert worker.process.poll() is None and web.process.poll() is None


@pytest.mark.crash
def test_five_minutes_without_the_database_cost_no_run_and_no_process(
    there: Installation, worker: Started, web: Started
) -> None:
    """As long as a server takes to be updated and started anew, with a run in the middle of being read and another one due after."""
    there.sis.faults = [Fault("hold", page=3, release="page")]
    there.command("run", "--no-wait")
    wait_until(lambda: "page" in there.sis.holding, worker)
    there.cluster.stop()
    there.sis.faults = []
    back_at = time.monotonic() + AWAY
    while time.monotonic() < back_at:
        assert status(f"{web.url}/schools/")[0] == 503
        assert (worker.process.poll(), web.process.poll()) == (None, None), (
            worker.output[-3_000:] + web.output[-3_000:]
        )
        time.sleep(5)
    there.cluster.start()
    wait_until(lambda: there.is_state("done"), worker, WITHIN)
    assert there.students() == there.expected()
    wait_until(lambda: status(f"{web.url}/sign-in/")[0] == 200, web)
    assert there.command("run", "--timeout", str(WITHIN))["run"]["state"] == "done"
    assert there.ask("SELECT count(*) FROM sync_run")[0] == 2


@pytest.mark.crash
def test_no_connection_is_left_and_everything_goes_on_by_itself(
    there: Installation, worker: Started, web: Started
) -> None:
    there.ask("ALTER ROLE rollbook_owner CONNECTION LIMIT 0")
    there.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rollbook_owner'"
    )
    wait_until(lambda: status(f"{web.url}/schools/")[0] == 503, web)
    assert status(f"{web.url}/healthz")[0] == 503
    wait_until(lambda: "runs.sweep not done" in worker.output, worker)
    there.ask("ALTER ROLE rollbook_owner CONNECTION LIMIT -1")
    there.command("run", "--no-wait")
    wait_until(lambda: there.is_state("done"), worker, WITHIN)
    assert there.students() == there.expected()
    wait_until(lambda: status(f"{web.url}/sign-in/")[0] == 200, web)


def test_a_cancelled_statement_is_tried_again_and_nothing_is_half_applied(
    there: Installation, worker: Started
) -> None:
    there.command("run", "--no-wait")
    wait_until(lambda: there.is_state("done"), worker, WITHIN)
    there.sis.week = 2
    before = there.ask(
        "SELECT md5(string_agg(a::text, ',' ORDER BY id)) FROM students_studentaccount a"
    )
    with psycopg.connect(there.cluster.url) as locking:
        locking.execute("LOCK TABLE students_studentaccount IN SHARE MODE")
        there.command("run", "--no-wait")
        wait_until(lambda: there.is_state("applying"), worker, WITHIN)
        waits = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ILIKE '%students_studentaccount%'"
        wait_until(lambda: there.ask(waits) is not None, worker)
        there.ask(f"SELECT pg_cancel_backend(pid) FROM ({waits}) w")
        wait_until(lambda: "the database failed: OperationalError" in worker.output, worker)
        assert (
            there.ask(
                "SELECT md5(string_agg(a::text, ',' ORDER BY id)) FROM students_studentaccount a"
            )
            == before
        )
        locking.rollback()
    wait_until(lambda: there.is_state("done"), worker, WITHIN)
    run = there.run()
    assert run["error"] is None and run["counts"]["updated"] > 0


@pytest.mark.crash
def test_a_full_disk_parks_the_run_with_the_reason_and_the_next_one_works(
    there: Installation, worker: Started
) -> None:
    """As far as it can be had without the right to mount one: the database refuses every row of a plan with the error of a full disk."""
    there.ask(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END$$"
    )
    there.ask(
        "CREATE TRIGGER full_disk BEFORE INSERT ON sync_change FOR EACH ROW EXECUTE FUNCTION full_disk()"
    )
    there.command("run", "--no-wait")
    wait_until(lambda: there.is_state("failed"), worker, WITHIN)
    error = there.run()["error"]
    assert (
        error["code"] == "database_failed"
        and "DiskFull" in error["what"]
        and "disk" in error["remedy"]
    )
    assert there.students() == 0
    there.ask("DROP TRIGGER full_disk ON sync_change")
    there.command("run", "--no-wait")
    wait_until(lambda: there.is_state("done"), worker, WITHIN)
    assert there.students() == there.expected()


@pytest.mark.crash
@pytest.mark.skipif(os.geteuid() != 0, reason="a disk of its own has to be mounted")
def test_a_disk_that_fills_up_and_is_cleared_leaves_every_account_right(tmp_path: Path) -> None:
    """A real one: the database lies on a disk of 400 MB that somebody else's file fills up, until after a while it is removed."""
    with small_disk() as disk, powerschool.serve(students=20_000, seed=5, clean=True) as sis:
        there = Installation(disk, sis)
        try:
            with rollbook(
                "worker", log=tmp_path / "worker.log", ready=is_ready, **there.environment
            ) as worker:
                _fill_up_and_clear(there, worker, disk / "ballast")
        finally:
            there.cluster.remove()


@contextmanager
def small_disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rollbook-disk-") as folder:
        os.chmod(folder, 0o755)  # the server runs as somebody else
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=400m,mode=755", "tmpfs", folder], check=True
        )
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def is_ready(started: Started) -> bool:
    return "worker is ready" in started.output


def _fill_up_and_clear(there: Installation, worker: Started, ballast: Path) -> None:
    there.sis.faults = [Fault("hold", page=3, release="page")]
    there.command("run", "--no-wait")
    wait_until(lambda: "page" in there.sis.holding, worker)
    with suppress(OSError), ballast.open("wb", buffering=0) as file:  # until nothing more goes in
        while file.write(bytes(1_000_000)):
            pass
    there.sis.faults = []
    wait_until(lambda: "the database failed" in worker.output, worker, WITHIN)
    ballast.unlink()
    if (
        not there.cluster.is_up()
    ):  # a full disk may well end the server: its operator starts it again
        there.cluster.start()
    wait_until(lambda: there.is_state("done", "failed"), worker, WITHIN)
    if there.is_state("failed"):
        assert there.run()["error"]["code"] == "database_failed" and there.students() == 0
    again = there.command("run", "--timeout", str(WITHIN))["run"]
    assert (again["state"], there.students()) == ("done", there.expected())
    assert (
        there.command("run", "--timeout", str(WITHIN))["run"]["counts"]["unchanged"]
        == there.expected()
    )


@pytest.mark.crash
def test_a_worker_without_its_database_ends_when_told_to(
    there: Installation, worker: Started
) -> None:
    there.cluster.stop()
    wait_until(lambda: "runs.sweep not done" in worker.output, worker)
    began = time.monotonic()
    assert worker.end() == 0
    assert time.monotonic() - began < 30
