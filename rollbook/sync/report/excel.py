"""Writes Excel files row by row, so that a large file takes no more memory than a small one."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from os import PathLike
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import IO, Any, Final, TypeAlias

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.sheets.columns import column_letter
from rollbook.roster.values.formulas import looks_like_formula
from rollbook.sync.report.xlsx import (
    AFTER,
    BEFORE,
    GUARDED,
    HEADING,
    LONG,
    NO_TINT,
    PLAIN,
    XlsxFile,
    date_cell,
    number_cell,
    row_xml,
    text_cell,
)
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.text import word

# The media type of these files.
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LAST_ROW: Final = 1_048_575  # of an Excel sheet, counted from 0
LONGEST_CELL: Final = 32_767  # UTF-16 units, as Excel counts them
# Excel believes in a 29 February 1900; earlier dates stay text.
FIRST_DATE: Final = date(1900, 3, 1)
SAMPLE: Final = 500  # rows that column widths are taken from
NARROWEST, WIDEST = 8, 60
MOST_LINES: Final = 20  # that a row is made high for; Excel allows 27
_LOOKS: Final = "|".join(
    str(look + tint) for look in (GUARDED, LONG) for tint in (NO_TINT, BEFORE, AFTER)
)
_WRAPPED: Final = re.compile(f' s="(?:{_LOOKS})"')  # in the XML of a cell that may need lines
REMEMBERED: Final = 2_000  # texts of cells: words such as "Applied" occur in every row

Target: TypeAlias = str | PathLike[str] | IO[bytes]
Cell: TypeAlias = str | int | date | None

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


@contextmanager
def open_book(target: Target, title: str) -> Iterator["Book"]:
    """Give a workbook, and write it to a path or a binary file at the very end.

    Its rows wait in a folder of their own, which is removed whatever happens.
    """
    with TemporaryDirectory(prefix="rollbook-excel-") as scratch:
        # Packed there as well: an archive whose file refuses it, as on a full disk, complains again
        # when it is freed.
        packed = Path(scratch) / "packed.xlsx"
        with packed.open("w+b") as file:
            book = Book(file, title)
            try:
                yield book
                book.close()
            except BaseException:
                book.abandon()
                raise
        _copy(packed, target)


def _copy(packed: Path, target: Target) -> None:
    with packed.open("rb") as source:
        if isinstance(target, str | PathLike):
            with Path(target).open("wb") as file:
                copyfileobj(source, file)
        else:
            copyfileobj(source, target)


def write_table(
    title: str, fields: Sequence[str], rows: Iterable[Sequence[Any]], target: IO[bytes]
) -> int:
    """Write rows of field values as one sheet. Returns how many rows there were."""
    count = 0
    with open_book(target, title) as book:
        sheet = book.sheet(title, [word(FIELD_LABELS, field) for field in fields])
        for row in rows:
            sheet.add([typed(field, value) for field, value in zip(fields, row, strict=True)])
            count += 1
    return count


def write_texts(
    sheets: Mapping[str, tuple[Sequence[str], Iterable[Sequence[str]]]],
    title: str,
    target: IO[bytes],
) -> None:
    """Write sheets of nothing but text: (headings, rows) by the name of the sheet."""
    with open_book(target, title) as book:
        for name, (headings, rows) in sheets.items():
            sheet = book.sheet(name, headings)
            for row in rows:
                sheet.add(row)


def typed(field: str, value: str | int | None) -> Cell:
    """Return a value of a field as Excel should store it.

    Identifiers stay text, with their leading zeros.
    """
    if value is None:
        return None
    kind = STUDENT_FIELDS[field].kind if field in STUDENT_FIELDS else "text"
    if kind == "graduation_year" and str(value).isdecimal():
        return int(value)
    if kind == "date" and value:
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            return str(value)
    return str(value)


class Book:
    """A workbook whose rows go to disk as they are added. One sheet is filled after another."""

    def __init__(self, target: IO[bytes], title: str) -> None:
        self._file = XlsxFile(target, title)
        self._sheet: Sheet | None = None

    def sheet(
        self, name: str, headings: Sequence[str], tints: Mapping[str, int] | None = None
    ) -> "Sheet":
        """Begin a sheet; the one before it is complete. `tints` are those of columns."""
        self._finish()
        self._sheet = Sheet(self._file, name, headings, tints or {})
        return self._sheet

    def close(self) -> None:
        self._finish()
        self._file.close()

    def abandon(self) -> None:
        """Drop the rows written so far, without writing a file."""
        self._file.abandon()

    def _finish(self) -> None:
        if self._sheet is not None:
            self._sheet.finish()


class Sheet:
    """One sheet with frozen headings, filters, and columns as wide as their content.

    What does not fit goes on in a sheet "… 2". Rows are passed on SAMPLE at a time: before the
    first of them the columns' widths have to be written.
    """

    def __init__(
        self, file: XlsxFile, name: str, headings: Sequence[str], tints: Mapping[str, int]
    ) -> None:
        self._file = file
        self._name = name
        self._headings = headings
        self._tints = [tints.get(heading, NO_TINT) for heading in headings]
        self._widths = [_width(heading) + 3 for heading in headings]  # room for the filter's arrow
        # The beginning of a cell in each column, up to the number of its row.
        self._columns = [f'<c r="{column_letter(place)}' for place in range(len(headings))]
        self._pages = 0
        self._begin_page()

    def _begin_page(self) -> None:
        self._pages += 1
        self._begun = False
        self._row = 0
        # The number of each row, the XML of its cells, and the cells if they may need lines.
        self._waiting: list[tuple[int, str, Sequence[Cell]]] = []
        headings = [text_cell(_storable_text(heading), HEADING) for heading in self._headings]
        self._add(headings, self._headings)

    def add(self, cells: Sequence[Cell]) -> None:
        """Add a row; a None or "" leaves its cell empty."""
        if self._row > LAST_ROW:
            self.finish()
            self._begin_page()
        if self._row <= SAMPLE:
            self._measure(cells)
        self._add(map(_cell_xml, cells, self._tints), cells)

    def _add(self, xml: Iterable[str], cells: Sequence[Cell]) -> None:
        self._row += 1
        row = self._row
        written = [
            f"{column}{row}{cell}" for column, cell in zip(self._columns, xml, strict=False) if cell
        ]
        joined = "".join(written)
        self._waiting.append((row, joined, cells if _WRAPPED.search(joined) else ()))
        if len(self._waiting) > SAMPLE:
            self._pass_on()

    def _measure(self, cells: Sequence[Cell]) -> None:
        for column, cell in enumerate(cells):
            if cell is not None:
                self._widths[column] = max(self._widths[column], _width(str(cell)))

    def _pass_on(self) -> None:
        widths = [min(max(width + 1, NARROWEST), WIDEST) for width in self._widths]
        if not self._begun:
            name = self._name if self._pages == 1 else f"{self._name} {self._pages}"
            self._file.begin_sheet(name, widths)
            self._begun = True
        rows = [row_xml(row, xml, _lines(cells, widths)) for row, xml, cells in self._waiting]
        self._file.write("".join(rows))
        self._waiting.clear()

    def finish(self) -> None:
        """Write the rows that wait, and the end of the sheet."""
        self._pass_on()
        self._file.end_sheet(self._row, len(self._headings))


def _lines(cells: Sequence[Cell], widths: Sequence[int]) -> int:
    """Return how many lines the longest text of a row takes in columns of these widths."""
    most = 1
    for cell, width in zip(cells, widths, strict=False):
        if isinstance(cell, str) and (len(cell) > width or "\n" in cell):
            lines = sum(_wrapped_lines(line, width) for line in cell.split("\n")[:MOST_LINES])
            most = max(most, lines)
    return min(most, MOST_LINES)


def _wrapped_lines(text: str, width: int) -> int:
    """Return how many lines a text takes that is broken at spaces.

    `textwrap` took 2 s for 95,000 rows, this 0.2 s. A letter is narrower than a digit.
    """
    width += width // 10
    lines, start = 1, 0
    while len(text) - start > width and lines < MOST_LINES:
        space = text.rfind(" ", start, start + width + 1)
        start = space + 1 if space > start else start + width
        lines += 1
    return lines


def _cell_xml(cell: Cell, tint: int) -> str:
    """Return a cell without its place; "" for an empty one."""
    if isinstance(cell, str):
        return _text_xml(cell, tint)
    if isinstance(cell, int):
        return number_cell(cell, PLAIN + tint)
    if cell is None:
        return ""
    if cell < FIRST_DATE:
        return text_cell(cell.isoformat(), PLAIN + tint)
    return date_cell(cell, tint)


@lru_cache(maxsize=REMEMBERED)
def _text_xml(text: str, tint: int) -> str:
    if not text:
        return ""
    text = _storable_text(text)
    if looks_like_formula(text):
        return text_cell(text, GUARDED + tint)
    return text_cell(text, (LONG if len(text) > WIDEST or "\n" in text else PLAIN) + tint)


def _storable_text(text: str) -> str:
    """Return a text that a cell can hold."""
    if not (text.isascii() and text.isprintable()):
        text = _storable(text)
    return _cut(text) if len(text) > LONGEST_CELL // 2 else text


def _storable(text: str) -> str:
    """Return a text that XML can hold: � for what cannot be printed, and Excel's line ends."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def _cut(text: str) -> str:
    """Return as much of a text as a cell can hold, with … at the end where it is cut."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * LONGEST_CELL:
        return text
    return units[: 2 * (LONGEST_CELL - 1)].decode("utf-16-le", "ignore") + "…"


def _width(text: str) -> int:
    """Return the width of the longest line, in digits of the standard font."""
    if text.isascii() and "\n" not in text:
        return len(text)
    return max(
        sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)
        for line in text.split("\n")
    )
