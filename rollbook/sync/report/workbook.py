"""Writes a run's report as an Excel file, row by row, so that a large school takes no more memory than a small one."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from os import PathLike
from tempfile import TemporaryDirectory
from typing import IO, Any, Final, TypeVar

from django.utils.text import slugify
from django.utils.translation import gettext as _
from xlsxwriter import Workbook

from rollbook.roster.columns import column_letter
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.formulas import looks_like_formula
from rollbook.sync.models import Run
from rollbook.sync.report import rows as report
from rollbook.sync.report import summary as report_summary
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.sources import uploader_type
from rollbook.sync.words.text import word

LAST_ROW = 1_048_575  # of an Excel sheet, counted from 0
LONGEST_CELL = 32_767  # UTF-16 units, as Excel counts them
FIRST_DATE: Final = date(
    1900, 3, 1
)  # Excel believes in a 29 February 1900; earlier dates stay text
SAMPLE = 500  # rows that column widths are taken from
NARROWEST, WIDEST = 8, 60
STEP = 500  # rows between two words about progress

Progress = Callable[[int, int], None]
Cell = str | int | date | None
R = TypeVar("R")

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def write_report(
    run: Run, target: str | PathLike[str] | IO[bytes], progress: Progress | None = None
) -> None:
    """Write the report of a run to a path or a binary file. `progress` is told (rows done, rows in all) every now and then.

    The target is written at the very end, after all rows are known.
    """
    with TemporaryDirectory(
        prefix="rollbook-report-"
    ) as scratch:  # rows wait here; gone whatever happens
        book = _Book(target, scratch, title=uploader_type(run))
        try:
            _fill(run, book, progress or (lambda _done, _total: None))
            book.close()
        except BaseException:
            book.abandon()
            raise


def write_table(
    title: str, fields: Sequence[str], rows: Iterable[Sequence[Any]], target: IO[bytes]
) -> int:
    """Write rows of field values as one sheet, in constant memory. Identifiers stay text. Returns how many rows there were."""
    done = 0
    with TemporaryDirectory(prefix="rollbook-table-") as scratch:
        book = _Book(target, scratch, title=title)
        try:
            sheet = book.sheet(title, [word(FIELD_LABELS, field) for field in fields])
            for row in rows:
                sheet.add([_typed(field, value) for field, value in zip(fields, row, strict=True)])
                done += 1
            book.close()
        except BaseException:
            book.abandon()
            raise
    return done


def write_texts(
    sheets: Mapping[str, tuple[Sequence[str], Iterable[Sequence[str]]]],
    title: str,
    target: IO[bytes],
) -> None:
    """Write sheets of nothing but text, by their names: (headings, rows)."""
    with TemporaryDirectory(prefix="rollbook-table-") as scratch:
        book = _Book(target, scratch, title=title)
        try:
            for name, (headings, rows) in sheets.items():
                sheet = book.sheet(name, headings)
                for row in rows:
                    sheet.add(row)
            book.close()
        except BaseException:
            book.abandon()
            raise


def file_name(run: Run) -> str:
    """What the file is called when it is downloaded: the kind of run, the day and the run's id, nothing about students."""
    day = (run.started_at or run.requested_at).date()
    return f"{slugify(uploader_type(run))}-{day:%Y-%m-%d}-{str(run.pk)[:8]}.xlsx"


def _fill(run: Run, book: "_Book", progress: Progress) -> None:
    """The four sheets, in the order of the screen's tabs."""
    total = sum(report.tab_counts(run))
    meter = _Meter(total, progress)
    summary = book.sheet("Summary", [_("What"), _("Value")])
    for line in report_summary.summary(run):
        summary.add(line)
    _write_errors(run, book, meter)
    _write_new(run, book, meter)
    _write_updated(run, book, meter)
    progress(meter.done, total)


def _write_errors(run: Run, book: "_Book", meter: "_Meter") -> None:
    headings = [
        _("Severity"),
        _("SIS ID"),
        _("Name"),
        _("Field"),
        _("SIS field"),
        _("Value"),
        _("What happened"),
        _("What to do"),
        _("Who"),
    ]
    places = [_("Row"), _("Column")] if run.is_upload else []
    sheet = book.sheet("Errors", [*headings[:1], *places, *headings[1:]])
    for row in meter.passing(report.error_rows(run)):
        place = (
            row.row_number,
            column_letter(row.column_index) if row.column_index is not None else "",
        )
        sheet.add([row.severity_label, *(place if places else ()), *row[2 : len(headings) + 1]])


def _write_new(run: Run, book: "_Book", meter: "_Meter") -> None:
    """One row per account to be made, one column per field that the mapping fills."""
    fields = report.mapped_fields(run)
    sheet = book.sheet(
        "New",
        [
            *_row_heading(run),
            *(word(FIELD_LABELS, field) for field in fields),
            _("Outcome"),
            _("Reason"),
        ],
    )
    for row in meter.passing(report.new_rows(run)):
        values = dict(row.values)
        texts = (
            values.get(word(FIELD_LABELS, field)) if field == "status" else row.after.get(field)
            for field in fields
        )
        sheet.add([*_row_number(run, row), *map(_typed, fields, texts), row.outcome, row.reason])


def _row_heading(run: Run) -> list[str]:
    """Of an upload, the rows that say it."""
    return [_("Row")] if run.is_upload else []


def _row_number(run: Run, row: report.NewRow | report.UpdatedRow) -> list[int | None]:
    return [row.row_number] if run.is_upload else []


