"""Reads a workbook (xlsx, xls, ods). Runs in the reader's child process.

Only stored values are read, and they come as a person would write them.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

import python_calamine as calamine

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.spreadsheet.errors import NoSuchSheet
from rollbook.sources.spreadsheet.hidden_rows import hidden_rows
from rollbook.sources.spreadsheet.kinds import encrypted
from rollbook.sources.spreadsheet.rows import CellProblem, Row

# Excel keeps 15 digits of a number; the rest of a longer one is lost before we see it.
EXACT: Final = 10**15

# calamine reads an error cell as an empty one. With its type changed to text in the packed XML, it
# comes with its words: #N/A.
_XLSX_ERROR: Final = re.compile(rb"""(<(?:\w+:)?c\s[^<>]*?\bt=)(["'])e\2""")
_ODS_ERROR_CELL: Final = re.compile(
    rb"""<table:table-cell\s[^<>]*value-type=["']error["'][^<>]*>"""
)
_ODS_EMPTY_TEXT: Final = re.compile(rb"""\soffice:string-value=(["'])\1""")
# How xlsx writes a character that XML can't hold.
_ESCAPED: Final = re.compile(r"_x((?![dD][89a-fA-F])[0-9a-fA-F]{4})_")

_Value = int | float | str | bool | time | date | datetime | timedelta


class Book(NamedTuple):
    """A workbook of which one sheet was loaded. `sheets` are the visible ones."""

    sheets: tuple[str, ...]
    sheet: str
    rows: Iterator[Row]
    notes: list[str]


def read_book(content: bytes, kind: str, chosen: str | None) -> Book:
    """Open a workbook and its chosen sheet, else the first sheet with something in it.

    Raises `NoSuchSheet`, `Encrypted`, and whatever calamine raises for a damaged file.
    """
    if kind in ("xlsx", "ods"):
        content = with_errors_as_text(content, kind)
    try:
        book = calamine.load_workbook(io.BytesIO(content))
    except calamine.PasswordError as error:
        raise encrypted() from error
    sheets = [each for each in book.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet]
    visible = [each.name for each in sheets if each.visible == calamine.SheetVisibleEnum.Visible]
    if chosen is not None and chosen not in visible:
        raise NoSuchSheet(
            _("The chosen sheet is not in this file."), _("Choose one of its sheets.")
        )
    notes: list[str] = []
    if len(visible) < len(sheets):
        hidden = len(sheets) - len(visible)
        notes.append(Phrase(_("Hidden sheets were left out: {count}."), count=hidden))
    if kind == "xls":
        notes.append(
            _(
                "In this old format a cell with an error such as #N/A looks like an empty one, and "
                "rows that are hidden look like the others."
            )
        )
    name, sheet = _sheet_to_read(book, visible, chosen)
    if chosen is None and len(visible) > 1:
        note = _("The file has {count} sheets; this is the first with something in it.")
        notes.append(Phrase(note, count=len(visible)))
    if sheet is None:
        return Book(tuple(visible), name, iter(()), notes)
    hidden_numbers = hidden_rows(content, kind, name)
    rows = (row._replace(hidden=row.number in hidden_numbers) for row in _rows(sheet, kind))
    return Book(tuple(visible), name, rows, notes)


def _sheet_to_read(
    book: calamine.CalamineWorkbook, visible: list[str], chosen: str | None
) -> tuple[str, calamine.CalamineSheet | None]:
    for name in visible if chosen is None else [chosen]:
        sheet = book.get_sheet_by_name(name)
        if sheet.end is not None:
            return name, sheet
    return chosen or "", None


def with_errors_as_text(content: bytes, kind: str) -> bytes:
    """Return the file with its error cells turned into text cells.

    The file is packed anew only if it has any. Its unpacked size was checked before.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        changed: dict[str, bytes] = {}
        for name in archive.namelist():
            if _holds_cells(name, kind):
                part = archive.read(name)
                with_text = _errors_as_text(part, kind)
                if with_text != part:
                    changed[name] = with_text
        if not changed:
            return content
        new_file = io.BytesIO()
        with zipfile.ZipFile(new_file, "w") as new_archive:
            for name in dict.fromkeys(archive.namelist()):
                new_archive.writestr(name, changed.get(name) or archive.read(name))
        return new_file.getvalue()


def _holds_cells(name: str, kind: str) -> bool:
    return name == "content.xml" if kind == "ods" else name.startswith("xl/worksheets/")


def _errors_as_text(part: bytes, kind: str) -> bytes:
    if kind == "ods":
        return _ODS_ERROR_CELL.sub(lambda cell: _ODS_EMPTY_TEXT.sub(b"", cell[0]), part)
    return _XLSX_ERROR.sub(rb"\1\2str\2", part)


def _rows(sheet: calamine.CalamineSheet, kind: str) -> Iterator[Row]:
    """Yield the rows, with rows and columns numbered as in the spreadsheet program.

    calamine gives the empty rows above the table, but not the empty columns before it.
    """
    columns_before = sheet.start[1] if sheet.start else 0
    for number, values in enumerate(sheet.iter_rows(), 1):
        cells: list[str | None] = [None] * columns_before
        dates: list[int] = []
        problems: list[CellProblem] = []
        for column, value in enumerate(values, columns_before):
            if type(value) is str:
                text = _unescaped(value) if kind == "xlsx" and "_x" in value else value
                cells.append(text if text and not text.isspace() else None)
                continue
            cells.append(_as_text(value))
            if isinstance(value, date):
                dates.append(column)
            elif isinstance(value, int | float) and abs(value) >= EXACT:
                problems.append(CellProblem(column, "digits_lost"))
        yield Row(number, cells, tuple(dates), tuple(problems))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text)


def _as_text(value: _Value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return format(int(value), "d") if value.is_integer() else format(value, ".15g")
    if isinstance(value, datetime):
        if value.time() == time():
            return value.date().isoformat()
        return value.isoformat(timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
