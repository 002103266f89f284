"""Files around an upload: the template to begin with, and the rows that did not go in, to be corrected and uploaded again."""

from collections.abc import Iterable, Iterator
from typing import IO, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rollbook.roster import upload_template
from rollbook.roster.records import Severity
from rollbook.roster.upload_template import REASON_COLUMN, SHEETS
from rollbook.sources.spreadsheet.errors import FileGone
from rollbook.sync.models import Change, Issue, Run, Upload
from rollbook.sync.report import excel, problem_rows
from rollbook.sync.report.csv_file import csv_text
from rollbook.sync.uploads.plan import Roster, open_roster

KINDS: Final = ("xlsx", "csv")


def write_template(kind: str, target: IO[bytes]) -> None:
    """The template for uploads, as `xlsx` (with a sheet that explains each column) or `csv`."""
    columns = upload_template.template_columns(_)
    headings, example = (
        [column.heading for column in columns],
        [column.example for column in columns],
    )
    if kind == "csv":
        _write_csv(headings, [example], target)
        return
    words = [
        (column.heading, _("yes") if column.required else "", column.example, column.meaning)
        for column in columns
    ]
    about = (_("Column"), _("Required"), _("Example"), _("What it is"))
    excel.write_texts(
        {SHEETS[0]: (headings, [example]), SHEETS[1]: (about, words)}, SHEETS[0], target
    )


def failing_rows(of: Upload | Run, target: IO[bytes], kind: str = "xlsx") -> int:
    """Write the rows that can't go in as they are: their own columns and texts, and at the end what is wrong. Returns how many.

    Raises an `UploadRefused` where the file is not kept any more.
    """
    run = of.run if isinstance(of, Upload) else of
    if run is None or not run.is_upload:
        raise FileGone(_("There is no preview of this upload yet."), _("Make one first."))
    roster = open_roster(run)
    header = next(list(row.cells) for row in roster.sheet.rows if row.number == roster.header_row)
    left_out = {index for index, name in enumerate(header) if name == REASON_COLUMN}
    kept = [index for index in range(len(header)) if index not in left_out]
    headings = [*(header[index] or "" for index in kept), REASON_COLUMN]
    reasons = _reasons(run)
    rows = _failing(roster, kept, reasons)
    if kind == "csv":
        _write_csv(headings, rows, target)
    else:
        excel.write_texts({SHEETS[0]: (headings, rows)}, SHEETS[0], target)
    return len(reasons)


def _failing(roster: Roster, kept: list[int], reasons: dict[int, str]) -> Iterator[list[str]]:
    for row in roster.rows():
        if row.number in reasons:
            yield [*(row.texts[index] or "" for index in kept), reasons[row.number]]


def _reasons(run: Run) -> dict[int, str]:
    """By row number, in the order of the file: everything that keeps the row out."""
    issues = Issue.objects.filter(
        school_id=run.school_id, run=run, severity=Severity.ERROR, row_number__isnull=False
    )
    reasons: dict[int, list[str]] = {}
    for issue, row in problem_rows.explained(run, issues.order_by("row_number", "pk")):
        reasons.setdefault(issue.row_number or 0, []).append(
            f"{row.source_field}: {row.cause}" if row.source_field else row.cause
        )
    overtaken = Change.objects.filter(
        school_id=run.school_id, run=run, outcome="overtaken", row_number__isnull=False
    )
    for number in overtaken.values_list("row_number", flat=True):
        reasons.setdefault(number or 0, []).append(
            _("The account was changed after the preview, so this row was left out.")
        )
    return {number: " ".join(dict.fromkeys(texts)) for number, texts in sorted(reasons.items())}


def file_name(upload_name: str, rows: int, kind: str) -> str:
    """What a file of failing rows is called: after the file it came from."""
    stem = upload_name.rpartition(".")[0] or upload_name
    words = ngettext("%(rows)d row to correct", "%(rows)d rows to correct", rows) % {"rows": rows}
    return f"{stem} - {words}.{kind}"


def _write_csv(headings: list[str], rows: Iterable[list[str]], target: IO[bytes]) -> None:
    for text in csv_text(headings, rows):
        target.write(text.encode())
