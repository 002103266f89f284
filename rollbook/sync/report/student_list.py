"""The list of students as a file: CSV streamed row by row, Excel written through a temporary file. Neither holds the list in memory."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.sync.report import workbook
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.sources import source_label
from rollbook.sync.words.text import word

FIELDS: Final = (*STUDENT_FIELDS, "status", "source")
MOST_IN_EXCEL: Final = (
    50_000  # some eight seconds; whoever needs more takes CSV, which begins at once
)
CHUNK: Final = 2_000
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def rows(accounts: QuerySet[StudentAccount]) -> Iterator[list[Any]]:
    """The values of each account, by a cursor that the server keeps."""
    statuses = {code: str(label) for code, label in AccountStatus.choices}
    for *held, status, source in accounts.values_list(*FIELDS).iterator(chunk_size=CHUNK):
        yield [*held, statuses.get(status, status), source_label(source)]


def csv_lines(accounts: QuerySet[StudentAccount]) -> Iterator[str]:
    """CSV, a chunk of lines at a time, with the mark by which spreadsheets know UTF-8."""
    kept: list[str] = ["\ufeff"]
    writer = csv.writer(_Lines(kept))
    writer.writerow([word(FIELD_LABELS, field) for field in FIELDS])
    for number, row in enumerate(rows(accounts), 1):
        writer.writerow(harmless(row))
        if number % CHUNK == 0:
            yield "".join(kept)
            kept.clear()
    yield "".join(kept)


def write_xlsx(accounts: QuerySet[StudentAccount], target: IO[bytes]) -> int:
    """Write the file; returns how many students are in it."""
    return workbook.write_table(_("Students"), FIELDS, rows(accounts), target)


def harmless(row: Iterable[Any]) -> Sequence[str]:
    """What a spreadsheet would take for a formula gets an apostrophe, which it shows as text."""
    texts = ("" if value is None else str(value) for value in row)
    return [f"'{text}" if text.startswith(_FORMULA_SIGNS) else text for text in texts]


class _Lines:
    """What csv writes to: a list of lines."""

    def __init__(self, kept: list[str]) -> None:
        self._kept = kept

    def write(self, line: str) -> int:
        self._kept.append(line)
        return len(line)
