"""Every way an uploaded file can be refused, each with what a person does next.

They are `SourceError`s, since a spreadsheet is just another source: a run that meets one fails with its code and sentence. None of
them ever holds a value of a cell.
"""

from typing import Final

from rollbook.sources.errors import SourceError


class UploadRefused(SourceError):
    """The file can't be taken as it is. Nothing of it was read into Rollbook."""

    code = "upload_refused"


class TooLarge(UploadRefused):
    """More bytes than a file may have."""

    code = "too_large"


class UnpacksTooLarge(UploadRefused):
    """Its parts would fill more than we unpack, there are too many of them, or they are packed tighter than any school's data."""

    code = "unpacks_too_large"


class TooManyRows(UploadRefused):
    """More rows with something in them than we read."""

    code = "too_many_rows"


class TooManyColumns(UploadRefused):
    """Something stands further to the right than we read."""

    code = "too_many_columns"


class Encrypted(UploadRefused):
    """It takes a password to open."""

    code = "encrypted"


class MacroFile(UploadRefused):
    """It holds macros. We never run any; a file without them is the same data with less to fear."""

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
    """A cell of a text file goes on for longer than a cell can: a quotation mark that nobody closed."""

    code = "unclosed_quote"


class FileGone(UploadRefused):
    """Its time is over: the file was deleted."""

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
        *(
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
        ),
        *(
            NoHeader,
            NoSuchSheet,
            WrongEncoding,
            UnclosedQuote,
            FileGone,
            TookTooLong,
            TookTooMuchMemory,
        ),
    )
}
