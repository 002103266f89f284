"""What kind of file it is, by its content, and whether a packed one may be unpacked at all. Runs in the reader's child process."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from rollbook.sources.spreadsheet.errors import (
    Damaged,
    Empty,
    Encrypted,
    MacroFile,
    NotASpreadsheet,
    UnpacksTooLarge,
)
from rollbook.sources.spreadsheet.reader import UploadBounds

OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of .xls, and of every Office file with a password
BIFF: Final = (
    b"\x09\x08\x10\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x02\x06\x00",
    b"\x09\x00\x04\x00",
)  # .xls before its container
LONGEST_DIRECTORY: Final = 1_000_000  # bytes; 1,000 members of long names take a fifth of it
CHUNK: Final = 1_000_000
NAMES: Final = {
    "csv": "text (csv)",
    "xls": "an old Excel workbook (xls)",
    "xlsx": "an Excel workbook (xlsx)",
    "ods": "an OpenDocument sheet",
}
ENDINGS: Final = {
    "csv": ("csv", "txt", "tsv", "tab"),
    "xls": ("xls",),
    "xlsx": ("xlsx",),
    "ods": ("ods",),
}
SAVE_AS: Final = "Open it in your spreadsheet program, save it as an Excel workbook (.xlsx) or as csv, and upload that."
MANIFEST: Final = "META-INF/manifest.xml"
OTHER_FILES: Final = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text document"),
    (b"\x1f\x8b", "a packed archive"),
    (b"Rar!", "a packed archive"),
    (b"7z\xbc\xaf", "a packed archive"),
    (b"SQLite format 3", "a database"),
)


def kind_of(content: bytes, bounds: UploadBounds) -> str:
    """csv, xls, xlsx or ods. Raises an `UploadRefused` for everything else, and for what must not be unpacked."""
    if not content.strip(b"\0\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise Empty(
            "There is nothing in the file.",
            "Check that you chose the right file, and that it was saved.",
        )
    if content.startswith(b"PK\x03\x04") or content.startswith(b"PK\x05\x06"):
        return _kind_of_zip(content, bounds)
    if content.startswith(OLE):
        return _kind_of_ole(content)
    if content.startswith(BIFF):
        return "xls"
    for beginning, what in OTHER_FILES:
        if content.startswith(beginning):
            raise _other(what)
    start = content[:1000].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1]
    if start == b"<":  # many systems export a web page and call it .xls
        raise _other("a web page or XML")
    if start in (b"{", b"["):
        raise _other("JSON")
    return "csv"


def name_note(kind: str, file_name: str) -> Iterator[str]:
    """A sentence where the name promises something else than the content holds."""
    ending = file_name.rpartition(".")[2].lower() if "." in file_name else ""
    if ending not in ENDINGS[kind]:
        yield (
            f"The file is called .{ending}, but holds {NAMES[kind]}; it was read as that."
            if ending
            else f"The file holds {NAMES[kind]}."
        )


def _other(what: str) -> NotASpreadsheet:
    return NotASpreadsheet(f"The file is {what}, not a spreadsheet.", SAVE_AS)


def _kind_of_ole(content: bytes) -> str:
    def holds(stream: str) -> bool:
        return stream.encode("utf-16-le") in content

    if holds("EncryptedPackage"):
        raise encrypted()
    if holds("_VBA_PROJECT_CUR"):
        raise macros()
    if holds("WordDocument"):
        raise _other("a text document")
    if not holds("Workbook") and not holds("Book"):
        raise _other("an Office file of another kind")
    return "xls"


def encrypted() -> Encrypted:
    return Encrypted(
        "The file is protected with a password, so it can't be read.",
        "Open it, take the password off (Excel: File > Info > Protect Workbook > Encrypt with Password) and save it again.",
    )


def macros() -> MacroFile:
    return MacroFile(
        "The file holds macros. Rollbook takes no such files, and has run nothing.",
        "Save it as an Excel workbook (.xlsx).",
    )


def _kind_of_zip(content: bytes, bounds: UploadBounds) -> str:
    _check_directory(content, bounds)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            names = {member.filename for member in packed.infolist()}
            if any(member.flag_bits & 1 for member in packed.infolist()):
                raise encrypted()
            _check_unpacked(packed, len(content), bounds)
            kind = _kind_by_names(names, packed)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        ValueError,
        OSError,
    ) as error:
        raise Damaged(
            "The file begins like a workbook, but is cut off or damaged.",
            "Save it again and upload that.",
        ) from error
    return kind


def _kind_by_names(names: set[str], packed: zipfile.ZipFile) -> str:
    if any(
        name.lower().endswith("vbaproject.bin") or name.startswith("xl/macrosheets/")
        for name in names
    ):
        raise macros()
    if "xl/workbook.bin" in names:
        raise _other("a binary Excel workbook (.xlsb)")
    if "[Content_Types].xml" in names and any(name.lower().startswith("xl/") for name in names):
        return "xlsx"
    if (
        "content.xml" in names
        and "mimetype" in names
        and packed.read("mimetype").startswith(b"application/vnd.oasis.opendocument.spreads")
    ):
        if MANIFEST in names and b"encryption-data" in packed.read(MANIFEST):
            raise encrypted()
        return "ods"
    if any(name.endswith(".iwa") for name in names):
        raise NotASpreadsheet(
            "The file is of Apple Numbers or its like.",
            "In Numbers choose File > Export To > Excel, and upload that.",
        )
    raise _other("a packed archive or a document")


def _check_directory(content: bytes, bounds: UploadBounds) -> None:
    """Before Python's zipfile makes an object of each entry: 10 MB hold 200,000 of them. The stated count may lie, the bytes don't."""
    end = content.rfind(b"PK\x05\x06", max(0, len(content) - 65_557))
    if end < 0 or len(content) < end + 22:
        raise Damaged(
            "The file begins like a workbook, but is cut off.",
            "Save or copy it again and upload that.",
        )
    stated, size = (
        int.from_bytes(content[end + 10 : end + 12], "little"),
        int.from_bytes(content[end + 12 : end + 16], "little"),
    )
    is_zip64 = content[max(0, end - 20) : end].startswith(
        b"PK\x06\x07"
    )  # only needed beyond 65,535 parts or 4 GB
    if is_zip64 or stated > bounds.members or size > LONGEST_DIRECTORY:
        raise _too_many_parts(bounds)


def _check_unpacked(packed: zipfile.ZipFile, size: int, bounds: UploadBounds) -> None:
    """Unpacks every part and throws it away, a piece at a time, since the directory may understate the sizes."""
    members = packed.infolist()
    if len(members) > bounds.members:
        raise UnpacksTooLarge(
            f"The file is packed from {len(members):,} parts; at most {bounds.members:,} are read.",
            "Use a new workbook.",
        )
    most = min(bounds.unpacked_bytes, size * bounds.ratio)
    if sum(member.file_size for member in members) > most:
        raise _unpacks_too_large(bounds)
    unpacked = 0
    for member in members:
        with packed.open(member) as part:
            while piece := part.read(CHUNK):
                unpacked += len(piece)
                if unpacked > most:
                    raise _unpacks_too_large(bounds)


def _too_many_parts(bounds: UploadBounds) -> UnpacksTooLarge:
    return UnpacksTooLarge(
        f"The file is packed from more than {bounds.members:,} parts; workbooks of students have a few dozen.",
        "Copy only the table into a new, empty workbook and upload that.",
    )


def _unpacks_too_large(bounds: UploadBounds) -> UnpacksTooLarge:
    return UnpacksTooLarge(
        f"Unpacked, the file is more than {bounds.unpacked_bytes / 1_000_000:g} MB, or more than {bounds.ratio} times what it was.",
        "Copy only the table into a new, empty workbook, as values only, and upload that.",
    )
