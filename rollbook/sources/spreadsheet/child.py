"""What runs in the reader's child process: take the limits on, read the file from standard input, send rows back.

Started as `python -m rollbook.sources.spreadsheet.child ASKED` by `reader.read_sheet`, never imported by the app.
"""

import re
import resource
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from rollbook.sources.spreadsheet import csv_text, kinds
from rollbook.sources.spreadsheet.errors import (
    Damaged,
    Empty,
    TookTooMuchMemory,
    TooManyColumns,
    TooManyRows,
    UploadRefused,
)
from rollbook.sources.spreadsheet.reader import (
    LENGTH,
    Asked,
    CellProblem,
    Facts,
    Row,
    Said,
    UploadBounds,
    memory_used_up,
)

ERROR_VALUES: Final = re.compile(
    r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|GETTING_DATA)|Err:[0-9]{3}"
)
CHUNK: Final = 1_000_000


class Found(NamedTuple):
    """A file that was opened, before its rows are gone through."""

    kind: str
    sheets: tuple[str, ...]
    sheet: str
    encoding: str | None
    delimiter: str | None
    rows: Iterable[Row]
    notes: list[str]


def main() -> None:
    asked = msgspec.json.decode(sys.argv[1], type=Asked)
    limit_self(asked.bounds)
    try:
        facts, packed = read(sys.stdin.buffer.read(asked.bounds.file_bytes + 1), asked)
        frames = [msgspec.msgpack.encode(Said(facts)), *packed]
    except MemoryError:
        frames = [refusal(memory_used_up())]
    except UploadRefused as refused:
        frames = [refusal(refused)]
    for frame in frames:
        sys.stdout.buffer.write(LENGTH.pack(len(frame)))
        sys.stdout.buffer.write(frame)
    sys.stdout.buffer.flush()


def refusal(refused: UploadRefused) -> bytes:
    return msgspec.msgpack.encode(Said(code=refused.code, what=refused.what, remedy=refused.remedy))


def limit_self(bounds: UploadBounds) -> None:
    """For good: neither this process nor what it might start gets past them. It can write no file and leaves no core."""
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_seconds, bounds.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with suppress(ValueError):  # macOS has no limit on address space
        resource.setrlimit(resource.RLIMIT_AS, (bounds.memory_bytes, bounds.memory_bytes))


def read(content: bytes, asked: Asked) -> tuple[Facts, list[bytes]]:
    """The facts and the packed rows. Raises an `UploadRefused`."""
    kind = kinds.kind_of(content, asked.bounds)
    found = open_as(kind, content, asked)
    packed: list[bytes] = []
    width = size = 0
    for each in found.rows:
        row = packable(each)
        if row is None:
            continue
        if len(packed) == asked.bounds.rows:
            raise TooManyRows(
                f"The sheet has more than {asked.bounds.rows:,} rows.",
                "Split it into several files. If there are fewer students, delete what stands below them.",
            )
        width = max(width, len(row.cells))
        if width > asked.bounds.columns:
            raise TooManyColumns(
                f"Row {row.number:,} has something in column {width:,}; at most {asked.bounds.columns} columns are read.",
                "Delete the columns to the right of the table, or copy only the table into a new file.",
            )
        packed.append(msgspec.msgpack.encode(row))
        size += len(packed[-1]) + LENGTH.size
        if size > asked.bounds.answer_bytes - CHUNK:
            raise TookTooMuchMemory(
                "The cells of the sheet hold more text than an upload may have.",
                "Delete the columns that nobody needs.",
            )
    if not packed:
        raise Empty(
            "There is nothing in the file, or nothing in its visible sheets.",
            "Check that you chose the right file and sheet.",
        )
    notes = [*kinds.name_note(kind, asked.file_name), *found.notes]
    facts = Facts(
        found.kind,
        found.sheets,
        found.sheet,
        found.encoding,
        found.delimiter,
        width,
        len(packed),
        tuple(notes),
    )
    return facts, packed


def open_as(kind: str, content: bytes, asked: Asked) -> Found:
    if kind == "csv":
        text = csv_text.read_text(
            content, asked.encoding, asked.delimiter, asked.bounds.cell_characters
        )
        return Found(kind, (), "", text.encoding, text.delimiter, text.rows, text.notes)
    from rollbook.sources.spreadsheet import workbook  # calamine, which a csv doesn't need

    try:
        book = workbook.read_book(content, kind, asked.sheet)
    except (UploadRefused, MemoryError):
        raise
    except (
        BaseException
    ) as error:  # calamine's own errors, and what its Rust code raises when it is led astray
        raise Damaged(
            "The file begins like a spreadsheet, but can't be read to its end.",
            "Open it in your spreadsheet program, save it under a new name and upload that.",
        ) from error
    return Found(kind, book.sheets, book.sheet, None, None, book.rows, book.notes)


def packable(row: Row) -> Row | None:
    """A row without the empty cells at its end, its error cells marked; None for one that has nothing else."""
    last = len(row.cells)
    while last and row.cells[last - 1] is None:
        last -= 1
    if not last:
        return None
    cells = row.cells[:last]
    problems = [
        CellProblem(column, "error_in_cell")
        for column, text in enumerate(cells)
        if text and text[0] in "#E" and ERROR_VALUES.fullmatch(text.strip())
    ]
    return row._replace(cells=cells, problems=(*row.problems, *problems))


if __name__ == "__main__":
    main()
