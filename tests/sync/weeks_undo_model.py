"""What an undo takes back and what it leaves, worked out from docs/undo.md; see `weeks_model`."""

from dataclasses import dataclass, field
from typing import NamedTuple, Optional

from tests.sync.weeks_model import Model
from tests.sync.weeks_plan import Row


@dataclass
class Done:
    """A finished run that wrote: its rows by account, and the accounts whose rows still hold.

    No undo has taken those back. An undo is such a run, too: `undoes` is the run that it takes
    back, and `student` the account, if it is about only one.
    """

    rows: dict[int, Row]
    undoes: Optional["Done"] = None
    student: int | None = None
    undone: bool = False
    holding: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.holding = set(self.rows)

    def can_be_undone(self, student: int | None) -> bool:
        return not self.undone and bool(
            self.holding if student is None else self.holding & {student}
        )


class Undo(NamedTuple):
    """The rows of an undo, and the fields that it leaves as they are and lists."""

    rows: list[Row]
    stays: list[str]


def plan(model: Model, done: Done, student: int | None) -> Undo:
    """Plan to put back each value that is still as the run wrote it.

    An e-mail or SIS ID that somebody else has by now stays.
    """
    rows, stays = {}, []
    for key in done.holding if student is None else {student}:
        was, wrote = done.rows[key].before, done.rows[key].after
        if done.rows[key].kind == "new":
            was, wrote = {"status": "deactivated"}, {"status": "active"}
        held = _held(model, key)
        stays += [name for name in wrote if held[name] not in (wrote[name], was[name])]
        back = {name: was[name] for name in wrote if held[name] == wrote[name] != was[name]}
        rows[key] = Row(
            "updated",
            key,
            held["sis_id"],
            {name: held[name] for name in back},
            back,
            model.accounts[key].deeds,
        )
    for name in ("email", "sis_id"):
        while taken := [
            row for row in rows.values() if name in row.after and _is_taken(model, row, name, rows)
        ]:
            stays += [name] * len(taken)
            for row in taken:
                rows[row.key] = row._replace(
                    before=_without(row.before, name), after=_without(row.after, name)
                )
    return Undo([row for row in rows.values() if row.after], sorted(stays))


def _held(model: Model, key: int) -> dict[str, str]:
    account = model.accounts[key]
    return account.values | {"status": account.status, "sis_id": account.sis_id}


def _is_taken(model: Model, row: Row, name: str, rows: dict[int, Row]) -> bool:
    """Return whether another account has the value that would go back.

    An e-mail may be given up in the same undo.
    """
    others = [
        key
        for key in model.accounts
        if key != row.key and _held(model, key)[name].lower() == row.after[name].lower()
    ]
    return any(
        name == "sis_id" or key not in rows or "email" not in rows[key].after for key in others
    )


def _without(values: dict[str, str], name: str) -> dict[str, str]:
    return {each: value for each, value in values.items() if each != name}


def settle(done: Done) -> None:
    """After an undo, note that the run behind it is undone.

    Where that was an undo itself, what it had taken back holds again, and so on.
    """
    behind, taken_back, whole = done.undoes, True, done.student is None
    while behind is not None:
        if taken_back:
            behind.holding -= done.rows.keys()
        else:
            behind.holding |= behind.rows.keys() & done.rows.keys()
        if whole:
            behind.undone = taken_back
        whole = whole and behind.student is None
        behind, taken_back = behind.undoes, not taken_back
