"""The rows of an upload with the corrections in their place, ready to be mapped."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from django.utils.translation import gettext as _

from rollbook.roster.sheets.cell_values import DateOrder
from rollbook.roster.sheets.rows import MatchedColumn, RowMapper, SheetCells, matched_columns
from rollbook.roster.sheets.upload_template import EXAMPLE, REASON_COLUMN
from rollbook.sources.spreadsheet.errors import FileGone
from rollbook.sources.spreadsheet.rows import Row, Sheet
from rollbook.sync.models import Run, Upload
from rollbook.sync.planning.erased_records import ErasedRecords
from rollbook.sync.uploads.sheets import count_below, headings_of, sheet_of


class UploadRows(NamedTuple):
    """The rows of an upload. `total` counts those below the headings.

    A row with something at a position in `surplus` is longer than the headings.
    `corrections` are texts by row number and column position. Rows of `erased` students are left
    out.
    """

    sheet: Sheet
    header_row: int
    surplus: range
    total: int
    mapper: RowMapper
    corrections: dict[int, dict[int, str]]
    only_existing: bool
    accept_lookalikes: bool
    erased: ErasedRecords | None = None

    def corrected(self) -> Iterator[SheetCells]:
        """Yield the rows below the headings, with the corrections in their place."""
        for row in self.sheet.rows:
            if row.number > self.header_row:
                cells = _with_corrections(row, self.corrections.get(row.number, {}))
                if self.erased is None or not self.erased.has_row(self.mapper.map(cells)):
                    yield _with_length_checked(cells, self.surplus)


def open_rows(run: Run) -> UploadRows:
    """Return what the run of an upload reads. Raises an `UploadRefused`."""
    upload = Upload.objects.filter(school_id=run.school_id, pk=run.upload_settings.upload).first()
    if upload is None:
        raise FileGone(_("The file of this upload is not kept any more."), _("Upload it again."))
    sheet = sheet_of(upload)
    header_row = upload.columns["header_row"]
    return UploadRows(
        sheet=sheet,
        header_row=header_row,
        surplus=_surplus(sheet, header_row),
        total=count_below(sheet, header_row),
        mapper=_mapper(upload, sheet, header_row, run.requested_at.date()),
        corrections={
            int(number): {int(position): text for position, text in cells.items()}
            for number, cells in upload.corrections.items()
        },
        only_existing=upload.settings.get("only_existing", False),
        accept_lookalikes=upload.settings.get("accept_lookalikes", False),
    )


def _mapper(upload: Upload, sheet: Sheet, header_row: int, today: date) -> RowMapper:
    header = headings_of(sheet, header_row)
    fields = {int(position): field for position, field in upload.columns["fields"].items()}
    columns: list[MatchedColumn] = []
    for position, field in sorted(fields.items()):
        if field:
            columns += matched_columns(position, (header[position] or "").strip(), field)
    order = upload.settings.get("date_order") or upload.columns["date_order"]
    blank_clears = upload.settings.get("blank_clears", False)
    return RowMapper(
        columns=columns,
        date_order=DateOrder(order),
        value_maps=upload.columns["value_maps"],
        blank_clears=blank_clears,
        example=EXAMPLE,
        today=today,
    )


def _surplus(sheet: Sheet, header_row: int) -> range:
    """Return the positions behind the headings, where a row shows that its cells have moved.

    Only a csv cuts its rows by a sign that a value may hold. Our file of failing rows keeps the
    cells that were too many before its last column, in a workbook as well.
    """
    header = next((row for row in sheet.rows if row.number == header_row), None)
    if header is None:
        return range(0)
    if REASON_COLUMN in header.cells:
        last = header.cells.index(REASON_COLUMN)
        named = [position for position in range(last) if header.cells[position]]
        return range(max(named, default=last) + 1, last)
    return range(header.length, sheet.width) if sheet.kind == "csv" else range(0)


def _with_length_checked(cells: SheetCells, surplus: range) -> SheetCells:
    """Add a problem to a row that is longer than the headings."""
    for position in surplus:
        if cells.texts[position]:
            return cells._replace(problems=[*cells.problems, (position, "row_too_long")])
    return cells


def _with_corrections(row: Row, corrections: dict[int, str]) -> SheetCells:
    if not corrections:
        return SheetCells(row.number, row.cells, row.dates, row.problems)
    texts = [corrections.get(position, text) for position, text in enumerate(row.cells)]
    dates = [position for position in row.dates if position not in corrections]
    problems = [problem for problem in row.problems if problem.column not in corrections]
    return SheetCells(row.number, texts, dates, problems)
