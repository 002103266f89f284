"""The hand-written SQL of an undo: its plan from the rows of the run it takes back. Applying is `sync.store`'s, as for any plan."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from rollbook.sync.models import Run
from rollbook.sync.store import CHUNK, _sql, whole_tables


class Left(NamedTuple):
    """What an undo leaves alone, and who changed it last. `code` is a key of `roster.problems.PROBLEMS`, which has the words for it;
    `field` is None where that is a whole account.
    """

    code: str
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


def plan_undo(run: Run, first: int, last: int) -> None:
    """Store what goes back of the rows from `first` to `last` (their numbers), as the plan of this run."""
    with connection.cursor() as cursor:
        cursor.execute(_sql("plan_undo"), {**_parameters(run), "first": first, "last": last})


def left_alone(run: Run, first: int, last: int) -> Iterator[Left]:
    """What of these rows doesn't go back, because it was changed since. To be read before anything is withheld."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_sql("list_undo_left"), {**_parameters(run), "first": first, "last": last})
        while rows := cursor.fetchmany(CHUNK):
            yield from (Left(*row) for row in rows)


def withhold(run: Run, name: str) -> list[Taken]:
    """Take addresses (or links) out of the plan that somebody else has by now."""
    with whole_tables(), connection.cursor() as cursor:
        cursor.execute(_sql(name), _parameters(run))
        return [Taken(*row) for row in cursor.fetchall()]


def count_undo(run: Run) -> UndoNumbers:
    """Drop rows without a value, and count the rest."""
    with connection.cursor() as cursor:
        cursor.execute(_sql("drop_empty_undos"), _parameters(run))
        cursor.execute(_sql("count_undo"), _parameters(run))
        return UndoNumbers(*(int(number) for number in cursor.fetchone()))


def mark_undone(run: Run, undoes: Run, outcome: str) -> None:
    """Note on the rows of another run what this one has made of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            _sql("mark_undone"),
            {"school": run.school_id, "run": run.pk, "undoes": undoes.pk, "outcome": outcome},
        )


def _parameters(run: Run) -> dict[str, Any]:
    assert run.undoes is not None
    since = run.undoes.finished_at
    return {
        "school": run.school_id,
        "run": run.pk,
        "undoes": run.undoes_id,
        "student": run.settings.get("student"),
        "since": since,
    }
