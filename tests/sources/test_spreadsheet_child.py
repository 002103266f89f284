"""The reader's child process: its limits hold, it is not trusted, and none is left behind.

Tests that start a child are marked slow, but for one: the start of Python alone takes a tenth of a
second, and some files take the child to its limits.
"""

import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from signal import SIGABRT, SIGKILL, SIGSEGV, SIGXCPU
from typing import Any

import msgspec
import psutil
import pytest

from rollbook.sources.spreadsheet import reader
from rollbook.sources.spreadsheet.errors import (
    Damaged,
    Empty,
    TookTooLong,
    TooManyRows,
    UploadRefused,
)
from rollbook.sources.spreadsheet.messages import LENGTH, Facts, Refusal, Reply, Task, Text
from rollbook.sources.spreadsheet.reader import read_sheet
from rollbook.sources.spreadsheet.rows import UploadBounds
from tests.sources.spreadsheets import READ, TABLE, bomb, cell_at, repacked, xlsx

MEGABYTE = 1_000_000
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BILLION_LAUGHS = f'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">{LAUGHS}]>'
LONG_ENOUGH = 30  # seconds until a test gives up waiting for what never takes that long


@pytest.fixture
def no_child_is_left() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before


starts_a_child = pytest.mark.usefixtures("no_child_is_left")


def refusal(content: bytes, bounds: UploadBounds | None = None) -> UploadRefused:
    with pytest.raises(UploadRefused) as refused:
        read_sheet(content, "students.xlsx", bounds=bounds)
    assert refused.value.what
    assert refused.value.remedy
    return refused.value


@starts_a_child
def test_the_child_reads_what_it_should() -> None:
    sheet = read_sheet(xlsx(TABLE), "students.xlsx")
    assert [row.cells for row in sheet.rows] == READ


def test_a_file_too_large_is_refused_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(reader, "_start")
    assert refusal(b"a," * 5_001, UploadBounds(file_bytes=10_000)).code == "too_large"


# A child that can't be trusted --------------------------------------------------------------------


class Endless(io.RawIOBase):
    """Gives the same frame again and again."""

    def read(self, size: int = -1) -> bytes:
        return LENGTH.pack(1) if size == LENGTH.size else b"x"


class PretendedChild:
    """In the place of our child: answers with these bytes and ends with this code."""

    def __init__(self, answer: Any, exit_code: int) -> None:
        self.stdin, self.stdout = io.BytesIO(), answer
        self._exit_code = exit_code

    def kill(self) -> None: ...

    def wait(self, seconds: float | None = None) -> int:
        return self._exit_code


class HangingChild(PretendedChild):
    """Says nothing until it is killed."""

    def __init__(self) -> None:
        self._killed = threading.Event()
        super().__init__(self, -SIGKILL)

    def read(self, size: int) -> bytes:
        if not self._killed.wait(LONG_ENOUGH):
            self._exit_code = 0
        return b""

    def close(self) -> None: ...

    def kill(self) -> None:
        self._killed.set()


def pretend(monkeypatch: pytest.MonkeyPatch, child: PretendedChild) -> None:
    monkeypatch.setattr(reader, "_start", lambda task: child)


def frames(*contents: bytes) -> bytes:
    return b"".join(LENGTH.pack(len(content)) + content for content in contents)


@pytest.mark.parametrize(
    ("answer", "exit_code", "code"),
    [
        (b"", -SIGXCPU, "took_too_long"),
        (b"", -SIGKILL, "took_too_long"),
        (b"", -SIGABRT, "took_too_much_memory"),
        (b"", -SIGSEGV, "took_too_much_memory"),
        (b"", 1, "damaged"),
        (b"xx", 0, "damaged"),
        (LENGTH.pack(2**31 - 1) + b"x" * 100, 0, "damaged"),
        (LENGTH.pack(3) + b"xyz", 0, "damaged"),
        (LENGTH.pack(0), 0, "damaged"),
    ],
)
def test_a_child_led_astray_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, exit_code: int, code: str
) -> None:
    pretend(monkeypatch, PretendedChild(io.BytesIO(answer), exit_code))
    assert refusal(b"a,b").code == code


def test_a_child_that_answers_without_end_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, PretendedChild(Endless(), 0))
    assert isinstance(refusal(b"a,b"), Damaged)


def test_a_child_that_says_too_much_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = msgspec.msgpack.encode(Reply(Facts("csv", (), "", None, None, 1, 1, ())))
    row = b"\x94\x01\x91\xa1a\x90\x90"
    wide = b"\x94\x01\x92\xa1a\xa1a\x90\x90"
    nothing = msgspec.msgpack.encode(Reply())
    for contents in (
        [facts],
        [facts, row, row],
        [facts, row, b""],
        [facts, b"\x01"],
        [facts, wide],
        [row],
        [nothing],
    ):
        pretend(monkeypatch, PretendedChild(io.BytesIO(frames(*contents)), 0))
        assert isinstance(refusal(b"a,b"), Damaged)
    pretend(monkeypatch, PretendedChild(io.BytesIO(frames(facts, row)), 0))
    assert [each.cells for each in read_sheet(b"a,b", "x.csv").rows] == [["a"]]


