"""How the hand-written SQL of `sql/` is read and run. Nothing outside `sync.store` runs any.

Each file starts with a line that says what the statement does. It names the columns that a plan
writes by `$fields` (`$a_fields` with a table before each, `$set_fields` for an UPDATE, `$c_fields`
as they are in the JSON of a change), so that STUDENT_FIELDS stays the one list of them.
`$last_change` is a part that the statements about an undo share, `sql/part_last_change.sql`.
Everything else is a parameter.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, Final

from django.db import connection, transaction

from rollbook.config import config
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.planning.changes import UPDATING_KINDS, WRITING_KINDS
from rollbook.roster.records import LINK_KEY
from rollbook.sources.registry import SOURCES
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Run

CHUNK: Final = 5_000  # rows that travel at a time
# The longest a worker may say nothing inside a transaction before the database ends it.
FROZEN_SECONDS: Final = 30
_WRITTEN: Final = (*STUDENT_FIELDS, "email_key")
_COLUMNS: Final = {
    "fields": ", ".join(_WRITTEN),
    "a_fields": ", ".join(f"a.{column}" for column in _WRITTEN),
    "set_fields": ", ".join(f"{column} = v.{column}" for column in _WRITTEN),
}


def _from_json(column: str) -> str:
    """Return the expression for a column's value in `after`, the JSON of a change."""
    kind = StudentAccount._meta.get_field(column).db_type(connection) or ""
    cast = "" if kind.startswith("varchar") else f"::{kind}"
    return f"(c.after ->> '{column}'){cast}"


@cache
def sql(name: str) -> Any:
    """Return the statement of `sql/NAME.sql`, with columns and shared parts filled in."""
    last_change = _text("part_last_change").rstrip()
    c_fields = ", ".join(map(_from_json, _WRITTEN))
    return Template(_text(name)).substitute(_COLUMNS, last_change=last_change, c_fields=c_fields)


def _text(name: str) -> str:
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text()


def parameters(run: Run, **more: Any) -> dict[str, Any]:
    """Return what the statements about a run may ask for, and `more`."""
    return {
        "school": run.school_id,
        "run": run.pk,
        "source": run.link_source,
        "alias_days": config.alias_days,
        "writing": [str(kind) for kind in WRITING_KINDS],
        "updating": [str(kind) for kind in UPDATING_KINDS],
        "link_keys": [LINK_KEY + source for source in SOURCES],
        **more,
    }


def execute(name: str, run: Run, **more: Any) -> int:
    """Run a statement about a run; return how many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(sql(name), parameters(run, **more))
        return int(cursor.rowcount)


def rows_of(name: str, run: Run, **more: Any) -> list[tuple[Any, ...]]:
    """Run a statement about a run; return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql(name), parameters(run, **more))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


@contextmanager
def copying(cursor: Any, rows: str) -> Iterator[Any]:
    """Yield a COPY that takes in `changes`, `issues` or `missing`, inside the caller's transaction.

    Row-level security allows no COPY into a table. So the rows go through a table of this session,
    and one INSERT, which the policy checks, stores them.
    """
    cursor.execute(sql(f"stage_{rows}"))
    with cursor.copy(sql(f"copy_{rows}")) as copy:
        yield copy
    cursor.execute(sql(f"store_{rows}"))
    cursor.execute(sql(f"empty_{rows}"))


def each_row_of(name: str, run: Run, **more: Any) -> Iterator[tuple[Any, ...]]:
    """Run a statement about a run; yield its rows, without a list of all of them."""
    with connection.cursor() as cursor:
        cursor.execute(sql(name), parameters(run, **more))
        yield from cursor


@contextmanager
def whole_tables() -> Iterator[None]:
    """Join by hashing and compile nothing, inside a transaction.

    Right after a large plan was stored or applied, the database's statistics don't know it yet:
    taking it for a few rows, the database went through 50,000 accounts for each of 50,000 rows, for
    minutes. Without nested loops the costs pass the threshold of the JIT compiler, which took half
    of a run of 10,000 students with 1 % changed (0.33 of 0.35 s of `apply_updates`).
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop TO off; SET LOCAL jit TO off")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop TO on")


def end_if_frozen(run: Run, *more: str) -> None:
    """Let the database end this transaction when its worker says nothing for FROZEN_SECONDS.

    A worker that freezes must not keep the accounts or its run locked. The session has the name of
    the run, so that `end_frozen_sessions` finds it too. Nothing is compiled either: no statement
    of a run is worth it. `more` are further settings of this transaction, sent with these
    two: while pages are decoded in other threads, each answer of the database is waited for up to
    5 ms longer than it takes, until Python's lock is free.
    """
    settings = (
        f"idle_in_transaction_session_timeout TO '{FROZEN_SECONDS}s'",
        f"application_name TO 'rollbook run {run.pk}'",
        "jit TO off",
        *more,
    )
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET LOCAL {setting}" for setting in settings))


def end_frozen_sessions() -> int:
    """End the sessions of workers that fell silent in a transaction of a run; return how many.

    A session that waits for the rows of a COPY is not idle to PostgreSQL, and takes no time-out. It
    would keep the run from all other workers for as long as its own worker is frozen. Only the role
    that signed in sees these sessions.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(sql("end_frozen_sessions"), {"seconds": FROZEN_SECONDS})
        return int(cursor.rowcount)


def in_chunks(rows: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """Yield the rows in lists of at most `size`."""
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
