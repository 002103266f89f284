"""A csv → rows: which encoding, which delimiter, and where a quotation mark went astray. Runs in the reader's child process."""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from rollbook.sources.spreadsheet.errors import NotASpreadsheet, UnclosedQuote, WrongEncoding
from rollbook.sources.spreadsheet.kinds import SAVE_AS
from rollbook.sources.spreadsheet.reader import Row

ENCODINGS: Final = {
    "utf-8": "Unicode (UTF-8)",
    "utf-16": "Unicode (UTF-16)",
    "cp1252": "Windows, Western",
    "mac_roman": "Mac, Western",
}
DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
SAMPLE: Final = 65_536
SAMPLE_ROWS: Final = 200
MOST_CONTROLS: Final = 0.02  # of a sample; a picture has a tenth, a table at most a stray one

_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1f]")
_SEPARATOR_LINE: Final = re.compile(
    r"\ufeff?sep=([,;\t|])\n", re.IGNORECASE
)  # Excel's own hint: it shows no such row either
_OTHER_LETTER: Final = re.compile(rb"[^\x00-\x7f]")


class Text(NamedTuple):
    """A csv that can be read: `rows` does it."""

    encoding: str
    delimiter: str
    rows: Iterator[Row]
    notes: list[str]


def read_text(content: bytes, encoding: str | None, delimiter: str | None, longest: int) -> Text:
    """`longest` is how many characters a cell may have. Raises an `UploadRefused`, some of them only as the rows are read."""
    notes: list[str] = []
    used = encoding if encoding in ENCODINGS else detected_encoding(content, notes)
    text = _decoded(content, used)
    sample = text[:SAMPLE]
    if len(_CONTROLS.findall(sample)) > len(sample) * MOST_CONTROLS:
        raise NotASpreadsheet("The file is neither a spreadsheet nor text.", SAVE_AS)
    lines = io.StringIO(
        newline=None
    )  # makes one line feed of each line end: also of the lone CR of old Macs, which csv refuses
    lines.write(text)
    del text
    lines.seek(0)
    hint = _SEPARATOR_LINE.match(lines.readline())
    if not hint:
        lines.seek(0)
    used_delimiter = (
        delimiter if delimiter in DELIMITERS else hint[1] if hint else detected_delimiter(sample)
    )
    return Text(used, used_delimiter, _rows(lines, used_delimiter, longest, notes), notes)


def detected_encoding(content: bytes, notes: list[str]) -> str:
    """One of `ENCODINGS`. A guess is put into `notes`: nothing in the file says whether an é was meant."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = content[:1000]
    if (
        len(start) > 3 and max(start[::2].count(0), start[1::2].count(0)) > len(start) / 4
    ):  # UTF-16 without its mark
        return "utf-16"
    try:
        content.decode()
        return "utf-8"
    except UnicodeDecodeError:
        pass
    used = _guessed_encoding(content)
    notes.append(
        f"The file doesn't say how its letters are written; it was read as {ENCODINGS[used]}. Look at names with accents."
    )
    return used


def _guessed_encoding(content: bytes) -> str:
    from charset_normalizer import (
        from_bytes,
    )  # takes a third of the child's start, and most files don't need it

    telling = (
        b"\n".join(
            line for line in content[: SAMPLE * 16].splitlines() if _OTHER_LETTER.search(line)
        )[:SAMPLE]
        or content[-SAMPLE:]
    )
    guesses = [
        guess
        for guess in from_bytes(telling, cp_isolation=["cp1252", "mac_roman"], threshold=1.0)
        if guess.encoding in ENCODINGS
    ]
    if not guesses:
        return "cp1252" if _can_be(content, "cp1252") else "mac_roman"
    least = min(guess.chaos for guess in guesses)
    even = [
        guess.encoding
        for guess in guesses
        if guess.chaos == least and _can_be(content, guess.encoding)
    ]
    return max(
        sorted(even), key=lambda name: _likely_letters(telling.decode(name)), default="mac_roman"
    )  # cp1252 where they are even


def _can_be(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _likely_letters(text: str) -> int:
    """How many letters beyond ASCII are small ones: in a name's middle, where "MŸller" would be wrong."""
    return sum(1 for letter in text if letter > "\x7f" and letter.islower())


def _decoded(content: bytes, encoding: str) -> str:
    if encoding == "utf-16" and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = (
            "utf-16-be" if content[:1000:2].count(0) > content[1:1000:2].count(0) else "utf-16-le"
        )
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise WrongEncoding(
            f"The file can't be read as {ENCODINGS.get(encoding, 'UTF-16')}.",
            "Choose another encoding.",
        ) from error


def detected_delimiter(sample: str) -> str:
    """The one that cuts most rows into the same number of cells; a comma where none does."""
    whole = len(sample) < SAMPLE
    text = sample.replace("\r\n", "\n").replace("\r", "\n")
    text = text if whole else text.rpartition("\n")[0] or text

    def score(delimiter: str) -> float:
        widths: Counter[int] = Counter()
        try:
            for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter)):
                if cells:
                    widths[len(cells)] += 1
                if number == SAMPLE_ROWS:
                    break
        except csv.Error:
            return 0.0
        width, often = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        return (often / widths.total()) ** 2 * math.log2(width) if often else 0.0

    return max(DELIMITERS, key=score)


def _rows(lines: io.StringIO, delimiter: str, longest: int, notes: list[str]) -> Iterator[Row]:
    """Rows numbered as a spreadsheet program shows them: a cell with line breaks is one row, an empty line is a row too."""
    csv.field_size_limit(longest)
    start = lines.tell()
    strict = _is_strict(lines, delimiter)
    lines.seek(start)
    if not strict:
        notes.append(
            "Some quotation marks in the file stand where csv has none; look at the cells near them."
        )
    number = 0
    try:
        for number, cells in enumerate(csv.reader(lines, delimiter=delimiter, strict=strict), 1):
            yield Row(number, [cell if cell and not cell.isspace() else None for cell in cells])
    except csv.Error as error:
        raise _unclosed(number + 1) from error


def _is_strict(lines: io.StringIO, delimiter: str) -> bool:
    """Whether all quotation marks stand where they belong. Raises `UnclosedQuote` where one is open to the end."""
    number = 0
    try:
        for _ in csv.reader(lines, delimiter=delimiter, strict=True):
            number += 1
    except csv.Error as error:
        if "expected after" not in str(error):
            raise _unclosed(number + 1) from error
        return False
    return True


def _unclosed(number: int) -> UnclosedQuote:
    return UnclosedQuote(
        f"A cell in row {number:,} goes on for longer than a cell can. Mostly a quotation mark is opened there and never closed.",
        'Look at that row for a single " and delete it; or upload the Excel workbook instead.',
    )
