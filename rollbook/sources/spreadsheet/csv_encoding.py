"""In which encoding a csv is written: detected, or a question where several are plausible."""

import re
import unicodedata
from typing import Final, NamedTuple

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.spreadsheet.csv_choices import CODECS, ENCODINGS
from rollbook.sources.spreadsheet.errors import WrongEncoding
from rollbook.sources.spreadsheet.letters import likeness
from rollbook.sources.spreadsheet.rows import EncodingCandidate

UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
SEARCHED: Final = 1_000_000  # bytes at the beginning in which lines with accents are looked for
SAMPLE: Final = 65_536  # bytes of such lines that are judged
PLAUSIBLE: Final = 0.85  # of the best encoding's likeness, from which another one is plausible too
SURE: Final = 0.4  # below this likeness even the best encoding is a question
LEAST_VALID: Final = 0.8  # of the lines have to be readable in an encoding
LONGEST_LINE: Final = 4_000  # bytes
MOST_CANDIDATES: Final = 4
SAMPLES: Final = 3  # names that are shown of each candidate
LONGEST_SAMPLE: Final = 40  # characters

_NON_ASCII: Final = re.compile(rb"[^\x00-\x7f]")
_CELL: Final = re.compile(r'[^,;\t|"]+')


class Detected(NamedTuple):
    """An encoding. `candidates` are the plausible ones with names, likeliest first; empty: sure."""

    encoding: str
    candidates: tuple[EncodingCandidate, ...] = ()
    is_guess: bool = False


def detect(content: bytes) -> Detected:
    """Return how a csv is written."""
    if content.startswith(UTF_16_MARKS) or _is_utf_16_without_mark(content):
        return Detected("utf-16")
    lines = _lines_with_accents(content)
    if _is_mostly(lines, "utf-8"):
        return Detected("utf-8")
    return _guess(lines)


def guess_note(encoding: str) -> Phrase:
    """Return the sentence about an encoding that the file doesn't name."""
    note = _(
        "The file doesn't say how its letters are written; it was read as {encoding}. Look at "
        "names with accents."
    )
    return Phrase(note, encoding=Phrase(ENCODINGS[encoding]))


def decoded(content: bytes, encoding: str) -> str:
    """Return the text of a csv. Raises `WrongEncoding`.

    Where only some lines are written otherwise, each of their bytes that can't be read becomes a
    lone surrogate; `foreign_letters` makes them problems of their cells.
    """
    codec = CODECS.get(encoding, encoding)
    if encoding == "utf-16" and not content.startswith(UTF_16_MARKS):
        is_big_endian = content[:1000:2].count(0) > content[1:1000:2].count(0)
        codec = "utf-16-be" if is_big_endian else "utf-16-le"
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        if encoding == "utf-16" or not _is_mostly(_lines_with_accents(content), encoding):
            raise _wrong(encoding) from error
        text = content.decode(codec, "surrogateescape")
    # Windows writes the marks of Vietnamese letters as letters of their own.
    return unicodedata.normalize("NFC", text) if encoding == "cp1258" else text


def _wrong(encoding: str) -> WrongEncoding:
    what = _("The file can't be read as {encoding}.")
    name = Phrase(ENCODINGS[encoding])
    return WrongEncoding(Phrase(what, encoding=name), _("Choose another encoding."))


def _is_utf_16_without_mark(content: bytes) -> bool:
    start = content[:1000]
    zeros = max(start[::2].count(0), start[1::2].count(0))
    return len(start) > 3 and zeros > len(start) / 4


def _lines_with_accents(content: bytes) -> list[bytes]:
    """Return lines that have a byte beyond ASCII: only they tell the encodings apart."""
    telling: list[bytes] = []
    size = 0
    start = content.removeprefix(b"\xef\xbb\xbf")
    for part in (start[:SEARCHED], start[SEARCHED:]):
        for line in part.splitlines():
            if _NON_ASCII.search(line):
                telling.append(line[:LONGEST_LINE])
                size += len(telling[-1])
            if size > SAMPLE:
                return telling
        if telling:
            break
    return telling


def _is_mostly(lines: list[bytes], encoding: str) -> bool:
    """Return whether half of the lines can be read, or, for UTF-8, half of what isn't ASCII."""
    if _valid_share(lines, encoding) >= 0.5:
        return True
    if encoding != "utf-8":
        return False
    text = b"".join(lines).decode("utf-8", "surrogateescape")
    unreadable = sum("\udc80" <= letter <= "\udcff" for letter in text)
    beyond_ascii = sum(letter > "\x7f" for letter in text)
    return unreadable * 2 <= beyond_ascii


def _valid_share(lines: list[bytes], encoding: str) -> float:
    """Return the share of lines that can be read in an encoding, 1 where there is no line.

    A line that was pasted in from elsewhere doesn't change how the others are written.
    """
    if not lines:
        return 1.0
    return sum(_can_be(line, encoding) for line in lines) / len(lines)


def _can_be(content: bytes, encoding: str) -> bool:
    try:
        content.decode(CODECS.get(encoding, encoding))
    except UnicodeDecodeError:
        return False
    return True


def _guess(lines: list[bytes]) -> Detected:
    readings: dict[str, str] = {}
    scores: dict[str, float] = {}
    for encoding in ENCODINGS:
        share = 0.0 if encoding.startswith("utf") else _valid_share(lines, encoding)
        if share < LEAST_VALID:
            continue
        text = _reading(lines, encoding)
        if text not in readings.values():
            readings[encoding] = text
            scores[encoding] = likeness(text, encoding) * share
    ranking = sorted(scores, key=lambda encoding: -scores[encoding])
    if not ranking:
        return Detected("mac_roman", is_guess=True)  # it has a letter for every byte
    best = ranking[0]
    plausible = [each for each in ranking if scores[each] >= PLAUSIBLE * scores[best]]
    if scores[best] < SURE:
        plausible = ranking
    if len(plausible) < 2:
        return Detected(best, is_guess=True)
    shown = plausible[:MOST_CANDIDATES]
    return Detected(best, _with_samples(shown, readings), is_guess=True)


def _reading(lines: list[bytes], encoding: str) -> str:
    """Return the lines as an encoding reads them, without the bytes that it can't read."""
    codec = CODECS.get(encoding, encoding)
    text = "\n".join(line.decode(codec, "ignore") for line in lines)
    return unicodedata.normalize("NFC", text) if encoding == "cp1258" else text


def _with_samples(encodings: list[str], readings: dict[str, str]) -> tuple[EncodingCandidate, ...]:
    """Return the candidates with the same names as each of them reads them."""
    lines_of = [readings[encoding].split("\n") for encoding in encodings]
    samples: list[list[str]] = [[] for _encoding in encodings]
    by_line = list(zip(*lines_of, strict=False))
    # The first one is mostly the row of headings.
    for readings_of_line in [*by_line[1:], *by_line[:1]]:
        if len(set(readings_of_line)) > 1 and len(samples[0]) < SAMPLES:
            for names, line in zip(samples, readings_of_line, strict=True):
                names.append(_accented_cells(line))
    return tuple(
        EncodingCandidate(encoding, tuple(names))
        for encoding, names in zip(encodings, samples, strict=True)
    )


def _accented_cells(line: str) -> str:
    cells = [cell.strip() for cell in _CELL.findall(line) if not cell.isascii()]
    return " ".join(cells)[:LONGEST_SAMPLE]
