"""Reads an uploaded spreadsheet: from the bytes of a file to its rows as text.

This process never looks at a byte of the file: a child process does it, with limits on memory, time
and output (`child`).
"""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from signal import SIGABRT, SIGKILL, SIGSEGV, SIGXCPU
from typing import IO, Final

import msgspec

import rollbook
from rollbook.roster.sheets.columns import guess_header_row
from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.spreadsheet.errors import (
    Damaged,
    NoHeader,
    TookTooLong,
    TooLarge,
    UploadRefused,
    memory_used_up,
)
from rollbook.sources.spreadsheet.messages import LENGTH, Facts, Reply, Task
from rollbook.sources.spreadsheet.rows import Row, Rows, Sheet, UploadBounds

HEADER_SEARCH_ROWS: Final = 20  # rows at the top in which the names of columns are looked for
OUT_OF_MEMORY_SIGNALS: Final = (-SIGABRT, -SIGSEGV)  # how calamine ends when it gets no more memory


def read_sheet(
    content: bytes,
    file_name: str,
    *,
    bounds: UploadBounds | None = None,
    **chosen: str | None,
) -> Sheet:
    """Return one sheet of an upload: the named one, else the first with something in it.

    `chosen` are a person's choices, as in `Task`: `sheet`; `encoding` and `delimiter` of a csv,
    which are detected otherwise; `hidden_rows` of a workbook. Raises an `UploadRefused`.
    """
    bounds = bounds or UploadBounds()
    if len(content) > bounds.file_bytes:
        what = _("The file has {size} MB; at most {most} MB are read.")
        size, most = f"{len(content) / 1_000_000:.1f}", f"{bounds.file_bytes / 1_000_000:g}"
        raise TooLarge(
            Phrase(what, size=size, most=most),
            _(
                "Save only the sheet with the students as a new file, without pictures, or split "
                "it into several files."
            ),
        )
    child = _start(Task(bounds, file_name[:200], **chosen))
    overdue = threading.Timer(bounds.wall_seconds, child.kill)
    overdue.start()
    read = None
    try:
        assert child.stdin and child.stdout
        with suppress(BrokenPipeError):  # the child has ended already; its answer says why
            child.stdin.write(content)
            child.stdin.close()
        with suppress(msgspec.MsgspecError):
            read = _received_sheet(child.stdout, bounds)
    finally:
        overdue.cancel()
        exit_code = _end(child)
    if read is None:
        raise _error_for(exit_code, bounds)
    return read


def _start(task: Task) -> "subprocess.Popen[bytes]":
    """Start a fresh interpreter: it has none of our open connections, secrets or settings."""
    home = Path(rollbook.__file__ or "").parent.parent
    argument = msgspec.json.encode(task).decode()
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "rollbook.sources.spreadsheet.child", argument],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the error message of a library may quote a cell
        cwd="/",
        env={
            "PYTHONPATH": os.pathsep.join([str(home), *filter(None, sys.path)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8",
        },
        start_new_session=True,
    )


def _end(child: "subprocess.Popen[bytes]") -> int:
    """Close the child's pipes, end it if it doesn't end by itself, and return its exit code."""
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    try:
        return child.wait(1)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def _received_sheet(pipe: IO[bytes], bounds: UploadBounds) -> Sheet | None:
    """Return the sheet that the child sends; None where it ended too early or sent nonsense.

    The child is not trusted: types, counts and sizes are checked. Raises the `UploadRefused` that
    the child sends.
    """
    frames = _Frames(pipe, bounds.answer_bytes)
    first = frames.next()
    if first is None:
        return None
    reply = msgspec.msgpack.decode(first, type=Reply)
    if reply.refusal is not None:
        raise reply.refusal.error()
    facts = reply.facts
    if facts is None:
        return None
    packed: list[bytes] = []
    row = msgspec.msgpack.Decoder(Row)
    while (frame := frames.next()) is not None:
        packed.append(frame)
        is_too_wide = len(row.decode(frame).cells) > min(facts.width, bounds.columns)
        if is_too_wide or len(packed) > bounds.rows:
            return None
    if frames.broken or len(packed) != facts.rows:
        return None
    return sheet_from(facts, packed)


class _Frames:
    """Reads frames from the child.

    `broken` is set when one is cut off or there are too many bytes.
    """

    def __init__(self, pipe: IO[bytes], most_bytes: int) -> None:
        self._pipe, self._bytes_left = pipe, most_bytes
        self.broken = False

    def next(self) -> bytes | None:
        """Return the next frame; None at the end or where it is broken."""
        length = self._pipe.read(LENGTH.size)
        if not length:
            return None
        if len(length) < LENGTH.size:
            self.broken = True
            return None
        size = LENGTH.unpack(length)[0]
        self._bytes_left -= size
        if self._bytes_left < 0:
            self.broken = True
            return None
        frame = self._pipe.read(size)
        self.broken = len(frame) < size
        return None if self.broken else frame


def sheet_from(facts: Facts, packed: list[bytes]) -> Sheet:
    """Return the sheet that a child's facts and packed rows describe."""
    return Sheet(
        kind=facts.kind,
        sheets=facts.sheets,
        sheet=facts.sheet,
        encoding=facts.encoding,
        delimiter=facts.delimiter,
        width=facts.width,
        rows=Rows(packed, facts.width),
        notes=tuple(note.phrase() for note in facts.notes),
        encodings=facts.encodings,
        hidden_rows=facts.hidden_rows,
    )


def _error_for(exit_code: int, bounds: UploadBounds) -> UploadRefused:
    """Return the error for a child that ended without a complete answer."""
    if exit_code in (-SIGXCPU, -SIGKILL):
        what = _("Reading the file took more than {seconds} seconds, so it was stopped.")
        return TookTooLong(
            Phrase(what, seconds=bounds.cpu_seconds),
            _(
                "Copy the table into a new, empty workbook, as values only, and upload that; or "
                "save it as csv."
            ),
        )
    if exit_code in OUT_OF_MEMORY_SIGNALS:
        return memory_used_up()
    return Damaged(
        _("The file can't be read to its end."),
        _("Open it in your spreadsheet program, save it under a new name and upload that."),
    )


def header_row(sheet: Sheet) -> int:
    """Return the index in `sheet.rows` of the row with the names of columns. Raises `NoHeader`."""
    index = guess_header_row([row.cells for row in sheet.rows[:HEADER_SEARCH_ROWS]])
    if index is None:
        what = _("None of the first {count} rows looks like the names of columns.")
        raise NoHeader(
            Phrase(what, count=min(HEADER_SEARCH_ROWS, len(sheet.rows))),
            _(
                "Add a first row that names each column, such as First name, Last name, E-mail; or "
                "start from our template."
            ),
        )
    return index
