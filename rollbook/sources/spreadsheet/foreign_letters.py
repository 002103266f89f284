"""Finds cells of a csv that are written in another encoding than the rest of the file."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from rollbook.sources.spreadsheet.rows import CellProblem, Row

# In these, text of theirs is next to never UTF-8 by chance.
_SINGLE_BYTE: Final = re.compile(r"cp125\d|cp874|mac_roman")
# A byte that couldn't be read in the encoding of the file.
_UNREADABLE: Final = re.compile("[\udc80-\udcff]")


def with_foreign_letters_marked(rows: Iterable[Row], encoding: str) -> Iterator[Row]:
    """Yield the rows. A cell in another encoding has a problem, and its likeliest text."""
    for row in rows:
        cells = list(row.cells)
        problems = list(row.problems)
        for column, text in enumerate(row.cells):
            if text is None or text.isascii():
                continue
            other = _in_other_encoding(text, encoding)
            if other is not None:
                cells[column] = other
                problems.append(CellProblem(column, "letters_unclear"))
        yield row._replace(cells=cells, problems=tuple(problems))


def _in_other_encoding(text: str, encoding: str) -> str | None:
    """Return how a cell is most likely meant, None for one in the encoding of the file."""
    if _UNREADABLE.search(text):
        return _UNREADABLE.sub(_as_western, text)
    if not _SINGLE_BYTE.fullmatch(encoding):
        return None
    try:
        return text.encode(encoding).decode()
    except UnicodeError:
        return None


def _as_western(unreadable: re.Match[str]) -> str:
    return bytes([ord(unreadable[0]) - 0xDC00]).decode("cp1252", "replace")
