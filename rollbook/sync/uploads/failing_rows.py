"""The rows of an upload that did not go in, as a file to correct and upload again."""

from collections.abc import Iterator
from typing import IO, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rollbook.roster.records import Severity
from rollbook.roster.sheets.upload_template import REASON_COLUMN, SHEETS
from rollbook.sources.spreadsheet.errors import FileGone
from rollbook.sync.models import Change, Issue, Run, Upload
from rollbook.sync.report import excel
from rollbook.sync.report.csv_file import csv_text
from rollbook.sync.report.problem_rows import explained
from rollbook.sync.uploads.rows import UploadRows, open_rows
from rollbook.sync.uploads.sheets import headings_of

KINDS: Final = ("xlsx", "csv")


def write_failing_rows(of: Upload | Run, target: IO[bytes], kind: str = "xlsx") -> int:
    """Write the rows with errors as they are, with what is wrong in a last column.

    Returns how many there are. Raises an `UploadRefused` if the file is not kept any more.
    """
    run = of.run if isinstance(of, Upload) else of
    if run is None or not run.is_upload:
        raise FileGone(_("There is no preview of this upload yet."), _("Make one first."))
    upload = open_rows(run)
    header = headings_of(upload.sheet, upload.header_row)
    positions = [each for each, heading in enumerate(header) if heading != REASON_COLUMN]
    headings = [*(header[each] or "" for each in positions), REASON_COLUMN]
    reasons = _reasons(run)
    rows = _rows(upload, positions, reasons)
    if kind == "csv":
        for text in csv_text(headings, rows):
            target.write(text.encode())
    else:
        excel.write_texts({SHEETS[0]: (headings, rows)}, SHEETS[0], target)
    return len(reasons)


def file_name(upload_name: str, rows: int, kind: str) -> str:
    """Return the name of the file: that of the upload, and how many rows there are to correct."""
    stem = upload_name.rpartition(".")[0] or upload_name
    text = ngettext("%(rows)s row to correct", "%(rows)s rows to correct", rows)
    return f"{stem} - {text % {'rows': rows}}.{kind}"


def _rows(upload: UploadRows, positions: list[int], reasons: dict[int, str]) -> Iterator[list[str]]:
    for row in upload.corrected():
        if row.number in reasons:
            yield [*(row.texts[each] or "" for each in positions), reasons[row.number]]


def _reasons(run: Run) -> dict[int, str]:
    """Return all that is wrong with each row, by row number, in the order of the file."""
    reasons: dict[int, list[str]] = {}
    issues = Issue.objects.filter(
        school_id=run.school_id, run=run, severity=Severity.ERROR, row_number__isnull=False
    )
    for issue, problem in explained(run, issues.order_by("row_number", "pk")):
        text = problem.cause
        if problem.source_field:
            text = f"{problem.source_field}: {text}"
        reasons.setdefault(issue.row_number or 0, []).append(text)
    overtaken = Change.objects.filter(
        school_id=run.school_id, run=run, outcome="overtaken", row_number__isnull=False
    )
    for row_number in overtaken.values_list("row_number", flat=True):
        text = _("The account was changed after the preview, so this row was left out.")
        reasons.setdefault(row_number or 0, []).append(text)
    return {number: " ".join(dict.fromkeys(texts)) for number, texts in sorted(reasons.items())}
