"""The report of a run as an Excel file, with the sheets of its page."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias, TypeVar

from django.utils.text import slugify
from django.utils.translation import gettext as _

from rollbook.roster.sheets.columns import column_letter
from rollbook.sync.models import Run
from rollbook.sync.report.change_rows import NewRow, UpdatedRow, new_rows, updated_rows
from rollbook.sync.report.counts import mapped_fields, tab_counts
from rollbook.sync.report.excel import Book, Cell, Target, open_book, typed
from rollbook.sync.report.problem_rows import problem_rows
from rollbook.sync.report.summary import summary
from rollbook.sync.report.xlsx import AFTER, BEFORE
from rollbook.sync.words.fields import FIELD_LABELS, value_text
from rollbook.sync.words.sources import uploader_type
from rollbook.sync.words.text import word

REPORTED_EVERY: Final = 500  # rows between two calls of the progress function

# Called with the number of rows written and of rows in all.
Progress: TypeAlias = Callable[[int, int], None]
R = TypeVar("R")


def write_report(run: Run, target: Target, progress: Progress | None = None) -> None:
    """Write the report of a run to a path or a binary file, and call `progress` now and then."""
    total = sum(tab_counts(run))
    meter = _Meter(total, progress or _no_progress)
    with open_book(target, uploader_type(run)) as book:
        _write_summary(run, book)
        _write_problems(run, book, meter)
        _write_new(run, book, meter)
        _write_updated(run, book, meter)
        meter.report()


def file_name(run: Run) -> str:
    """Return the name of the file: kind of run, day and id of the run, nothing about students."""
    day = (run.started_at or run.requested_at).date()
    return f"{slugify(uploader_type(run))}-{day:%Y-%m-%d}-{str(run.pk)[:8]}.xlsx"


def _write_summary(run: Run, book: Book) -> None:
    sheet = book.sheet(_("Summary"), [_("What"), _("Value")])
    for line in summary(run):
        sheet.add(line)


def _write_problems(run: Run, book: Book, meter: "_Meter") -> None:
    headings = [
        _("Severity"),
        *([_("Row"), _("Column")] if run.is_upload else []),
        _("SIS ID"),
        _("Name"),
        _("Field"),
        _("SIS field"),
        _("Value"),
        _("What happened"),
        _("What to do"),
        _("Who"),
    ]
    sheet = book.sheet(_("Errors"), headings)
    for row in meter.passing(problem_rows(run)):
        place: list[Cell] = []
        if run.is_upload:
            column = "" if row.column_index is None else column_letter(row.column_index)
            place = [row.row_number, column]
        about = [row.sis_id, row.name, row.field_label, row.source_field, row.value]
        sheet.add([row.severity_label, *place, *about, row.cause, row.remedy, row.who])


def _write_new(run: Run, book: Book, meter: "_Meter") -> None:
    """Write a row for each account to create, with a column for each mapped field."""
    fields = mapped_fields(run)
    labels = [word(FIELD_LABELS, field) for field in fields]
    sheet = book.sheet(_("New"), [*_row_heading(run), *labels, _("Outcome"), _("Reason")])
    for row in meter.passing(new_rows(run)):
        values = [_new_value(row, field) for field in fields]
        sheet.add([*_row_number(run, row), *values, row.outcome, row.reason])


def _new_value(row: NewRow, field: str) -> Cell:
    if field == "status":
        return value_text(field, row.after.get(field))
    return typed(field, row.after.get(field))


def _write_updated(run: Run, book: Book, meter: "_Meter") -> None:
    """Write a row for each field that differs, before and after side by side."""
    headings = (
        _("SIS ID"),
        _("Name"),
        _("E-mail"),
        _("Kind"),
        _("Field"),
        _("Before"),
        _("After"),
        _("Outcome"),
        _("Reason"),
    )
    tints = {_("Before"): BEFORE, _("After"): AFTER}
    sheet = book.sheet(_("Existing & Update"), [*_row_heading(run), *headings], tints)
    for row in meter.passing(updated_rows(run)):
        about = [*_row_number(run, row), row.sis_id, row.name, row.email, row.kind_label]
        for diff in row.diffs:
            before, after = typed(diff.field, diff.before), typed(diff.field, diff.after)
            sheet.add([*about, diff.field_label, before, after, row.outcome, row.reason])


def _row_heading(run: Run) -> list[str]:
    """Return the heading for the row of the spreadsheet, which only an upload has."""
    return [_("Row")] if run.is_upload else []


def _row_number(run: Run, row: NewRow | UpdatedRow) -> list[int | None]:
    return [row.row_number] if run.is_upload else []


def _no_progress(_done: int, _total: int) -> None:
    """Report nothing."""


class _Meter:
    """Counts rows as they pass, and reports the number every now and then."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._done = 0
        self._total = total
        self._progress = progress

    def passing(self, rows: Iterable[R]) -> Iterator[R]:
        for row in rows:
            yield row
            self._done += 1
            if self._done % REPORTED_EVERY == 0:
                self.report()

    def report(self) -> None:
        self._progress(self._done, self._total)
