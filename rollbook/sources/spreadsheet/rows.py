"""The rows of a spreadsheet as text, and how much of a file is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, overload

import msgspec


@dataclass(frozen=True, slots=True)
class UploadBounds:
    """How much of a file is read.

    `cpu_seconds` and `memory_bytes` limit the child; `answer_bytes` is how much it may send back.
    `cell_characters` is what a cell of Excel can hold. `wall_seconds` is for a machine that is busy
    with other things. `ratio` is how many times its size a file may unpack to.
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


class HiddenRows(StrEnum):
    """What happens with the rows that a filter or a person hides in a workbook."""

    READ = "read"
    LEAVE_OUT = "leave-out"


class CellProblem(NamedTuple):
    """A cell that can't be used. `column` counts from 0.

    `code` is `error_in_cell` (#N/A and similar), `digits_lost` (a number longer than Excel stores),
    `control_characters` (a NUL; the text has a box in its place), `letters_unclear` (a byte that
    the encoding of the file doesn't have) or `quote_misplaced` (a quotation mark that may have
    moved the cells of the whole row).
    """

    column: int
    code: str


class EncodingCandidate(NamedTuple):
    """An encoding in which a csv may be written, with some names as it reads them."""

    encoding: str
    samples: tuple[str, ...]


class Row(NamedTuple):
    """One row. `number` is the row's number in the spreadsheet program, from 1.

    `dates` are the columns whose cell was a date there; their text is an ISO date. `length` is how
    many cells the line of a csv has, with empty ones at its end; 0 in a workbook. `hidden` says
    that a filter or a person hides the row.
    """

    number: int
    cells: list[str | None]
    dates: tuple[int, ...] = ()
    problems: tuple[CellProblem, ...] = ()
    length: int = 0
    hidden: bool = False


class Rows(Sequence[Row]):
    """The rows that have something in them, in order.

    Each row stays packed until it is asked for, so 50,000 rows take a few megabytes.
    """

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


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet that was read.

    `kind` is csv, xls, xlsx or ods, by content. `sheets` are the names of all visible sheets.
    `encoding` and `delimiter` are those of a csv. `encodings` are the candidates where several are
    plausible, the likeliest first. Rows without anything in them are left out; every
    row has `width` cells. `notes` are sentences for the person who uploads. `hidden_rows` counts
    the hidden rows with something in them, whether they were read or left out.
    """

    kind: str
    sheets: tuple[str, ...]
    sheet: str
    encoding: str | None
    delimiter: str | None
    width: int
    rows: Rows
    notes: tuple[str, ...]
    encodings: tuple[EncodingCandidate, ...] = ()
    hidden_rows: int = 0
