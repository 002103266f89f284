"""The hand-written SQL of an undo: its plan from the rows of the run it takes back. Applying is `sync.store`'s, as for any plan."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from rollbook.sync.models import Run
from rollbook.sync.store import CHUNK, _sql


class Left(NamedTuple):
    """A value that an undo leaves alone: what is held, and who changed it last. `field` is None where the account is gone."""

    sis_id: str | None
    name: str
    field: str | None
    held: str
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
    """What an undo does: accounts whose values go back, accounts it deactivates, values that go back."""

    accounts: int
    deactivated: int
    values: int


def plan_undo(run: Run) -> None:
    """Store what goes back, as the plan of this run."""
    with connection.cursor() as cursor:
        cursor.execute(_sql("plan_undo"), _parameters(run))


def left_alone(run: Run) -> Iterator[Left]:
    """What doesn't go back, because it was changed since. To be read before anything is withheld."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_sql("list_undo_left"), _parameters(run))
        while rows := cursor.fetchmany(CHUNK):
            yield from (Left(*row) for row in rows)


def withhold(run: Run, name: str) -> list[Taken]:
    """Take addresses (or links) out of the plan that somebody else has by now, until none is left."""
    taken: list[Taken] = []
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_sql(name), _parameters(run))
            rows = cursor.fetchall()
            taken += [Taken(*row) for row in rows]
            if not rows:
                return taken


def count_undo(run: Run) -> UndoNumbers:
    """Drop rows without a value, and count the rest."""
    with connection.cursor() as cursor:
        cursor.execute(_sql("drop_empty_undos"), _parameters(run))
        cursor.execute(_sql("count_undo"), _parameters(run))
        return UndoNumbers(*(int(number) for number in cursor.fetchone()))


def mark_undone(run: Run, undoes: Run, outcome: str) -> None:
    """Note on the rows of another run what this one has made of them."""
    with connection.cursor() as cursor:
        cursor.execute(_sql("mark_undone"), {"school": run.school_id, "run": run.pk, "undoes": undoes.pk, "outcome": outcome})


def _parameters(run: Run) -> dict[str, Any]:
    assert run.undoes is not None
    since = run.undoes.finished_at
    return {"school": run.school_id, "run": run.pk, "undoes": run.undoes_id, "student": run.settings.get("student"), "since": since}
