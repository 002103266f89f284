"""A workbook (xlsx, xls, ods) → rows: stored values only, as a person would write them. Runs in the reader's child process."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

import python_calamine as calamine

from rollbook.sources.spreadsheet.errors import NoSuchSheet
from rollbook.sources.spreadsheet.kinds import encrypted
from rollbook.sources.spreadsheet.reader import CellProblem, Row

EXACT: Final = (
    10**15
)  # Excel keeps 15 digits of a number; the rest of a longer one is lost before we see it

# calamine gives an error cell as an empty one. Called text in the packed XML, it comes with its words: #N/A.
_XLSX_ERROR: Final = re.compile(rb"""(<(?:\w+:)?c\s[^<>]*?\bt=)(["'])e\2""")
_ODS_ERROR_CELL: Final = re.compile(
    rb"""<table:table-cell\s[^<>]*value-type=["']error["'][^<>]*>"""
)
_ODS_EMPTY_TEXT: Final = re.compile(rb"""\soffice:string-value=(["'])\1""")
_ESCAPED: Final = re.compile(
    r"_x((?![dD][89a-fA-F])[0-9a-fA-F]{4})_"
)  # how xlsx writes a character that XML can't hold

_Value = int | float | str | bool | time | date | datetime | timedelta


class Book(NamedTuple):
    """A workbook of which one sheet was loaded. `sheets` are the visible ones."""

    sheets: tuple[str, ...]
    sheet: str
    rows: Iterator[Row]
    notes: list[str]


def read_book(content: bytes, kind: str, wanted: str | None) -> Book:
    """Raises `NoSuchSheet`, `Encrypted`, and whatever calamine raises for a damaged file."""
    if kind in ("xlsx", "ods"):
        content = with_errors_as_text(content, kind)
    try:
        book = calamine.load_workbook(io.BytesIO(content))
    except calamine.PasswordError as error:
        raise encrypted() from error
    sheets = [each for each in book.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet]
    visible = [each.name for each in sheets if each.visible == calamine.SheetVisibleEnum.Visible]
    if wanted is not None and wanted not in visible:
        raise NoSuchSheet("The chosen sheet is not in this file.", "Choose one of its sheets.")
    notes = []
    if len(visible) < len(sheets):
        notes.append(f"Hidden sheets were left out: {len(sheets) - len(visible)}.")
    if kind == "xls":
        notes.append(
            "In this old format a cell with an error such as #N/A looks like an empty one."
        )
    name, sheet = _chosen(book, visible, wanted)
    if wanted is None and len(visible) > 1:
        notes.append(f"The file has {len(visible)} sheets; this is the first with something in it.")
    return Book(tuple(visible), name, _rows(sheet, kind) if sheet else iter(()), notes)


def _chosen(
    book: calamine.CalamineWorkbook, visible: list[str], wanted: str | None
) -> tuple[str, calamine.CalamineSheet | None]:
    for name in visible if wanted is None else [wanted]:
        sheet = book.get_sheet_by_name(name)
        if sheet.end is not None:
            return name, sheet
    return wanted or "", None


def with_errors_as_text(content: bytes, kind: str) -> bytes:
    """The same file, packed anew where a sheet has error cells. Its unpacked size was checked before."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = [
            name
            for name in packed.namelist()
            if (name == "content.xml" if kind == "ods" else name.startswith("xl/worksheets/"))
        ]
        changed: dict[str, bytes] = {}
        for name in parts:
            part = packed.read(name)
            mended = (
                _ODS_ERROR_CELL.sub(_without_empty_text, part)
                if kind == "ods"
                else _XLSX_ERROR.sub(rb"\1\2str\2", part)
            )
            if mended != part:
                changed[name] = mended
        if not changed:
            return content
        anew = io.BytesIO()
        with zipfile.ZipFile(anew, "w") as out:
            for name in dict.fromkeys(packed.namelist()):
                out.writestr(name, changed.get(name) or packed.read(name))
        return anew.getvalue()


def _without_empty_text(cell: re.Match[bytes]) -> bytes:
    return _ODS_EMPTY_TEXT.sub(b"", cell[0])


def _rows(sheet: calamine.CalamineSheet, kind: str) -> Iterator[Row]:
    """Rows and columns as in the spreadsheet program: calamine gives the empty rows above the table, but not the columns before it."""
    before = sheet.start[1] if sheet.start else 0
    for number, values in enumerate(sheet.iter_rows(), 1):
        cells: list[str | None] = [None] * before
        dates: list[int] = []
        problems: list[CellProblem] = []
        for column, value in enumerate(values, before):
            if type(value) is str:
                text = (
                    _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
                    if kind == "xlsx" and "_x" in value
                    else value
                )
                cells.append(text if text and not text.isspace() else None)
                continue
            cells.append(_written(value))
            if isinstance(value, date):
                dates.append(column)
            elif isinstance(value, int | float) and abs(value) >= EXACT:
                problems.append(CellProblem(column, "digits_lost"))
        yield Row(number, cells, tuple(dates), tuple(problems))


def _written(value: _Value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return format(int(value), "d") if value.is_integer() else format(value, ".15g")
    if isinstance(value, datetime):
        return (
            value.date().isoformat()
            if value.time() == time()
            else value.isoformat(timespec="seconds")
        )
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
