"""The plan of an undo, made in the database from the rows of the run that it takes back.

It is applied as any plan is, by `store.apply`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from rollbook.sync.models import Run
from rollbook.sync.store.statements import (
    CHUNK,
    execute,
    parameters,
    rows_of,
    sql,
    whole_tables,
)


class Left(NamedTuple):
    """A value, or a whole account, that an undo leaves alone, and who changed it last.

    `code` is a key of `roster.problems.PROBLEMS`; `field` is None where a whole account is left
    alone. `value` is what the account has now.
    """

    code: str
    sis_id: str | None
    name: str
    field: str | None
    value: str
    run_id: UUID | None
    run_at: datetime | None
    actor_id: UUID | None
    via: str | None
    hand_at: datetime | None


class Taken(NamedTuple):
    """An e-mail or SIS ID that can't go back, because somebody else has it."""

    sis_id: str | None
    name: str
    value: str


class UndoNumbers(NamedTuple):
    """How many accounts get values back, how many are deactivated, and how many values go back."""

    accounts: int
    deactivated: int
    values: int


def plan_undo(run: Run, first: int, last: int) -> None:
    """Store the plan of an undo for the rows with the numbers `first` to `last`."""
    execute("plan_undo", run, **_undone(run), first=first, last=last)


def left_alone(run: Run, first: int, last: int) -> Iterator[Left]:
    """Yield what of these rows doesn't go back, because it was changed since.

    To be read before anything is withheld.
    """
    asked = parameters(run, **_undone(run), first=first, last=last)
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql("list_undo_left"), asked)
        while rows := cursor.fetchmany(CHUNK):
            yield from (Left(*row) for row in rows)


def withhold(run: Run, name: str) -> list[Taken]:
    """Take addresses (or links) out of the plan that somebody else has by now; return them."""
    with whole_tables():
        return [Taken(*row) for row in rows_of(name, run)]


def count_undo(run: Run) -> UndoNumbers:
    """Drop planned rows without a value; return what the rest does, in numbers."""
    execute("drop_empty_undos", run)
    return UndoNumbers(*(int(number) for number in rows_of("count_undo", run)[0]))


def mark_undone(run: Run, undoes: Run, outcome: str) -> None:
    """Set the outcome of another run's rows that this run has taken back (or has brought back)."""
    execute("mark_undone", run, undoes=undoes.pk, outcome=outcome)


def _undone(run: Run) -> dict[str, Any]:
    assert run.undoes is not None
    return {
        "undoes": run.undoes_id,
        "student": run.undo_settings.student,
        "since": run.undoes.finished_at,
    }
