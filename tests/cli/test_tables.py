"""Tables for a person at a terminal."""

import io
import sys
from uuid import uuid4

import pytest

from rollbook.cli.output import table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", ["60", "100"])
def test_a_narrow_terminal_cuts_off_no_id(monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    ids = [str(uuid4()) for _ in range(3)]
    counts = "New: 12, Updated: 345, Unchanged: 1,120, Errors: 17, Warnings: 4"
    rows = [("2026-11-22T01:00:00Z", "PowerSchool Student", "done", counts, each) for each in ids]
    table(("Requested (UTC)", "Uploader type", "State", "Counts", "Id"), rows)
    assert all(each in terminal.getvalue() for each in ids)


def test_an_id_that_only_some_rows_have_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    run = str(uuid4())
    table(("At", "Subject"), [("a text of many words " * 5, ""), ("b", run)])
    assert run in terminal.getvalue()
