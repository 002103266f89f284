"""Writes csv files that spreadsheet programs read right: as UTF-8, and no cell as a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from rollbook.roster.values.formulas import guarded

UTF8_MARK: Final = "\ufeff"  # spreadsheet programs know UTF-8 by it
ROWS_AT_A_TIME: Final = 2_000


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield the text of a csv file, some rows at a time. None is an empty cell."""
    lines: list[str] = [UTF8_MARK]
    writer = csv.writer(_LineList(lines))
    writer.writerow(map(guarded, headings))
    for count, row in enumerate(rows, 1):
        writer.writerow("" if value is None else guarded(str(value)) for value in row)
        if count % ROWS_AT_A_TIME == 0:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


class _LineList:
    """A file for csv.writer that collects the lines in a list."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def write(self, line: str) -> int:
        self._lines.append(line)
        return len(line)
