"""Writes Excel files row by row, so that a large file takes no more memory than a small one."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from os import PathLike
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import IO, Any, Final, TypeAlias

from xlsxwriter import Workbook

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.values.formulas import looks_like_formula
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
        book = Book(packed, scratch, title)
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
    """A workbook whose rows go to disk as they are added."""

    def __init__(self, target: str | PathLike[str] | IO[bytes], scratch: str, title: str) -> None:
        switched_off = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._file = Workbook(target, {"constant_memory": True, "tmpdir": scratch, **switched_off})
        # No author: such a file is passed on.
        self._file.set_properties({"title": title})
        self.heading = self._file.add_format(
            {"bold": True, "bottom": 1, "bg_color": "#EEF1F5", "valign": "top"}
        )
        self.plain = self._file.add_format({"valign": "top"})
        self.long = self._file.add_format({"valign": "top", "text_wrap": True})
        self.guarded = self._file.add_format({"valign": "top", "quote_prefix": True})
        self.date = self._file.add_format(
            {"valign": "top", "num_format": "yyyy-mm-dd", "align": "left"}
        )
        self._sheets: list[Sheet] = []

    def sheet(self, name: str, headings: Sequence[str]) -> "Sheet":
        self._sheets.append(Sheet(self, name, headings))
        return self._sheets[-1]

    def add_page(self, name: str) -> Any:
        return self._file.add_worksheet(name)

    def close(self) -> None:
        for sheet in self._sheets:
            sheet.finish()
        self._file.close()

    def abandon(self) -> None:
        """Drop the rows written so far, without writing a file."""
        for page in self._file.worksheets():
            page._opt_close()


class Sheet:
    """One sheet with frozen headings, filters, and columns as wide as their content.

    What does not fit goes on in a sheet "… 2".
    """

    def __init__(self, book: Book, name: str, headings: Sequence[str]) -> None:
        self._book = book
        self._name = name
        self._headings = headings
        self._widths = [_width(heading) + 3 for heading in headings]  # room for the filter's arrow
        self._pages = 0
        self._open_page()

    def _open_page(self) -> None:
        self._pages += 1
        self._page = self._book.add_page(
            self._name if self._pages == 1 else f"{self._name} {self._pages}"
        )
        self._page.set_column(0, len(self._headings) - 1, None, self._book.plain)
        for column, heading in enumerate(self._headings):
            self._page.write_string(0, column, heading, self._book.heading)
        self._page.freeze_panes(1, 0)
        self._page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        self._row = 0

    def add(self, cells: Sequence[Cell]) -> None:
        if self._row == LAST_ROW:
            self.finish()
            self._open_page()
        self._row += 1
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                if cell:
                    self._write_text(column, cell)
            elif isinstance(cell, int):
                self._page.write_number(self._row, column, cell)
            elif cell is not None:
                self._write_date(column, cell)
            if self._row <= SAMPLE and cell is not None:
                self._widths[column] = max(self._widths[column], _width(str(cell)))

    def _write_text(self, column: int, text: str) -> None:
        if not (text.isascii() and text.isprintable()):
            text = _storable(text)
        if len(text) > LONGEST_CELL // 2:
            text = _cut(text)
        if text.startswith("<r>") and text.endswith("</r>"):
            # Without the space xlsxwriter takes the text for its own markup and does not escape it.
            text += " "
        self._page.write_string(self._row, column, text, self._format_of(text))

    def _format_of(self, text: str) -> Any:
        if looks_like_formula(text):
            return self._book.guarded
        return self._book.long if len(text) > WIDEST else None

    def _write_date(self, column: int, day: date) -> None:
        if day < FIRST_DATE:
            self._page.write_string(self._row, column, day.isoformat())
        else:
            self._page.write_datetime(self._row, column, day, self._book.date)

    def finish(self) -> None:
        self._page.autofilter(0, 0, self._row, len(self._headings) - 1)
        for column, width in enumerate(self._widths):
            self._page.set_column(
                column, column, min(max(width + 1, NARROWEST), WIDEST), self._book.plain
            )


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
