"""The spreadsheet reader: the bytes of an upload → its rows as text. A spreadsheet is just another source, but never a SIS.

No byte of the file is looked at in this process: a child with limits on memory, time and output does it (`child`).
"""

import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGABRT, SIGKILL, SIGSEGV, SIGXCPU
from typing import IO, Final, NamedTuple, overload

import msgspec

import rollbook
from rollbook.roster.columns import guess_header_row
from rollbook.sources.spreadsheet.errors import (
    REFUSALS,
    Damaged,
    NoHeader,
    TookTooLong,
    TookTooMuchMemory,
    TooLarge,
    UploadRefused,
)

LENGTH: Final = struct.Struct("<I")  # before each frame that the child sends
HEADER_WITHIN: Final = 20  # rows at the top in which the names of columns are looked for
_FAILED_BY_MEMORY: Final = (-SIGABRT, -SIGSEGV)  # how calamine ends when it gets no more


@dataclass(frozen=True, slots=True)
class UploadBounds:
    """How much of a file is read. `cpu_seconds` and `memory_bytes` bind the child; `answer_bytes` is what it may send back.

    `cell_characters` is what a cell of Excel can hold. `wall_seconds` is for a machine that is busy with other things.
    """

    file_bytes: int = 10_000_000
    unpacked_bytes: int = 100_000_000
    ratio: int = 100
    members: int = 1_000
    rows: int = 50_000
    columns: int = 100
    cpu_seconds: int = 20
    wall_seconds: int = 60
    memory_bytes: int = 1_000_000_000
    answer_bytes: int = 50_000_000
    cell_characters: int = 32_767


class CellProblem(NamedTuple):
    """`column` counts from 0. Codes: `error_in_cell` (#N/A and its like), `digits_lost` (a number longer than Excel keeps)."""

    column: int
    code: str


class Row(NamedTuple):
    """`number` is the row's in the spreadsheet program, from 1. `dates` are the columns whose cell was a date there: their text is ISO."""

    number: int
    cells: list[str | None]
    dates: tuple[int, ...] = ()
    problems: tuple[CellProblem, ...] = ()


class Rows(Sequence[Row]):
    """The rows that hold something, in order. Each is kept packed and unpacked when asked for: 50,000 rows take a few megabytes."""

    def __init__(self, packed: list[bytes], width: int) -> None:
        self._packed, self._width = packed, width
        self._decoder = msgspec.msgpack.Decoder(Row)

    def __len__(self) -> int:
        return len(self._packed)

    def _row(self, packed: bytes) -> Row:
        row = self._decoder.decode(packed)
        row.cells.extend([None] * (self._width - len(row.cells)))
        return row

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._row(packed) for packed in self._packed[index]]
        return self._row(self._packed[index])

    def __iter__(self) -> Iterator[Row]:
        return map(self._row, self._packed)


class Facts(msgspec.Struct, frozen=True):
    """What the child says about the file before its rows."""

    kind: str
    sheets: tuple[str, ...]
    sheet: str
    encoding: str | None
    delimiter: str | None
    width: int
    rows: int
    notes: tuple[str, ...]


class Said(msgspec.Struct, frozen=True):
    """The child's first frame: facts, or the refusal by its code."""

    facts: Facts | None = None
    code: str = ""
    what: str = ""
    remedy: str = ""