def _write_updated(run: Run, book: "_Book", meter: "_Meter") -> None:
    """One row per field that differs, before and after side by side."""
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
    sheet = book.sheet("Updated", [*_row_heading(run), *headings])
    for row in meter.passing(report.updated_rows(run)):
        for diff in row.diffs:
            before, after = _typed(diff.field, diff.before), _typed(diff.field, diff.after)
            about = (*_row_number(run, row), row.sis_id, row.name, row.email, row.kind_label)
            sheet.add((*about, diff.field_label, before, after, row.outcome, row.reason))


def _typed(field: str, value: str | int | None) -> Cell:
    """A stored or shown value as what Excel should take it for. Identifiers stay text, with their leading zeros."""
    kind = STUDENT_FIELDS[field].kind if field in STUDENT_FIELDS else "text"
    if kind == "graduation_year" and str(value).isdecimal():
        return int(value or 0)
    if kind == "date" and value:
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            return str(value)
    return None if value is None else str(value)


class _Meter:
    """Counts rows as they pass, and tells now and then."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.done = 0
        self._total = total
        self._progress = progress

    def passing(self, rows: Iterable[R]) -> Iterator[R]:
        for row in rows:
            yield row
            self.done += 1
            if self.done % STEP == 0:
                self._progress(self.done, self._total)


class _Book:
    """A workbook whose rows go to disk as they are added."""

    def __init__(self, target: str | PathLike[str] | IO[bytes], scratch: str, title: str) -> None:
        switched_off = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._file = Workbook(target, {"constant_memory": True, "tmpdir": scratch, **switched_off})
        self._file.set_properties(
            {"title": title}
        )  # and no author: a file goes further than one thinks
        self.heading = self._file.add_format(
            {"bold": True, "bottom": 1, "bg_color": "#EEF1F5", "valign": "top"}
        )
        self.plain = self._file.add_format({"valign": "top"})
        self.long = self._file.add_format({"valign": "top", "text_wrap": True})
        self.guarded = self._file.add_format({"valign": "top", "quote_prefix": True})
        self.date = self._file.add_format(
            {"valign": "top", "num_format": "yyyy-mm-dd", "align": "left"}
        )
        self._sheets: list[_Sheet] = []

    def sheet(self, name: str, headings: Sequence[str]) -> "_Sheet":
        self._sheets.append(_Sheet(self, name, headings))
        return self._sheets[-1]

    def add_page(self, name: str) -> Any:
        return self._file.add_worksheet(name)

    def close(self) -> None:
        for sheet in self._sheets:
            sheet.finish()
        self._file.close()

    def abandon(self) -> None:
        """Let go of the rows written so far, without making a file of them."""
        for page in self._file.worksheets():
            page._opt_close()


class _Sheet:
    """One sheet: frozen headings with filters, columns as wide as their content. What doesn't fit goes on in a sheet "… 2"."""

    def __init__(self, book: _Book, name: str, headings: Sequence[str]) -> None:
        self._book = book
        self._name = name
        self._headings = headings
        self._widths = [_width(heading) + 3 for heading in headings]  # room for the filter's arrow
        self._pages = 0
        self._open_page()

    def _open_page(self) -> None:
        self._pages += 1
        self._page = self._book.add_page(
            self._name if self._pages == 1 else f"{self._name} {self._pages}"
        )
        self._page.set_column(0, len(self._headings) - 1, None, self._book.plain)
        for column, heading in enumerate(self._headings):
            self._page.write_string(0, column, heading, self._book.heading)
        self._page.freeze_panes(1, 0)
        self._page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        self._row = 0

    def add(self, cells: Sequence[Cell]) -> None:
        if self._row == LAST_ROW:
            self.finish()
            self._open_page()
        self._row += 1
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                if cell:
                    self._write_text(column, cell)
            elif isinstance(cell, int):
                self._page.write_number(self._row, column, cell)
            elif cell is not None:
                self._write_date(column, cell)
            if self._row <= SAMPLE and cell is not None:
                self._widths[column] = max(self._widths[column], _width(str(cell)))

    def _write_text(self, column: int, text: str) -> None:
        if not (text.isascii() and text.isprintable()):
            text = _storable(text)
        if len(text) > LONGEST_CELL // 2:
            text = _cut(text)
        if text.startswith("<r>") and text.endswith("</r>"):
            text += " "  # without it xlsxwriter takes the text for markup of its own and writes it unescaped
        look = (
            self._book.guarded
            if looks_like_formula(text)
            else self._book.long
            if len(text) > WIDEST
            else None
        )
        self._page.write_string(self._row, column, text, look)

    def _write_date(self, column: int, day: date) -> None:
        if day < FIRST_DATE:
            self._page.write_string(self._row, column, day.isoformat())
        else:
            self._page.write_datetime(self._row, column, day, self._book.date)

    def finish(self) -> None:
        self._page.autofilter(0, 0, self._row, len(self._headings) - 1)
        for column, width in enumerate(self._widths):
            self._page.set_column(
                column, column, min(max(width + 1, NARROWEST), WIDEST), self._book.plain
            )


def _storable(text: str) -> str:
    """Text that XML can hold: what can't be printed is shown as �, line ends are as Excel writes them."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def _cut(text: str) -> str:
    """As much of a text as a cell can hold, ending in … where some is missing."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * LONGEST_CELL:
        return text
    return units[: 2 * (LONGEST_CELL - 1)].decode("utf-16-le", "ignore") + "…"


def _width(text: str) -> int:
    """How wide the longest line is, in digits of the standard font."""
    if text.isascii() and "\n" not in text:
        return len(text)
    return max(
        sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)
        for line in text.split("\n")
    )
