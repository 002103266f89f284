"""Makes a large school with a long history: two real runs, multiplied by SQL.

Besides the first run and one with 1 % changed there are earlier runs with up to 150 updated
students and 500 problems each, and one run that updated half of the students.
"""

from typing import Final

from bench.side_by_side.checkout import Checkout
from bench.side_by_side.place import Cluster, DataServer
from bench.side_by_side.students import FIRST_DAY, SECOND_DAY

UPDATED: Final = 150  # students in an earlier run
PROBLEMS: Final = 500
ACCOUNTS: Final = "students_studentaccount"
RUN: Final = {
    "id": "r.id",
    "requested_at": "r.at",
    "started_at": "r.at",
    "finished_at": "r.at + interval '9 s'",
    "due_at": "NULL",
}
CHANGE: Final = {
    "run_id": "r.id",
    "kind": "'updated'",
    "account_version": "1",
    "fingerprint": "NULL",
    "reason": "'fields_differ'",
    "before": """'{"last_name": "Old"}'::jsonb""",
    "after": "jsonb_build_object('last_name', s.last_name)",
}


def fill(checkout: Checkout, cluster: Cluster, server: DataServer, students: int) -> None:
    """Make the school: all students by a first run, 1 % changed by a second one."""
    checkout.begin(server.url)
    for day in (FIRST_DAY, SECOND_DAY):
        server.choose(students, day)
        checkout.command("run", "--here", "--json")


class History:
    """Adds earlier runs to a school that `fill` has made."""

    def __init__(self, cluster: Cluster, database: str) -> None:
        self._cluster = cluster
        self._database = database

    def add(self, runs: int) -> None:
        by_time = "SELECT id FROM sync_run ORDER BY requested_at LIMIT 1 OFFSET"
        first, second = (self._one(f"{by_time} {place}") for place in (0, 1))
        students = int(self._one(f"SELECT count(*) FROM sync_change WHERE run_id = '{first}'"))
        each = max(1, min(UPDATED, students // max(1, runs)))
        half = students // 2
        large = {**RUN, "counts": f"""s.counts || '{{"updated": {half}}}'::jsonb"""}
        numbered = f"""(SELECT c.*, row_number() OVER (ORDER BY id) AS place
            FROM sync_change c WHERE run_id = '{first}') s"""
        problems = f"""(SELECT * FROM sync_issue WHERE run_id = '{first}'
            ORDER BY id LIMIT {PROBLEMS}) s"""
        earlier = f"{numbered} JOIN earlier r ON (place - 1) / {each} = r.number - 1"
        statements = [
            f"""CREATE TEMP TABLE earlier AS SELECT number, gen_random_uuid() AS id,
                now() - number * interval '1 day' AS at FROM generate_series(1, {runs}) number;""",
            """CREATE TEMP TABLE big AS SELECT gen_random_uuid() AS id,
                now() - interval '2 hours' AS at;""",
            self._copy("sync_run", f"sync_run s, earlier r WHERE s.id = '{second}'", RUN),
            self._copy("sync_run", f"sync_run s, big r WHERE s.id = '{second}'", large),
            self._copy("sync_change", earlier, CHANGE),
            self._copy("sync_change", f"{numbered} JOIN big r ON place <= {half}", CHANGE),
            self._copy("sync_issue", f"earlier r, {problems}", {"run_id": "r.id"}),
        ]
        self._cluster.execute("\n".join(statements), self._database)
        self._cluster.execute("VACUUM ANALYZE", self._database)

    def _copy(self, table: str, source: str, other: dict[str, str]) -> str:
        """Return the statement that copies rows of `source`, with `other` values in columns."""
        columns = self._columns(table)
        values = [other.get(name, f"s.{name}") for name in columns]
        names = ", ".join(columns)
        return f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {source};"

    def _columns(self, table: str) -> list[str]:
        """Return the columns that are written: not those that the database numbers or computes."""
        names = self._one(
            f"""SELECT string_agg(column_name, ',' ORDER BY ordinal_position)
                FROM information_schema.columns WHERE table_schema = 'public'
                AND table_name = '{table}' AND is_generated = 'NEVER' AND is_identity = 'NO'"""
        )
        return names.split(",")

    def _one(self, query: str) -> str:
        return str(self._cluster.row(query, self._database)[0])


def facts(cluster: Cluster, database: str) -> dict[str, str]:
    """Return what the addresses of pages have in braces."""

    def one(query: str) -> str:
        return str(cluster.row(query, database)[0])

    by_name = f"""SELECT id FROM {ACCOUNTS}
        ORDER BY last_name {{0}}, first_name {{0}}, id {{0}} LIMIT 1 OFFSET {{1}}"""
    runs = """SELECT s.id FROM sync_run s JOIN sync_change c ON c.run_id = s.id AND c.kind = '{}'
        GROUP BY s.id, s.requested_at ORDER BY {} LIMIT 1"""
    middle = int(one(f"SELECT count(*) / 2 FROM {ACCOUNTS}"))
    return {
        "school": one("SELECT school_id FROM sync_run LIMIT 1"),
        "integration": one("SELECT integration_id FROM sync_run LIMIT 1"),
        "far": one(by_name.format("", middle)),
        "last": one(by_name.format("DESC", 3)),
        "first": one(runs.format("new", "count(*) DESC")),
        "large": one(runs.format("updated", "count(*) DESC")),
        "usual": one(runs.format("updated", "s.requested_at DESC")),
    }
