"""The sheet of an upload, read as the upload is set, within the limits of the installation."""

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.roster.sheets.columns import guess_header_row
from rollbook.roster.sheets.two_row_headings import continues_below, is_group_row, joined_headings
from rollbook.sources.spreadsheet.errors import TooManyRows
from rollbook.sources.spreadsheet.reader import HEADER_SEARCH_ROWS, read_sheet
from rollbook.sources.spreadsheet.rows import Row, Sheet, UploadBounds
from rollbook.sync.models import Upload
from rollbook.sync.words.text import number

# The settings that decide which rows and cells a file has.
READING_SETTINGS: Final = ("sheet", "encoding", "delimiter", "hidden_rows")
DATE_ROWS: Final = 5_000  # from which the order of dates is guessed


def bounds() -> UploadBounds:
    """Return the installation's limits on a file."""
    return UploadBounds(
        file_bytes=config.upload_bytes,
        unpacked_bytes=config.upload_unpacked_bytes,
        rows=config.upload_rows + HEADER_SEARCH_ROWS,  # rows above the students are not counted
        columns=config.upload_columns,
        cpu_seconds=config.upload_cpu_seconds,
    )


def sheet_of(upload: Upload) -> Sheet:
    """Return the sheet of an upload. Raises an `UploadRefused`."""
    chosen = {key: upload.settings.get(key) for key in READING_SETTINGS}
    try:
        sheet = read_sheet(bytes(upload.content), upload.file_name, **chosen, bounds=bounds())
    except TooManyRows as refused:
        raise _too_many_rows() from refused
    if len(sheet.rows) > config.upload_rows:
        students = count_below(sheet, header_row_of(upload, sheet) or 0)
        if students > config.upload_rows:
            raise _too_many_rows()
    return sheet


def header_row_of(upload: Upload, sheet: Sheet) -> int | None:
    """Return the number of the row with the headings, as chosen or as guessed."""
    chosen = upload.columns.get("header_row") or upload.settings.get("header_row")
    return chosen or _guessed_header_row(sheet.rows[:HEADER_SEARCH_ROWS])


def headings_of(sheet: Sheet, header_row: int | None) -> list[str | None]:
    """Return the headings in a row, joined with a row of groups right above; [] for no row."""
    before: Row | None = None
    for row in sheet.rows:
        if row.number == header_row:
            is_joined = before is not None and before.number == row.number - 1
            if before is not None and is_joined and is_group_row(before.cells, row.cells):
                return joined_headings(before.cells, row.cells)
            return row.cells
        before = row
    return []


def count_below(sheet: Sheet, header_row: int) -> int:
    """Return the number of rows below the headings."""
    return sum(1 for row in sheet.rows if row.number > header_row)


def first_rows_below(sheet: Sheet, header_row: int) -> list[Row]:
    """Return the first rows below the headings, as many as guesses are made from."""
    return [row for row in sheet.rows[: HEADER_SEARCH_ROWS + DATE_ROWS] if row.number > header_row]


def _guessed_header_row(top: Sequence[Row]) -> int | None:
    position = guess_header_row([row.cells for row in top])
    if position is None:
        return None
    row, below = top[position], top[position + 1 : position + 3]
    follows = len(below) > 1 and below[0].number == row.number + 1
    if follows and continues_below(row.cells, below[0].cells):
        return below[0].number
    return row.number


def _too_many_rows() -> TooManyRows:
    return TooManyRows(
        _("The sheet has more than %(rows)s rows of students.")
        % {"rows": number(config.upload_rows)},
        _(
            "Split it into several files. If there are fewer students, delete the cells below the "
            "table."
        ),
    )
