"""What the reader and its child process send each other: a task, then frames.

The first frame is a `Reply`, each further frame is a packed `Row`.
"""

import struct
from typing import Final

import msgspec

from rollbook.roster.translation import Phrase
from rollbook.sources.spreadsheet.errors import REFUSALS, UploadRefused
from rollbook.sources.spreadsheet.rows import EncodingCandidate, UploadBounds

LENGTH: Final = struct.Struct("<I")  # before each frame


class Task(msgspec.Struct, frozen=True):
    """What the child has to read. It is the child's only argument.

    `encoding` is one of `csv_choices.ENCODINGS`, `hidden_rows` one of `HiddenRows`.
    """

    bounds: UploadBounds
    file_name: str
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    hidden_rows: str | None = None


class Text(msgspec.Struct, frozen=True):
    """A text for people, in parts, so that it can be translated after it was sent.

    `values` are put in as they are, `text_values` are texts that are translated first.
    """

    template: str
    values: dict[str, str] = {}
    text_values: dict[str, str] = {}

    @classmethod
    def of(cls, text: str) -> "Text":
        """Return the parts of a phrase or a marked text."""
        if not isinstance(text, Phrase):
            return cls(text)
        values, text_values = {}, {}
        for name, value in text.values.items():
            if isinstance(value, Phrase):
                text_values[name] = str(value)
            else:
                values[name] = str(value)
        return cls(text.template, values, text_values)

    def phrase(self) -> Phrase:
        """Return the phrase again.

        Names that a phrase can't have are dropped: nobody trusts them.
        """
        values: dict[str, object] = dict(self.values)
        for name, text in self.text_values.items():
            values[name] = Phrase(text)
        for parameter in ("cls", "template"):
            values.pop(parameter, None)
        return Phrase(self.template, **values)


class Facts(msgspec.Struct, frozen=True):
    """What the child found out about the file before its rows."""

    kind: str
    sheets: tuple[str, ...]
    sheet: str
    encoding: str | None
    delimiter: str | None
    width: int
    rows: int
    notes: tuple[Text, ...]
    encodings: tuple[EncodingCandidate, ...] = ()
    hidden_rows: int = 0


class Refusal(msgspec.Struct, frozen=True):
    """An `UploadRefused`, by its code and its texts."""

    code: str
    what: Text
    remedy: Text

    @classmethod
    def of(cls, error: UploadRefused) -> "Refusal":
        return cls(error.code, Text.of(error.what), Text.of(error.remedy))

    def error(self) -> UploadRefused:
        kind = REFUSALS.get(self.code, UploadRefused)
        return kind(self.what.phrase(), self.remedy.phrase())


class Reply(msgspec.Struct, frozen=True):
    """The child's first frame: facts or a refusal."""

    facts: Facts | None = None
    refusal: Refusal | None = None
