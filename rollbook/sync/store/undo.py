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
    """A value, or a whole account, about which an undo has something to say, and who changed it.

    `code` is a key of `roster.problems.PROBLEMS`; `field` is None where it is a whole account.
    `value` is what the account has now. The run or the person is the last one that changed it.
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
    """Return what of these rows doesn't go back, because it was changed since.

    To be read before anything is withheld.
    """
    return _listed("list_undo_left", parameters(run, **_undone(run), first=first, last=last))


def restored_although_written_again(run: Run) -> Iterator[Left]:
    """Yield planned values that were changed after the run and then became what it wrote.

    To be read when all is withheld: what is withheld isn't restored.
    """
    return _listed("list_undo_restored_again", parameters(run, **_undone(run)))


def made_again(undone: Run, student: str | None) -> Iterator[Left]:
    """Yield values that an earlier undo took back and that somebody then wrote again.

    They stay: their rows of the run count as undone. With a `student`, only of that account.
    """
    since = undone.finished_at
    asked = parameters(undone, undoes=undone.pk, student=student, since=since)
    return _listed("list_undo_made_again", asked)


def _listed(name: str, asked: dict[str, Any]) -> Iterator[Left]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql(name), asked)
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
