"""The reader's child process: takes the limits on, reads the file from standard input, sends rows.

Started as `python -m rollbook.sources.spreadsheet.child TASK` by `reader.read_sheet`; the app never
imports it.
"""

import re
import resource
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.spreadsheet import csv_text, kinds, workbook
from rollbook.sources.spreadsheet.errors import (
    Damaged,
    Empty,
    TookTooMuchMemory,
    TooManyColumns,
    TooManyRows,
    UploadRefused,
    memory_used_up,
)
from rollbook.sources.spreadsheet.messages import LENGTH, Facts, Refusal, Reply, Task, Text
from rollbook.sources.spreadsheet.rows import CellProblem, HiddenRows, Row, UploadBounds

ERROR_VALUES: Final = re.compile(
    r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|GETTING_DATA)"
    r"|Err:[0-9]{3}"
)
_HIDDEN_NOTES: Final[dict[str | None, str]] = {
    None: _(
        "Hidden rows of the sheet, by a filter or by hand: {count}. They are read too, unless you "
        "leave them out."
    ),
    HiddenRows.READ: _(
        "Hidden rows of the sheet, by a filter or by hand: {count}. They are read too."
    ),
    HiddenRows.LEAVE_OUT: _(
        "Hidden rows of the sheet, by a filter or by hand: {count}. They are left out."
    ),
}
CHUNK: Final = 1_000_000  # bytes of the answer that are kept free for its last row


class OpenFile(NamedTuple):
    """A file that was opened; its rows are read later. `text` is None for a workbook."""

    kind: str
    sheets: tuple[str, ...]
    sheet: str
    rows: Iterable[Row]
    notes: list[str]
    text: csv_text.Text | None = None


def main() -> None:
    task = msgspec.json.decode(sys.argv[1], type=Task)
    limit_self(task.bounds)
    try:
        facts, packed = read(sys.stdin.buffer.read(task.bounds.file_bytes + 1), task)
        frames = [msgspec.msgpack.encode(Reply(facts)), *packed]
    except MemoryError:
        frames = [refusal(memory_used_up())]
    except UploadRefused as error:
        frames = [refusal(error)]
    for frame in frames:
        sys.stdout.buffer.write(LENGTH.pack(len(frame)))
        sys.stdout.buffer.write(frame)
    sys.stdout.buffer.flush()


def refusal(error: UploadRefused) -> bytes:
    return msgspec.msgpack.encode(Reply(refusal=Refusal.of(error)))


def limit_self(bounds: UploadBounds) -> None:
    """Set the limits of this process for good; what it might start can't get past them either.

    It can write no file and leaves no core.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_seconds, bounds.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with suppress(ValueError):  # macOS has no limit on address space
        resource.setrlimit(resource.RLIMIT_AS, (bounds.memory_bytes, bounds.memory_bytes))


def read(content: bytes, task: Task) -> tuple[Facts, list[bytes]]:
    """Return the facts and the packed rows of a file. Raises an `UploadRefused`."""
    kind = kinds.kind_of(content, task.bounds)
    file = open_as(kind, content, task)
    rows = _HiddenCounted(file.rows, task.hidden_rows)
    packed, width = packed_rows(rows, task.bounds)
    if not packed:
        raise Empty(
            _("There is nothing in the file, or nothing in its visible sheets."),
            _("Check that you chose the right file and sheet."),
        )
    notes = [*kinds.name_note(kind, task.file_name), *file.notes, *rows.notes()]
    facts = Facts(
        kind=file.kind,
        sheets=file.sheets,
        sheet=file.sheet,
        encoding=file.text.encoding if file.text else None,
        encodings=file.text.encodings if file.text else (),
        delimiter=file.text.delimiter if file.text else None,
        width=width,
        rows=len(packed),
        notes=tuple(Text.of(note) for note in notes),
        hidden_rows=rows.count,
    )
    return facts, packed


class _HiddenCounted:
    """Yields rows and counts the hidden ones with something in them. It may leave these out."""

    def __init__(self, rows: Iterable[Row], hidden_rows: str | None) -> None:
        self._rows, self._hidden_rows = rows, hidden_rows
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            if row.hidden and any(row.cells):
                self.count += 1
            if not (row.hidden and self._hidden_rows == HiddenRows.LEAVE_OUT):
                yield row

    def notes(self) -> list[str]:
        """Return what to say about the hidden rows that were counted."""
        if not self.count:
            return []
        return [Phrase(_HIDDEN_NOTES[self._hidden_rows], count=self.count)]


def packed_rows(rows: Iterable[Row], bounds: UploadBounds) -> tuple[list[bytes], int]:
    """Return the packed rows that have something in them, and the width of the widest."""
    packed: list[bytes] = []
    width = size = 0
    for each in rows:
        row = without_empty_end(each)
        if row is None:
            continue
        if len(packed) == bounds.rows:
            raise _too_many_rows(bounds)
        width = max(width, len(row.cells))
        if width > bounds.columns:
            raise _too_many_columns(row.number, width, bounds)
        packed.append(msgspec.msgpack.encode(row))
        size += len(packed[-1]) + LENGTH.size
        if size > bounds.answer_bytes - CHUNK:
            raise TookTooMuchMemory(
                _("The cells of the sheet hold more text than an upload may have."),
                _("Delete the columns that nobody needs."),
            )
    return packed, width


def open_as(kind: str, content: bytes, task: Task) -> OpenFile:
    """Open a file of this kind. Raises an `UploadRefused`."""
    if kind == "csv":
        longest = task.bounds.cell_characters
        text = csv_text.read_text(content, task.encoding, task.delimiter, longest)
        return OpenFile(kind, (), "", text.rows, text.notes, text)
    try:
        book = workbook.read_book(content, kind, task.sheet)
    except (UploadRefused, MemoryError):
        raise
    except BaseException as error:  # calamine's own errors, and the panics of its Rust code
        raise Damaged(
            _("The file begins like a spreadsheet, but can't be read to its end."),
            _("Open it in your spreadsheet program, save it under a new name and upload that."),
        ) from error
    return OpenFile(kind, book.sheets, book.sheet, book.rows, book.notes)


def without_empty_end(row: Row) -> Row | None:
    """Return a row without the empty cells at its end, with its error cells marked.

    None for a row of empty cells.
    """
    last = len(row.cells)
    while last and row.cells[last - 1] is None:
        last -= 1
    if not last:
        return None
    cells = row.cells[:last]
    problems = list(row.problems)
    for column, text in enumerate(cells):
        if text and text[0] in "#E" and ERROR_VALUES.fullmatch(text.strip()):
            problems.append(CellProblem(column, "error_in_cell"))
        if text and "\0" in text:  # no database stores it
            cells[column] = text.replace("\0", "\ufffd")
            problems.append(CellProblem(column, "control_characters"))
    return row._replace(cells=cells, problems=tuple(problems))


def _too_many_rows(bounds: UploadBounds) -> TooManyRows:
    return TooManyRows(
        Phrase(_("The sheet has more than {rows} rows."), rows=f"{bounds.rows:,}"),
        _(
            "Split it into several files. If there are fewer students, delete the cells below the "
            "table."
        ),
    )


def _too_many_columns(number: int, width: int, bounds: UploadBounds) -> TooManyColumns:
    what = _("Row {row} has something in column {column}; at most {most} columns are read.")
    return TooManyColumns(
        Phrase(what, row=f"{number:,}", column=f"{width:,}", most=bounds.columns),
        _("Delete the columns to the right of the table, or copy only the table into a new file."),
    )


if __name__ == "__main__":
    main()
