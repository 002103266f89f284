"""The database goes away, refuses connections, cancels a statement or has no room.

Each time the state is clear and everything recovers by itself. Web, worker and every command are
processes on a PostgreSQL for one test.
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
from rollbook.sync.runs import claims
from tests.crash.cluster import Cluster
from tests.crash.scene import SOON
from tests.processes import LAST_BOUND, Started, rollbook, wait_until, worker_is_ready
from tests.processes import web as web_server

pytestmark = [pytest.mark.slow]
AWAY = 300.0  # seconds
FINGERPRINT = "SELECT md5(string_agg(a::text, ',' ORDER BY id)) FROM students_studentaccount a"


class Installation:
    """A school on a database that a test may harm."""

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
            *("integration", "set", "powerschool", "--grades", "K-12", "--live"),
            *("--credential", f"client_id={sis.client_id}"),
            *("--credential", f"client_url={sis.url}"),
            stdin=sis.client_secret,
        )

    def command(self, *arguments: str, stdin: str = "") -> dict[str, Any]:
        """Run a command of Rollbook and return its JSON."""
        ended = subprocess.run(
            [sys.executable, "-m", "rollbook", *arguments, "--json"],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | self.environment,
        )
        assert ended.stdout, ended.stderr
        document: dict[str, Any] = json.loads(ended.stdout)
        return document

    def run(self) -> dict[str, Any]:
        """Return the latest run."""
        latest: dict[str, Any] = self.command("runs", "--limit", "1")["runs"][0]
        return latest

    def ask(self, statement: str, user: str = "postgres") -> Any:
        """Execute a statement and return its first row, if it has rows."""
        with psycopg.connect(
            self.cluster.url.replace("rollbook_owner", user, 1), autocommit=True
        ) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchone() if cursor.description else None

    def is_state(self, *states: str) -> bool:
        row = self.ask("SELECT state FROM sync_run ORDER BY requested_at DESC LIMIT 1")
        return bool(row) and row[0] in states

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
    """An installation in a folder outside `tmp_path`.

    Each start of pytest closes the folder above `tmp_path` to the user that the server runs as.
    """
    with tempfile.TemporaryDirectory(
        prefix="rollbook-trouble-", ignore_cleanup_errors=True
    ) as folder:
        installation = Installation(Path(folder), sis)
        yield installation
        installation.cluster.remove()


@pytest.fixture
def worker(there: Installation, tmp_path: Path) -> Iterator[Started]:
    log = tmp_path / "worker.log"
    with rollbook("worker", log=log, ready=worker_is_ready, **there.environment) as started:
        yield started


@pytest.fixture
def web(there: Installation, tmp_path: Path) -> Iterator[Started]:
    with web_server(log=tmp_path / "web.log", **there.environment) as started:
        yield started


def status(url: str) -> tuple[int, str, str]:
    """Return status, text and Retry-After of a page.

    Asked for with a session, which web looks up in the database.
    """
    session = {"Cookie": "sessionid=0123456789abcdef0123456789abcdef"}
    try:
        with urlopen(Request(url, headers=session), timeout=60) as answer:
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
    wait_until(lambda: sweeps_in_vain(worker) > 0, worker)
    there.cluster.start()
    wait_until(lambda: there.is_state("done"), worker)
    assert there.students() == there.expected()
    wait_until(lambda: status(f"{web.url}/sign-in/")[0] == 200, web)
    assert worker.process.poll() is None and web.process.poll() is None


@pytest.mark.crash
def test_five_minutes_without_the_database_cost_no_run_and_no_process(
    there: Installation, worker: Started, web: Started
) -> None:
    """Take the database away for as long as the update of a server takes.

    One run is being read meanwhile, and another one is due afterwards.
    """
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
    wait_until(lambda: there.is_state("done"), worker)
    assert there.students() == there.expected()
    wait_until(lambda: status(f"{web.url}/sign-in/")[0] == 200, web)
    assert there.command("run", "--timeout", str(LAST_BOUND))["run"]["state"] == "done"
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
    wait_until(lambda: sweeps_in_vain(worker) > 0, worker)
    there.ask("ALTER ROLE rollbook_owner CONNECTION LIMIT -1")
    there.command("run", "--no-wait")
    wait_until(lambda: there.is_state("done"), worker)
    assert there.students() == there.expected()
    wait_until(lambda: status(f"{web.url}/sign-in/")[0] == 200, web)


def test_a_cancelled_statement_is_tried_again_and_nothing_is_half_applied(
    there: Installation, worker: Started
) -> None:
    there.command("run", "--no-wait")
    wait_until(lambda: there.is_state("done"), worker)
    there.sis.week = 2
    before = there.ask(FINGERPRINT)
    with psycopg.connect(there.cluster.url) as locking:
        locking.execute("LOCK TABLE students_studentaccount IN SHARE MODE")
        there.command("run", "--no-wait")
        wait_until(lambda: there.is_state("applying"), worker)
        waits = (
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND query ILIKE '%students_studentaccount%'"
        )
        wait_until(lambda: there.ask(waits) is not None, worker)
        there.ask(f"SELECT pg_cancel_backend(pid) FROM ({waits}) w")
        wait_until(lambda: "the database failed: OperationalError" in worker.output, worker)
        assert there.ask(FINGERPRINT) == before
        locking.rollback()
    wait_until(lambda: there.is_state("done"), worker)
    run = there.run()
    assert run["error"] is None and run["counts"]["updated"] > 0


@pytest.mark.crash
def test_a_full_disk_parks_the_run_with_the_reason_and_the_next_one_works(
    there: Installation, worker: Started
) -> None:
    """Let the database refuse every row of a plan with the error of a full disk.

    A really full disk needs the right to mount one; see the next test.
    """
    there.ask(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END$$"
    )
    there.ask(
        "CREATE TRIGGER full_disk BEFORE INSERT ON sync_change "
        "FOR EACH ROW EXECUTE FUNCTION full_disk()"
    )
    there.command("run", "--no-wait")
    wait_until(lambda: there.is_state("failed"), worker)
    error = there.run()["error"]
    assert error["code"] == "database_failed"
    assert "DiskFull" in error["what"] and "disk" in error["remedy"]
    assert there.students() == 0
    there.ask("DROP TRIGGER full_disk ON sync_change")
    there.command("run", "--no-wait")
    wait_until(lambda: there.is_state("done"), worker)
    assert there.students() == there.expected()


@pytest.mark.crash
@pytest.mark.skipif(os.geteuid() != 0, reason="a disk of its own has to be mounted")
def test_a_disk_that_fills_up_and_is_cleared_leaves_every_account_right(tmp_path: Path) -> None:
    """Fill the disk of 400 MB that the database lies on, and clear it after a while."""
    with small_disk() as disk, powerschool.serve(students=20_000, seed=5, clean=True) as sis:
        there = Installation(disk, sis)
        try:
            log = tmp_path / "worker.log"
            with rollbook("worker", log=log, ready=worker_is_ready, **there.environment) as worker:
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


def sweeps_in_vain(worker: Started) -> int:
    """Return how often the worker has looked for runs without its database."""
    part = claims.__name__.rpartition(".")[2]
    return worker.output.count(f"{part}.sweep not done")


def _fill_up_and_clear(there: Installation, worker: Started, ballast: Path) -> None:
    there.sis.faults = [Fault("hold", page=3, release="page")]
    there.command("run", "--no-wait")
    wait_until(lambda: "page" in there.sis.holding, worker)
    with suppress(OSError), ballast.open("wb", buffering=0) as file:  # until nothing more goes in
        while file.write(bytes(1_000_000)):
            pass
    there.sis.faults = []
    wait_until(lambda: "the database failed" in worker.output, worker)
    ballast.unlink()
    if not there.cluster.is_up():
        there.cluster.start()  # a full disk may end the server: its operator starts it again
    wait_until(lambda: there.is_state("done", "failed"), worker)
    if there.is_state("failed"):
        assert there.run()["error"]["code"] == "database_failed" and there.students() == 0
    again = there.command("run", "--timeout", str(LAST_BOUND))["run"]
    assert (again["state"], there.students()) == ("done", there.expected())
    last = there.command("run", "--timeout", str(LAST_BOUND))["run"]
    assert last["counts"]["unchanged"] == there.expected()


@pytest.mark.crash
def test_a_worker_without_its_database_ends_when_told_to(
    there: Installation, worker: Started
) -> None:
    there.cluster.stop()
    wait_until(lambda: sweeps_in_vain(worker) > 0, worker)
    before = sweeps_in_vain(worker)
    assert worker.end() == 0
    assert sweeps_in_vain(worker) <= before + 1, "it went on sweeping instead of ending"
