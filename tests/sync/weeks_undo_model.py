"""What an undo takes back and what it leaves, worked out from docs/undo.md; see `weeks_model`."""

from dataclasses import dataclass, field
from typing import NamedTuple, Optional

from tests.sync.weeks_model import Model
from tests.sync.weeks_plan import Row

# Values that go back together, or not at all; and those that no list names.
PAIRS = {"email": "address", "address": "email", "source": "sis_id", "sis_id": "source"}
HIDDEN = ("address", "source")


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
        account, wrote_row = model.accounts[key], done.rows[key]
        if _is_merged(model, done, key):
            stays.append("")
            continue
        was, wrote = wrote_row.before, wrote_row.after
        if wrote_row.kind == "new":
            was, wrote = {"status": "deactivated"}, {"status": wrote.get("status", "active")}
        held = account.held
        as_written = {name for name in wrote if held[name] == wrote[name]}
        changed = wrote.keys() - as_written
        whole = {name for name in as_written if PAIRS.get(name) not in changed}
        back = {name: was[name] for name in whole if wrote[name] != was[name]}
        if back.get("status") == "active" and not account.address:
            back = {}  # its e-mail was freed since: a person opens it
        rows[key] = Row(
            "updated", key, account.sis_id, {name: held[name] for name in back}, back, account.deeds
        )
        stays += [
            name
            for name in wrote
            if name not in HIDDEN and held[name] != was[name] and name not in back
        ]
    for name, hidden in (("email", "address"), ("sis_id", "source")):
        while taken := [row for row in rows.values() if _is_taken(model, row, name, rows)]:
            stays += [name] * len(taken)
            for row in taken:
                rows[row.key] = row._replace(
                    before=_without(row.before, {name, hidden}),
                    after=_without(row.after, {name, hidden}),
                )
    return Undo([row for row in rows.values() if row.after], sorted(stays))


def _is_merged(model: Model, done: Done, key: int) -> bool:
    """Return whether a merge since keeps an account as it is."""
    if model.accounts[key].status == "merged":
        return True
    made = {each for each, row in done.rows.items() if row.kind == "new"}
    older = any(one.into == key for each, one in model.accounts.items() if each not in made)
    return key in made and older


def _is_taken(model: Model, row: Row, name: str, rows: dict[int, Row]) -> bool:
    """Return whether another account has the value that would go back.

    An e-mail may be given up in the same undo.
    """
    others = {key: one for key, one in model.accounts.items() if key != row.key}
    if name == "email":
        return bool(row.address) and any(
            one.address == row.address and (key not in rows or "address" not in rows[key].after)
            for key, one in others.items()
        )
    source = row.after.get("source", model.accounts[row.key].source)
    return bool(row.after.get("sis_id")) and any(
        (one.source, one.sis_id) == (source, row.after["sis_id"]) for one in others.values()
    )


def _without(values: dict[str, str], names: set[str]) -> dict[str, str]:
    return {each: value for each, value in values.items() if each not in names}


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