def test_a_refusal_of_the_child_is_raised_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for code, kind in (("empty", Empty), ("no such code", UploadRefused)):
        reply = Reply(refusal=Refusal(code, Text("what"), Text("remedy")))
        answer = frames(msgspec.msgpack.encode(reply))
        pretend(monkeypatch, PretendedChild(io.BytesIO(answer), 0))
        assert type(refusal(b"a,b")) is kind


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, HangingChild())
    assert isinstance(refusal(b"a,b", UploadBounds(wall_seconds=0)), TookTooLong)


# Real children ------------------------------------------------------------------------------------


@pytest.mark.slow
@starts_a_child
def test_the_child_has_none_of_our_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROLLBOOK_ENCRYPTION_KEY", "secret")
    child = reader._start(Task(UploadBounds(), "x.csv"))
    try:
        environment = (
            Path(f"/proc/{child.pid}/environ").read_bytes() if sys.platform == "linux" else b""
        )
        assert b"ROLLBOOK" not in environment
    finally:
        child.kill()
        reader._end(child)


@pytest.mark.slow
@starts_a_child
def test_a_real_child_that_takes_no_input_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader is stuck in writing to it. A child that nobody ends would end well by itself."""
    command = [sys.executable, "-I", "-S", "-c", f"import time; time.sleep({LONG_ENOUGH})"]
    monkeypatch.setattr(
        reader, "_start", lambda task: subprocess.Popen(command, stdin=-1, stdout=-1)
    )
    bounds = UploadBounds(wall_seconds=1)
    assert isinstance(refusal(b"a,b" * 1_000_000, bounds), TookTooLong)


@pytest.mark.slow
@starts_a_child
def test_one_cell_in_the_last_corner_takes_no_memory_of_ours() -> None:
    content = cell_at("XFD1048576")
    before = psutil.Process().memory_info().rss
    assert refusal(content).code == "took_too_much_memory"
    assert psutil.Process().memory_info().rss - before < 10 * MEGABYTE


@pytest.mark.slow
@starts_a_child
@pytest.mark.parametrize(
    "part", ["xl___worksheets___sheet1__xml", "xl___sharedStrings__xml", "xl___workbook__xml"]
)
def test_a_billion_laughs_are_never_unpacked(part: str) -> None:
    sheet_data = "<worksheet><sheetData><row><c><v>&l9;</v></c></row></sheetData></worksheet>"
    content = repacked(xlsx(TABLE), **{part: BILLION_LAUGHS + sheet_data})
    try:
        sheet = read_sheet(content, "students.xlsx")
    except UploadRefused as refused:
        assert refused.code in ("damaged", "empty", "took_too_much_memory")
    else:
        assert sum(len(cell or "") for row in sheet.rows for cell in row.cells) < 1_000


@pytest.mark.slow
@starts_a_child
@pytest.mark.parametrize("claimed", [None, 5_000])
def test_a_megabyte_that_unpacks_to_a_gigabyte_is_refused_whatever_it_claims(
    claimed: int | None,
) -> None:
    content = bomb(1_000, claimed)
    assert len(content) < 1.1 * MEGABYTE
    before = psutil.Process().memory_info().rss
    assert refusal(content).code in ("unpacks_too_large", "damaged")
    assert psutil.Process().memory_info().rss - before < 20 * MEGABYTE


@pytest.mark.slow
@starts_a_child
def test_a_child_that_computes_for_ever_is_ended_by_its_own_limit() -> None:
    content = b"\n".join([b"a,b,c,d,e,f,g,h"] * 49_999) * 12
    bounds = UploadBounds(cpu_seconds=1, rows=10_000_000)
    assert isinstance(refusal(content, bounds), TookTooLong)


@pytest.mark.slow
@starts_a_child
def test_the_largest_sheet_is_read_and_the_parent_stays_small() -> None:
    rows = [
        [f"{number:05}", f"First {number}", f"Last {number}", f"s{number}@school.example", 2028]
        + ["x"] * 15
        for number in range(50_000)
    ]
    content = xlsx(rows)
    del rows
    assert len(content) < 10 * MEGABYTE
    before = psutil.Process().memory_info().rss
    sheet = read_sheet(content, "students.xlsx")
    assert len(sheet.rows) == 50_000
    assert sum(1 for row in sheet.rows if row.cells[4] == "2028") == 50_000
    assert psutil.Process().memory_info().rss - before < 60 * MEGABYTE


@pytest.mark.slow
@starts_a_child
def test_the_most_cells_that_bounds_allow_leave_the_parent_small() -> None:
    content = (b",".join([b"x"] * 100) + b"\n") * 49_000
    before = psutil.Process().memory_info().rss
    assert len(read_sheet(content, "x.csv").rows) == 49_000
    assert psutil.Process().memory_info().rss - before < 60 * MEGABYTE
    assert isinstance(refusal(b"a\n" * 4_000_000), TooManyRows)
