"""Finds out what kind of file an upload is, and whether it may be unpacked.

Its content decides, not its name. Runs in the reader's child process.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.spreadsheet.errors import (
    Damaged,
    Empty,
    Encrypted,
    MacroFile,
    NotASpreadsheet,
    UnpacksTooLarge,
)
from rollbook.sources.spreadsheet.rows import UploadBounds

# The container of .xls, and of every Office file with a password.
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# .xls of the years before it had a container.
BIFF: Final = (
    b"\x09\x08\x10\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x02\x06\x00",
    b"\x09\x00\x04\x00",
)
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
END_OF_DIRECTORY: Final = b"PK\x05\x06"
ZIP64_LOCATOR: Final = b"PK\x06\x07"
LONGEST_DIRECTORY: Final = 1_000_000  # bytes; 1,000 members of long names take a fifth of it
CHUNK: Final = 1_000_000
NAMES: Final = {
    "csv": _("text (csv)"),
    "xls": _("an old Excel workbook (xls)"),
    "xlsx": _("an Excel workbook (xlsx)"),
    "ods": _("an OpenDocument sheet"),
}
ENDINGS: Final = {
    "csv": ("csv", "txt", "tsv", "tab"),
    "xls": ("xls",),
    "xlsx": ("xlsx",),
    "ods": ("ods",),
}
SAVE_AS: Final = _(
    "Open it in your spreadsheet program, save it as an Excel workbook (.xlsx) or as csv, and "
    "upload that."
)
MANIFEST: Final = "META-INF/manifest.xml"
ODS_TYPE: Final = b"application/vnd.oasis.opendocument.spreads"
PICTURE: Final = _("a picture")
TEXT_DOCUMENT: Final = _("a text document")
PACKED_ARCHIVE: Final = _("a packed archive")
OTHER_FILES: Final = (
    (b"%PDF", _("a PDF")),
    (b"\x89PNG", PICTURE),
    (b"\xff\xd8\xff", PICTURE),
    (b"GIF8", PICTURE),
    (b"{\\rtf", TEXT_DOCUMENT),
    (b"\x1f\x8b", PACKED_ARCHIVE),
    (b"Rar!", PACKED_ARCHIVE),
    (b"7z\xbc\xaf", PACKED_ARCHIVE),
    (b"SQLite format 3", _("a database")),
)

START: Final = 65_536  # bytes in which the signs of a web page are looked for
# "<!" and "<?", or a "<" and somewhere later the end of an element.
_WEB_PAGE: Final = re.compile(rb"<(?:[!?]|.*?(?:</[a-z]|/>))", re.IGNORECASE | re.DOTALL)
_JSON: Final = re.compile(rb'\{\s*["}]|\[\s*["{\[\]]')


def kind_of(content: bytes, bounds: UploadBounds) -> str:
    """Return csv, xls, xlsx or ods.

    Raises an `UploadRefused` for everything else, and for what must not be unpacked.
    """
    if not content.strip(b"\0\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise Empty(
            _("There is nothing in the file."),
            _("Check that you chose the right file, and that it was saved."),
        )
    if content.startswith(ZIP):
        return _kind_of_zip(content, bounds)
    if content.startswith(OLE):
        return _kind_of_ole(content)
    if content.startswith(BIFF):
        return "xls"
    for beginning, name in OTHER_FILES:
        if content.startswith(beginning):
            raise _not_a_spreadsheet(name)
    # A heading may begin with the same signs, as in [Students]First_Name or <Student ID>.
    start = content[:START].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if _WEB_PAGE.match(start):  # many systems export a web page and call it .xls
        raise _not_a_spreadsheet(_("a web page or XML"))
    if _JSON.match(start):
        raise _not_a_spreadsheet("JSON")
    return "csv"


def name_note(kind: str, file_name: str) -> Iterator[Phrase]:
    """Yield a sentence where the name promises something else than the content holds."""
    ending = file_name.rpartition(".")[2].lower() if "." in file_name else ""
    if ending in ENDINGS[kind]:
        return
    kind_name = Phrase(NAMES[kind])
    if ending:
        note = _("The file is called .{ending}, but holds {kind}; it was read as that.")
        yield Phrase(note, ending=ending, kind=kind_name)
    else:
        yield Phrase(_("The file holds {kind}."), kind=kind_name)


def _not_a_spreadsheet(name: str) -> NotASpreadsheet:
    """Return the error for a file of another kind, which has this name."""
    what = _("The file is {kind}, not a spreadsheet.")
    return NotASpreadsheet(Phrase(what, kind=Phrase(name)), SAVE_AS)


def _kind_of_ole(content: bytes) -> str:
    def has(stream: str) -> bool:
        return stream.encode("utf-16-le") in content

    if has("EncryptedPackage"):
        raise encrypted()
    if has("_VBA_PROJECT_CUR"):
        raise macros()
    if has("WordDocument"):
        raise _not_a_spreadsheet(TEXT_DOCUMENT)
    if not has("Workbook") and not has("Book"):
        raise _not_a_spreadsheet(_("an Office file of another kind"))
    return "xls"


def encrypted() -> Encrypted:
    """Return the error for a file with a password."""
    return Encrypted(
        _("The file is protected with a password, so it can't be read."),
        _(
            "Open it, take the password off (Excel: File > Info > Protect Workbook > Encrypt with "
            "Password) and save it again."
        ),
    )


def macros() -> MacroFile:
    """Return the error for a file with macros."""
    return MacroFile(
        _("The file has macros. Rollbook takes no such files, and ran none of them."),
        _("Save it as an Excel workbook (.xlsx)."),
    )


def _kind_of_zip(content: bytes, bounds: UploadBounds) -> str:
    _check_directory(content, bounds)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if any(member.flag_bits & 1 for member in members):
                raise encrypted()
            _check_unpacked(archive, len(content), bounds)
            return _kind_by_names(archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        ValueError,
        OSError,
    ) as error:
        raise Damaged(
            _("The file begins like a workbook, but is cut off or damaged."),
            _("Save it again and upload that."),
        ) from error


def _kind_by_names(archive: zipfile.ZipFile) -> str:
    names = {member.filename for member in archive.infolist()}
    if any(_is_macro_part(name) for name in names):
        raise macros()
    if "xl/workbook.bin" in names:
        raise _not_a_spreadsheet(_("a binary Excel workbook (.xlsb)"))
    if "[Content_Types].xml" in names and any(name.lower().startswith("xl/") for name in names):
        return "xlsx"
    is_document = "content.xml" in names and "mimetype" in names
    if is_document and archive.read("mimetype").startswith(ODS_TYPE):
        if MANIFEST in names and b"encryption-data" in archive.read(MANIFEST):
            raise encrypted()
        return "ods"
    if any(name.endswith(".iwa") for name in names):
        raise NotASpreadsheet(
            _("The file is from Apple Numbers or a similar program."),
            _("In Numbers choose File > Export To > Excel, and upload that."),
        )
    raise _not_a_spreadsheet(_("a packed archive or a document"))


def _is_macro_part(name: str) -> bool:
    return name.lower().endswith("vbaproject.bin") or name.startswith("xl/macrosheets/")


def _check_directory(content: bytes, bounds: UploadBounds) -> None:
    """Refuse a zip whose directory is too long. The stated count may be false, the bytes are not.

    It runs before Python's zipfile makes an object of each entry: 10 MB hold 200,000 of them.
    """
    end = content.rfind(END_OF_DIRECTORY, max(0, len(content) - 65_557))
    if end < 0 or len(content) < end + 22:
        raise Damaged(
            _("The file begins like a workbook, but is cut off."),
            _("Save or copy it again and upload that."),
        )
    members = int.from_bytes(content[end + 10 : end + 12], "little")
    size = int.from_bytes(content[end + 12 : end + 16], "little")
    # zip64 is only needed beyond 65,535 parts or 4 GB.
    is_zip64 = content[max(0, end - 20) : end].startswith(ZIP64_LOCATOR)
    if is_zip64 or members > bounds.members or size > LONGEST_DIRECTORY:
        raise _too_many_parts(bounds)


def _check_unpacked(archive: zipfile.ZipFile, size: int, bounds: UploadBounds) -> None:
    """Refuse a zip that unpacks to too much.

    Every part is unpacked, a piece at a time, because the directory may understate the sizes.
    """
    members = archive.infolist()
    if len(members) > bounds.members:
        what = _("The file is packed from {parts} parts; at most {most} are read.")
        parts, most = f"{len(members):,}", f"{bounds.members:,}"
        raise UnpacksTooLarge(Phrase(what, parts=parts, most=most), _("Use a new workbook."))
    most_bytes = min(bounds.unpacked_bytes, size * bounds.ratio)
    if sum(member.file_size for member in members) > most_bytes:
        raise _unpacks_too_large(bounds)
    unpacked = 0
    for member in members:
        with archive.open(member) as part:
            while piece := part.read(CHUNK):
                unpacked += len(piece)
                if unpacked > most_bytes:
                    raise _unpacks_too_large(bounds)


def _too_many_parts(bounds: UploadBounds) -> UnpacksTooLarge:
    what = _(
        "The file is packed from more than {most} parts; workbooks of students have a few dozen."
    )
    return UnpacksTooLarge(
        Phrase(what, most=f"{bounds.members:,}"),
        _("Copy only the table into a new, empty workbook and upload that."),
    )


def _unpacks_too_large(bounds: UploadBounds) -> UnpacksTooLarge:
    what = _(
        "Unpacked, the file has more than {size} MB, or is more than {ratio} times as large as "
        "before."
    )
    return UnpacksTooLarge(
        Phrase(what, size=f"{bounds.unpacked_bytes / 1_000_000:g}", ratio=bounds.ratio),
        _("Copy only the table into a new, empty workbook, as values only, and upload that."),
    )
