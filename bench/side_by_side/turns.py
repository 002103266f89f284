"""The turns: everybody does the same three syncs, again and again, on one machine.

Who begins moves on with each repetition. After each sync the students in the database are counted:
a sync that left the wrong ones counts as failed.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.side_by_side.checkout import Checkout
from bench.side_by_side.measure import forget_peak, measure, peak_mb
from bench.side_by_side.place import HERE, Cluster, DataServer, Place, clean_environment
from bench.side_by_side.students import FIRST_DAY, SECOND_DAY, has_email, is_changed

Row = dict[str, Any]
PHASES: Final = {"first": FIRST_DAY, "1 %": SECOND_DAY, "none": SECOND_DAY}
ROLLBOOK, BEFORE = "rollbook", "rollbook before"


class Peer(NamedTuple):
    """A script in peers/, the environment it needs, and the table its students are in."""

    script: str
    environment: str
    table: str
    email: str = "email"
    option: str = ""
    has_reset: bool = False


PEERS: Final = {
    "limit": Peer("limit.py", "core", "limit_account", has_reset=True),
    "fetch only": Peer("limit.py", "core", "", option="--only-fetch"),
    "dlt tuned": Peer("dlt_tuned.py", "dlt", "dlt.students", email="contact_info__email"),
    "django bulk": Peer("django_bulk.py", "core", "bulk_student", has_reset=True),
}


class Stage(NamedTuple):
    """All that the turns take place on."""

    place: Place
    cluster: Cluster
    server: DataServer
    pythons: dict[str, Path]
    students: int

    def begin(self, phase: str) -> None:
        self.cluster.settle()
        self.server.choose(self.students, PHASES[phase])

    def changed(self, phase: str) -> int:
        day = PHASES[phase]
        return sum(is_changed(number, day) for number in range(1, self.students + 1))

    def with_email(self, phase: str) -> int:
        day = PHASES[phase]
        return sum(has_email(number, day) for number in range(1, self.students + 1))

    def compare(self, row: Row, table: str, email: str, database: str, students: int) -> None:
        """Mark a row as failed if the database has other students than it should."""
        query = f"SELECT count(*), count(*) FILTER (WHERE {email} LIKE '%.new@%') FROM {table}"
        counted = self.cluster.row(query, database)
        expected = [students, self.changed(row["phase"])]
        if counted != expected:
            row["ok"] = False
            row["error"] = f"has {counted} students and changed ones instead of {expected}"


def order_of(names: list[str], repetition: int) -> list[str]:
    """Return who comes after whom in a repetition."""
    place = repetition % len(names)
    return names[place:] + names[:place]


def syncs_of_peer(stage: Stage, name: str) -> Iterator[Row]:
    """Yield the three syncs of a peer, or the one fetch of a peer that stores nothing."""
    peer = PEERS[name]
    folder = str(stage.place.empty_folder("state"))
    env = clean_environment(
        {
            "SIS_BASE_URL": stage.server.url,
            "DATABASE_URL": stage.cluster.make("peer"),
            "DLT_DATA_DIR": folder,
            "HOME": folder,
        }
    )
    command = [str(stage.pythons[peer.environment]), str(HERE / "peers" / peer.script)]
    if peer.has_reset:
        reset = measure([*command, "--reset"], env)
        if reset["code"]:
            raise SystemExit(f"{name} can't make its tables:\n{reset['error']}")
    if peer.option:
        command.append(peer.option)
    for phase in PHASES if peer.table else ("first",):
        stage.begin(phase)
        beside = (stage.cluster.pid, stage.server.pid)
        row = {"phase": phase, **measure(command, env, beside=beside)}
        row["inside_s"] = row.pop("answer", {}).get("inside_s")
        row["ok"] = row["code"] == 0 and row["inside_s"] is not None
        if row["ok"] and peer.table:
            stage.compare(row, peer.table, peer.email, "peer", stage.students)
        yield row
        if not row["ok"]:
            return


def syncs_of_rollbook(stage: Stage, checkout: Checkout) -> Iterator[Row]:
    """Yield the three syncs of Rollbook: `rollbook run` beside a worker that runs already.

    It makes no account for a student without an e-mail: these become its list of problems.
    """
    checkout.begin(stage.server.url)
    with ExitStack() as stack:
        worker = stack.enter_context(checkout.worker())
        for phase in PHASES:
            stage.begin(phase)
            forget_peak(worker.pid)
            beside = (stage.cluster.pid, stage.server.pid, worker.pid)
            command = checkout.line("run", "--json")
            measured = measure(command, checkout.environment, cwd=checkout.root, beside=beside)
            run = measured.pop("answer", {}).get("run", {})
            row = {"phase": phase, **measured, "peak_mb": peak_mb(worker.pid)}
            row["inside_s"] = worker.seconds_of(run["id"]) if run else None
            row["ok"] = row["code"] == 0 and row["inside_s"] is not None
            if row["ok"]:
                students = stage.with_email(phase)
                table = "students_studentaccount"
                stage.compare(row, table, "email", checkout.database, students)
            yield row
            if not row["ok"]:
                return
