"""Files to upload, made as the programs make them, and some that nobody makes by accident."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any

import xlsxwriter
import xlwt

from rollbook.sources.spreadsheet import child
from rollbook.sources.spreadsheet.messages import Task
from rollbook.sources.spreadsheet.reader import sheet_from
from rollbook.sources.spreadsheet.rows import Sheet, UploadBounds

HEADER = ["Student ID", "First name", "Last name", "Date of birth", "Active"]
ADA = ["00417", "Ada", "Müller", date(2010, 5, 3), True]
BOB = [20418, "Bob", "O’Neil", date(2011, 12, 31), False]
TABLE: list[list[Any]] = [HEADER, ADA, BOB]
READ = [
    HEADER,
    ["00417", "Ada", "Müller", "2010-05-03", "TRUE"],
    ["20418", "Bob", "O’Neil", "2011-12-31", "FALSE"],
]

# What Excel makes of a workbook with a password: its container, with streams of these names in it.
OLE_WITH_PASSWORD = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    + bytes(504)
    + "EncryptionInfo\0EncryptedPackage\0".encode("utf-16-le")
    + bytes(512)
)

_MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
_ODS_NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text", "style", "manifest")
)


def read_here(
    content: bytes, file_name: str, bounds: UploadBounds | None = None, **chosen: str
) -> Sheet:
    """Read a sheet as `read_sheet` does, but in this process: that saves many starts of Python."""
    return sheet_from(*child.read(content, Task(bounds or UploadBounds(), file_name, **chosen)))


def xlsx(
    rows: Sequence[Sequence[Any]] = (), fill: Callable[[Any, Any], None] | None = None
) -> bytes:
    """Return a workbook with one sheet named Students. `fill` adds to the book and the sheet."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(
        file, {"in_memory": True, "default_date_format": "dd/mm/yyyy"}
    ) as book:
        sheet = book.add_worksheet("Students")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        if fill:
            fill(book, sheet)
    return file.getvalue()


def cell_at(where: str) -> bytes:
    """Return a workbook with two rows and a cell somewhere else."""
    return xlsx([["a"], ["b"]], lambda _book, sheet: sheet.write(where, "x"))


def xls(rows: Sequence[Sequence[Any]]) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Students")
    style = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.write(number, column, value, style) if isinstance(value, date) else sheet.write(
                number, column, value
            )
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def ods(rows: Sequence[Sequence[Any]], manifest: str = "") -> bytes:
    """Return a sheet as LibreOffice writes it, with nothing but the cells."""
    lines = "".join(
        f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows
    )
    table = f'<table:table table:name="Students">{lines}</table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    start = f'<office:document-content {_ODS_NAMES} xmlns:calcext="urn:x">'
    content = f"{start}{body}</office:document-content>"
    return packed(
        {
            "mimetype": _MIMETYPE,
            "content.xml": '<?xml version="1.0"?>' + content,
            "META-INF/manifest.xml": manifest,
        }
    )


def _ods_cell(value: Any) -> str:
    if value is None:
        return "<table:table-cell/>"
    if value == "#N/A":
        kind, shown = (
            'office:value-type="string" office:string-value="" calcext:value-type="error"',
            value,
        )
    elif isinstance(value, bool):
        kind, shown = (
            f'office:value-type="boolean" office:boolean-value="{str(value).lower()}"',
            str(value).upper(),
        )
    elif isinstance(value, date):
        kind, shown = (
            f'office:value-type="date" office:date-value="{value.isoformat()}"',
            value.strftime("%d/%m/%y"),
        )
    elif isinstance(value, int | float):
        kind, shown = f'office:value-type="float" office:value="{value}"', str(value)
    else:
        kind, shown = 'office:value-type="string"', str(value)
    return f"<table:table-cell {kind}><text:p>{shown}</text:p></table:table-cell>"


def packed(members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def repacked(content: bytes, **changes: str | bytes) -> bytes:
    """Return a workbook with parts added or replaced.

    The dots and slashes of a part's name are written as `__` and `___`.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    for name, change in changes.items():
        members[name.replace("___", "/").replace("__", ".")] = change
    return packed(members)


@cache
def zeros(megabytes: int) -> tuple[bytes, int]:
    """Return so many MB of blanks, deflated piece by piece, and their CRC."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    blank, out, crc = b" " * 1_000_000, [], 0
    for _ in range(megabytes):
        out.append(deflate.compress(blank))
        crc = zlib.crc32(blank, crc)
    return b"".join(out) + deflate.flush(), crc


def bomb(megabytes: int, claimed: int | None = None) -> bytes:
    """Return a workbook whose only sheet unpacks to so many MB, whatever its directory claims."""
    body, crc = zeros(megabytes)
    size = megabytes * 1_000_000 if claimed is None else claimed
    parts, directory = b"", b""
    for name, content, check, unpacked in (
        (b"[Content_Types].xml", b"", 0, 0),
        (b"xl/workbook.xml", b"", 0, 0),
        (b"xl/worksheets/sheet1.xml", body, crc, size),
    ):
        method = 8 if content else 0
        fields = struct.pack(
            "<HHHHIIIHH", 20, 0, method, 0, check, len(content), unpacked, len(name), 0
        )
        directory += (
            b"PK\x01\x02\x14\x00" + fields + struct.pack("<HHHII", 0, 0, 0, 0, len(parts)) + name
        )
        local = struct.pack(
            "<HHHHHIIIHH", 20, 0, method, 0, 0, check, len(content), unpacked, len(name), 0
        )
        parts += b"PK\x03\x04" + local + name + content
    return (
        parts
        + directory
        + b"PK\x05\x06"
        + struct.pack("<HHHHIIH", 0, 0, 3, 3, len(directory), len(parts), 0)
    )
