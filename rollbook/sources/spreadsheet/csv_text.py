"""Opens a csv: its encoding and its delimiter. Runs in the reader's child process."""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.spreadsheet.csv_choices import DELIMITERS, ENCODINGS
from rollbook.sources.spreadsheet.csv_encoding import Detected, decoded, detect, guess_note
from rollbook.sources.spreadsheet.csv_rows import SAMPLE_ROWS, rows_of
from rollbook.sources.spreadsheet.errors import NotASpreadsheet
from rollbook.sources.spreadsheet.foreign_letters import with_foreign_letters_marked
from rollbook.sources.spreadsheet.kinds import SAVE_AS
from rollbook.sources.spreadsheet.rows import EncodingCandidate, Row

SAMPLE: Final = 65_536  # characters
FEW_CONTROLS: Final = 5  # in a small file they are problems of their rows
MOST_CONTROLS: Final = 0.02  # of a sample; a picture has a tenth, a table at most a single one

_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1f]")
# Excel's own hint: it doesn't show this row either.
_SEPARATOR_LINE: Final = re.compile(r"\ufeff?sep=([,;\t|])\n", re.IGNORECASE)


class Text(NamedTuple):
    """A csv that can be read. `notes` may still grow while `rows` are read."""

    encoding: str
    encodings: tuple[EncodingCandidate, ...]
    delimiter: str
    rows: Iterator[Row]
    notes: list[str]


def read_text(content: bytes, encoding: str | None, delimiter: str | None, longest: int) -> Text:
    """Open a csv. `longest` is how many characters a cell may have.

    An unknown encoding or delimiter is detected. Raises an `UploadRefused`, in some cases only when
    the rows are read.
    """
    notes: list[str] = []
    detected = Detected(encoding) if encoding in ENCODINGS else detect(content)
    if detected.is_guess:
        notes.append(guess_note(detected.encoding))
    text = decoded(content, detected.encoding)
    sample = text[:SAMPLE]
    if len(_CONTROLS.findall(sample)) > max(FEW_CONTROLS, len(sample) * MOST_CONTROLS):
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
    rows = rows_of(lines.readlines(), delimiter, longest, notes)
    rows = with_foreign_letters_marked(rows, detected.encoding)
    return Text(detected.encoding, detected.candidates, delimiter, rows, notes)


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