class Asked(msgspec.Struct, frozen=True):
    """What the child is told, as its only argument."""

    bounds: UploadBounds
    file_name: str
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet, read.

    `kind` is csv, xls, xlsx or ods, by content. `sheets` are the names of all visible ones. `encoding` and `delimiter` are those of a
    csv. Rows without anything in them are left out; every row has `width` cells. `notes` are sentences for the person who uploads.
    """

    kind: str
    sheets: tuple[str, ...]
    sheet: str
    encoding: str | None
    delimiter: str | None
    width: int
    rows: Rows
    notes: tuple[str, ...]


def read_sheet(
    content: bytes,
    file_name: str,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    bounds: UploadBounds | None = None,
) -> Sheet:
    """Read one sheet of an upload; the first one with something in it unless named. Raises an `UploadRefused`.

    `encoding` (one of `csv_text.ENCODINGS`) and `delimiter` are a person's choice for a csv; else they are detected.
    """
    bounds = bounds or UploadBounds()
    if len(content) > bounds.file_bytes:
        raise TooLarge(
            f"The file has {len(content) / 1_000_000:.1f} MB; at most {bounds.file_bytes / 1_000_000:g} MB are read.",
            "Save only the sheet with the students as a new file, without pictures, or split it into several files.",
        )
    asked = Asked(bounds, file_name[:200], sheet, encoding, delimiter)
    child = _start(asked)
    overdue = threading.Timer(bounds.wall_seconds, child.kill)
    overdue.start()
    found = None
    try:
        assert child.stdin and child.stdout
        with suppress(BrokenPipeError):  # it has ended already; its answer says why
            child.stdin.write(content)
            child.stdin.close()
        with suppress(msgspec.MsgspecError):
            found = _answer(child.stdout, bounds)
    finally:
        overdue.cancel()
        code = _end(child)
    if found is None:
        raise _ended(code, bounds)
    return found


def _start(asked: Asked) -> "subprocess.Popen[bytes]":
    """A fresh interpreter: no open connection, secret or setting of ours is in it."""
    home = Path(rollbook.__file__ or "").parent.parent
    return subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "rollbook.sources.spreadsheet.child",
            msgspec.json.encode(asked).decode(),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a library's complaint may quote a cell
        cwd="/",
        env={
            "PYTHONPATH": os.pathsep.join([str(home), *filter(None, sys.path)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8",
        },
        start_new_session=True,
    )


def _end(child: "subprocess.Popen[bytes]") -> int:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    try:
        return child.wait(1)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def _answer(pipe: IO[bytes], bounds: UploadBounds) -> Sheet | None:
    """What the child sent, None where it ended before it had said all. It is not trusted: types, count and size are checked."""
    left = bounds.answer_bytes
    packed: list[bytes] = []
    row = msgspec.msgpack.Decoder(Row)
    said: Said | None = None
    while length := pipe.read(LENGTH.size):
        size = LENGTH.unpack(length)[0] if len(length) == LENGTH.size else left + 1
        left -= size
        if left < 0 or len(packed) > bounds.rows:
            return None
        frame = pipe.read(size)
        if len(frame) < size:
            return None
        if said is None:
            said = msgspec.msgpack.decode(frame, type=Said)
            if said.facts is None:
                raise REFUSALS.get(said.code, UploadRefused)(said.what, said.remedy)
        elif said.facts is None or len(row.decode(frame).cells) > min(
            said.facts.width, bounds.columns
        ):
            return None
        else:
            packed.append(frame)
    if said is None or said.facts is None or len(packed) != said.facts.rows:
        return None
    return sheet_of(said.facts, packed)


def sheet_of(facts: Facts, packed: list[bytes]) -> Sheet:
    """What the child found, as everybody else sees it."""
    return Sheet(**{**msgspec.structs.asdict(facts), "rows": Rows(packed, facts.width)})


def _ended(code: int, bounds: UploadBounds) -> UploadRefused:
    if code in (-SIGXCPU, -SIGKILL):
        return TookTooLong(
            f"Reading the file took more than {bounds.cpu_seconds} seconds, so it was stopped.",
            "Copy the table into a new, empty workbook, as values only, and upload that; or save it as csv.",
        )
    if code in _FAILED_BY_MEMORY:
        return memory_used_up()
    return Damaged(
        "The file can't be read to its end.",
        "Open it in your spreadsheet program, save it under a new name and upload that.",
    )


def memory_used_up() -> TookTooMuchMemory:
    """The same words whether the child noticed in time or was ended."""
    return TookTooMuchMemory(
        "Reading the file takes more memory than an upload may have. Mostly something stands in a cell far below or far to the right.",
        "Copy only the table into a new, empty workbook and upload that; or save it as csv.",
    )


def header_row(sheet: Sheet) -> int:
    """The index in `sheet.rows` of the row with the names of columns. Raises `NoHeader`."""
    found = guess_header_row([row.cells for row in sheet.rows[:HEADER_WITHIN]])
    if found is None:
        raise NoHeader(
            f"None of the first {min(HEADER_WITHIN, len(sheet.rows))} rows looks like the names of columns.",
            "Add a first row that names each column, such as First name, Last name, E-mail; or start from our template.",
        )
    return found
