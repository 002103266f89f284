"""Cuts the lines of a csv into rows. A stray quotation mark can't swallow lines."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.spreadsheet.errors import UnclosedQuote
from rollbook.sources.spreadsheet.rows import CellProblem, Row

SAMPLE_ROWS: Final = 200
MOST_LINES: Final = 50  # that one row of a badly quoted file may span
# From this width on, a line of a cell never has as many delimiters as a row by chance.
TELLING_WIDTH: Final = 4
_OPEN_END: Final = re.compile(r'[^\W\d_]"\s*$')  # not that of 5'2"


class Cut(NamedTuple):
    """How a csv is cut: `width` is the usual number of cells, `longest` limits their text."""

    delimiter: str
    longest: int
    width: int


def rows_of(lines: Sequence[str], delimiter: str, longest: int, notes: list[str]) -> Iterator[Row]:
    """Yield the rows, numbered as a spreadsheet program shows them.

    A cell with line breaks is one row, and an empty line is a row too. In a badly quoted file each
    line counts as a row, and a line with an open quotation mark is a problem of its row.
    """
    csv.field_size_limit(longest)
    cut = Cut(delimiter, longest, _usual_width(lines, delimiter))
    if _is_well_quoted(lines, cut):
        records: Iterator[list[str]] = csv.reader(lines, delimiter=delimiter, strict=True)
        for number, cells in enumerate(records, 1):
            yield _row(number, cells)
        return
    notes.append(_("Some quotation marks in the file are misplaced; look at the cells near them."))
    yield from _carefully_cut(lines, cut)


def _row(number: int, cells: list[str], problems: tuple[CellProblem, ...] = ()) -> Row:
    texts = [cell if cell and not cell.isspace() else None for cell in cells]
    return Row(number, texts, problems=problems, length=len(cells))


def _usual_width(lines: Sequence[str], delimiter: str) -> int:
    """Return how many cells most rows have, counted with and without regard to quotation marks."""
    sample = lines[: SAMPLE_ROWS * 2]
    by_line = Counter(line.count(delimiter) + 1 for line in sample if not line.isspace())
    by_row: Counter[int] = Counter()
    try:
        for cells in islice(csv.reader(sample, delimiter=delimiter), SAMPLE_ROWS):
            if cells:
                by_row[len(cells)] += 1
    except csv.Error:
        by_row.clear()
    return max(_most_common(by_line), _most_common(by_row))


def _most_common(widths: Counter[int]) -> int:
    """Return the most frequent width, of two the larger one; 0 where there is none."""
    return max(widths, key=lambda width: (widths[width], width), default=0)


def _is_well_quoted(lines: Sequence[str], cut: Cut) -> bool:
    """Return whether all quotation marks are where csv has them, and no cell holds whole rows."""
    reader = csv.reader(lines, delimiter=cut.delimiter, strict=True)
    begin = 0
    try:
        for _cells in reader:
            if reader.line_num > begin + 1 and _holds_rows(lines[begin : reader.line_num], cut):
                return False
            begin = reader.line_num
    except csv.Error:
        return False
    return True


def _holds_rows(lines: Sequence[str], cut: Cut) -> bool:
    """Return whether the lines of one record are rows that a quotation mark joined.

    Each of them then has as many delimiters as a row.
    """
    counts = [line.count(cut.delimiter) for line in lines]
    if cut.width >= TELLING_WIDTH:
        return min(counts) >= cut.width - 1
    return set(counts) == {cut.width - 1}


def _carefully_cut(lines: Sequence[str], cut: Cut) -> Iterator[Row]:
    position = number = 0
    while position < len(lines):
        number += 1
        row, spanned = _next_row(lines, position, number, cut)
        yield row
        position += spanned


def _next_row(lines: Sequence[str], position: int, number: int, cut: Cut) -> tuple[Row, int]:
    """Return the row that begins at a line, and how many lines it spans."""
    line = lines[position]
    cells = _strict(line, cut)
    if cells is not None:
        return _row(number, cells, _open_ends(cells)), 1
    spanned = _complete(lines, position, cut)
    if spanned is not None:
        return _row(number, spanned[0]), spanned[1]
    plain = line.rstrip("\n").split(cut.delimiter)
    if max(map(len, plain)) > cut.longest:
        raise _unclosed_quote(number)
    # Marks inside of a cell, as in 5'2", don't move the cells behind them.
    cells = next(csv.reader([line], delimiter=cut.delimiter))
    if len(cells) == len(plain) == cut.width and not cells[-1].endswith("\n"):
        return _row(number, cells, _open_ends(cells)), 1
    column = next(each for each, text in enumerate(plain) if '"' in text)
    return _row(number, plain, (CellProblem(column, "quote_misplaced"),)), 1


def _open_ends(cells: list[str]) -> tuple[CellProblem, ...]:
    """Return a problem for a word that only ends in a quotation mark: it was opened elsewhere."""
    for column, text in enumerate(cells):
        if _OPEN_END.search(text) and text.count('"') % 2:
            return (CellProblem(column, "quote_misplaced"),)
    return ()


def _strict(line: str, cut: Cut) -> list[str] | None:
    """Return the cells of a line that is a row by itself, with every quotation mark in place."""
    try:
        return next(csv.reader([line], delimiter=cut.delimiter, strict=True))
    except csv.Error:
        return None


def _complete(lines: Sequence[str], position: int, cut: Cut) -> tuple[list[str], int] | None:
    """Return the cells of a properly quoted row that spans lines, and how many lines these are."""
    following = lines[position : position + MOST_LINES]
    reader = csv.reader(following, delimiter=cut.delimiter, strict=True)
    try:
        cells = next(reader)
    except csv.Error:
        return None
    spanned = reader.line_num
    if cut.width < TELLING_WIDTH or len(cells) != cut.width:
        return None
    return None if _holds_rows(following[:spanned], cut) else (cells, spanned)


def _unclosed_quote(number: int) -> UnclosedQuote:
    what = _(
        "A cell in row {row} is longer than a cell can be. Mostly a quotation mark is opened there "
        "and never closed."
    )
    return UnclosedQuote(
        Phrase(what, row=f"{number:,}"),
        _('Look at that row for a single " and delete it; or upload the Excel workbook instead.'),
    )
