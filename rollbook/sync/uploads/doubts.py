"""Columns whose remembered field our rules would not guess today: a person is asked again."""

from collections.abc import Mapping, Sequence
from typing import Final

from rollbook.roster.sheets.columns import doubt_about
from rollbook.schools import clock
from rollbook.schools.clock import local_day
from rollbook.sources.spreadsheet.rows import Row
from rollbook.sync.models import ColumnMemory, Upload
from rollbook.sync.uploads.column_memory import column_keys
from rollbook.sync.words.columns import doubt_words

SAMPLE_ROWS: Final = 200  # below the headings, from which a column's content is guessed

Header = Sequence[str | None]


def doubts(
    upload: Upload,
    memory: ColumnMemory,
    header: Header,
    below: Sequence[Row],
    remembered: Mapping[int, str | None],
) -> dict[int, str]:
    """Return why remembered fields are not taken, as sentences by position.

    An earlier guess may have been wrong, or the column has other values now. What a person chose in
    spite of that stays.
    """
    keys = column_keys(header)
    doubted = _doubted(upload, header, below, remembered)
    return {
        position: doubt_words(doubt, remembered[position] or "")
        for position, doubt in doubted.items()
        if memory.confirmed.get(keys[position]) != remembered[position]
    }


def doubted_keys(
    upload: Upload, header: Header, below: Sequence[Row], fields: Mapping[int, str | None]
) -> set[str]:
    """Return the keys of the columns that fill a field although our rules speak against it."""
    keys = column_keys(header)
    return {keys[position] for position in _doubted(upload, header, below, fields)}


def _doubted(
    upload: Upload, header: Header, below: Sequence[Row], fields: Mapping[int, str | None]
) -> dict[int, str]:
    today = local_day(clock.now(), upload.school)
    doubted = {}
    for position, field in fields.items():
        cells = [row.cells[position] or "" for row in below[:SAMPLE_ROWS]]
        values = [cell.strip() for cell in cells if cell.strip()]
        doubt = doubt_about(field, header[position], values, today) if field else ""
        if doubt:
            doubted[position] = doubt
    return doubted
