"""The ways in which an uploaded file is refused, each with what a person does next.

They are `SourceError`s, because a spreadsheet is a source too: a run that meets one fails with its
code and sentence. None of them ever holds a value of a cell.
"""

from typing import Final

from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.errors import SourceError


class UploadRefused(SourceError):
    """The file can't be taken as it is. Nothing of it was read into Rollbook."""

    code = "upload_refused"


class TooLarge(UploadRefused):
    """More bytes than a file may have."""

    code = "too_large"


class UnpacksTooLarge(UploadRefused):
    """Its parts are too many, would fill too much memory, or are packed tighter than real data."""

    code = "unpacks_too_large"


class TooManyRows(UploadRefused):
    """More rows with something in them than we read."""

    code = "too_many_rows"


class TooManyColumns(UploadRefused):
    """A cell further to the right than we read has something in it."""

    code = "too_many_columns"


class Encrypted(UploadRefused):
    """It needs a password to open."""

    code = "encrypted"


class MacroFile(UploadRefused):
    """It has macros. We never run any; the same file without them holds the same data."""

    code = "macro_file"


class NotASpreadsheet(UploadRefused):
    """Something else, whatever its name says."""

    code = "not_a_spreadsheet"


class Damaged(UploadRefused):
    """It begins like a spreadsheet, but can't be read to its end."""

    code = "damaged"


class Empty(UploadRefused):
    """There is nothing in it, or nothing in the chosen sheet."""

    code = "empty"


class NoHeader(UploadRefused):
    """No row looks like the names of columns. A person points at it, or adds one."""

    code = "no_header"


class NoSuchSheet(UploadRefused):
    """The chosen sheet isn't in this file."""

    code = "no_such_sheet"


class WrongEncoding(UploadRefused):
    """The text can't be read in the encoding that was chosen."""

    code = "wrong_encoding"


class UnclosedQuote(UploadRefused):
    """A cell of a text file is longer than a cell can be: a quotation mark is never closed."""

    code = "unclosed_quote"


class FileGone(UploadRefused):
    """The file was deleted, because it was kept as long as files are kept."""

    code = "file_gone"


class TookTooLong(UploadRefused):
    """The reader used up its time."""

    code = "took_too_long"


class TookTooMuchMemory(UploadRefused):
    """The reader used up its memory."""

    code = "took_too_much_memory"


REFUSALS: Final[dict[str, type[UploadRefused]]] = {
    refusal.code: refusal
    for refusal in (
        UploadRefused,
        TooLarge,
        UnpacksTooLarge,
        TooManyRows,
        TooManyColumns,
        Encrypted,
        MacroFile,
        NotASpreadsheet,
        Damaged,
        Empty,
        NoHeader,
        NoSuchSheet,
        WrongEncoding,
        UnclosedQuote,
        FileGone,
        TookTooLong,
        TookTooMuchMemory,
    )
}


def memory_used_up() -> TookTooMuchMemory:
    """Return the error for a file that takes too much memory.

    Its words are the same whether the child noticed in time or was ended.
    """
    return TookTooMuchMemory(
        _(
            "Reading the file takes more memory than an upload may have. Mostly there is something "
            "in a cell far below or far to the right."
        ),
        _("Copy only the table into a new, empty workbook and upload that; or save it as csv."),
    )
