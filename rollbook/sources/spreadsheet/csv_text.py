"""Opens a csv: its encoding and its delimiter. Runs in the reader's child process."""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

import charset_normalizer

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.spreadsheet.csv_choices import DELIMITERS, ENCODINGS
from rollbook.sources.spreadsheet.csv_rows import SAMPLE_ROWS, rows_of
from rollbook.sources.spreadsheet.errors import NotASpreadsheet, WrongEncoding
from rollbook.sources.spreadsheet.kinds import SAVE_AS
from rollbook.sources.spreadsheet.rows import Row

SAMPLE: Final = 65_536  # characters
MOST_CONTROLS: Final = 0.02  # of a sample; a picture has a tenth, a table at most a single one
UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")

_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1f]")
# Excel's own hint: it doesn't show this row either.
_SEPARATOR_LINE: Final = re.compile(r"\ufeff?sep=([,;\t|])\n", re.IGNORECASE)
_NON_ASCII: Final = re.compile(rb"[^\x00-\x7f]")


class Text(NamedTuple):
    """A csv that can be read. `notes` may still grow while `rows` are read."""

    encoding: str
    delimiter: str
    rows: Iterator[Row]
    notes: list[str]


def read_text(content: bytes, encoding: str | None, delimiter: str | None, longest: int) -> Text:
    """Open a csv. `longest` is how many characters a cell may have.

    An unknown encoding or delimiter is detected. Raises an `UploadRefused`, in some cases only when
    the rows are read.
    """
    notes: list[str] = []
    used = encoding if encoding in ENCODINGS else detected_encoding(content, notes)
    text = _decoded(content, used)
    sample = text[:SAMPLE]
    if len(_CONTROLS.findall(sample)) > len(sample) * MOST_CONTROLS:
        raise NotASpreadsheet(_("The file is neither a spreadsheet nor text."), SAVE_AS)
    # `newline=None` makes one line feed of each line end: also of the lone CR of old Macs, which
    # csv refuses.
    lines = io.StringIO(newline=None)
    lines.write(text)
    del text
    lines.seek(0)
    hint = _SEPARATOR_LINE.match(lines.readline())
    if not hint:
        lines.seek(0)
    if delimiter not in DELIMITERS:
        delimiter = hint[1] if hint else detected_delimiter(sample)
    return Text(used, delimiter, rows_of(lines.readlines(), delimiter, longest, notes), notes)


def detected_encoding(content: bytes, notes: list[str]) -> str:
    """Return one of `ENCODINGS`. A guess is added to `notes`: the file doesn't say it."""
    if content.startswith(UTF_16_MARKS) or _is_utf_16_without_mark(content):
        return "utf-16"
    if _can_be(content, "utf-8"):
        return "utf-8"
    used = _guessed_encoding(content)
    note = _(
        "The file doesn't say how its letters are written; it was read as {encoding}. Look at "
        "names with accents."
    )
    notes.append(Phrase(note, encoding=Phrase(ENCODINGS[used])))
    return used


def _is_utf_16_without_mark(content: bytes) -> bool:
    start = content[:1000]
    zeros = max(start[::2].count(0), start[1::2].count(0))
    return len(start) > 3 and zeros > len(start) / 4


def _guessed_encoding(content: bytes) -> str:
    telling = _lines_with_accents(content)
    guesses = []
    for guess in charset_normalizer.from_bytes(
        telling, cp_isolation=["cp1252", "mac_roman"], threshold=1.0
    ):
        if guess.encoding in ENCODINGS:
            guesses.append(guess)
    if not guesses:
        return "cp1252" if _can_be(content, "cp1252") else "mac_roman"
    least = min(guess.chaos for guess in guesses)
    likeliest = []
    for guess in guesses:
        if guess.chaos == least and _can_be(content, guess.encoding):
            likeliest.append(guess.encoding)
    # Sorted, so that cp1252 is taken where both are equally likely.
    return max(
        sorted(likeliest),
        key=lambda name: _lower_case_letters(telling.decode(name)),
        default="mac_roman",
    )


def _lines_with_accents(content: bytes) -> bytes:
    """Return lines that have a byte beyond ASCII: only they tell the encodings apart."""
    lines = content[: SAMPLE * 16].splitlines()
    telling = b"\n".join(line for line in lines if _NON_ASCII.search(line))
    return telling[:SAMPLE] or content[-SAMPLE:]


def _can_be(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _lower_case_letters(text: str) -> int:
    """Return how many letters beyond ASCII are lower case.

    Most of them are inside of names, where upper case such as "MŸller" would be wrong.
    """
    return sum(1 for letter in text if letter > "\x7f" and letter.islower())


def _decoded(content: bytes, encoding: str) -> str:
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    if encoding == "utf-16" and not content.startswith(UTF_16_MARKS):
        is_big_endian = content[:1000:2].count(0) > content[1:1000:2].count(0)
        codec = "utf-16-be" if is_big_endian else "utf-16-le"
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        what = Phrase(
            _("The file can't be read as {encoding}."), encoding=Phrase(ENCODINGS[encoding])
        )
        raise WrongEncoding(what, _("Choose another encoding.")) from error


def detected_delimiter(sample: str) -> str:
    """Return the delimiter that cuts most rows into the same number of cells; else a comma."""
    text = sample.replace("\r\n", "\n").replace("\r", "\n")
    if len(sample) == SAMPLE:  # its last line may be cut
        text = text.rpartition("\n")[0] or text
    return max(DELIMITERS, key=lambda delimiter: _evenness(text, delimiter))


def _evenness(text: str, delimiter: str) -> float:
    """Return how evenly a delimiter cuts the rows; more cells count for more, one cell for 0."""
    widths: Counter[int] = Counter()
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter)):
            if cells:
                widths[len(cells)] += 1
            if number == SAMPLE_ROWS:
                break
    except csv.Error:
        return 0.0
    if not widths:
        return 0.0
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return (count / widths.total()) ** 2 * math.log2(width)
