"""The list of students as a file: CSV streamed row by row, Excel written through a temporary file. Neither holds the list in memory."""

from collections.abc import Iterator
from typing import IO, Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.sync.report import workbook
from rollbook.sync.report.csv_file import csv_text
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.sources import source_label
from rollbook.sync.words.text import word

FIELDS: Final = (*STUDENT_FIELDS, "status", "source")
MOST_IN_EXCEL: Final = (
    50_000  # some eight seconds; whoever needs more takes CSV, which begins at once
)
CHUNK: Final = 2_000


def rows(accounts: QuerySet[StudentAccount]) -> Iterator[list[Any]]:
    """The values of each account, by a cursor that the server keeps."""
    statuses = {code: str(label) for code, label in AccountStatus.choices}
    for *held, status, source in accounts.values_list(*FIELDS).iterator(chunk_size=CHUNK):
        yield [*held, statuses.get(status, status), source_label(source)]


def csv_lines(accounts: QuerySet[StudentAccount]) -> Iterator[str]:
    """Yield the csv file of these accounts, some rows at a time."""
    return csv_text([word(FIELD_LABELS, field) for field in FIELDS], rows(accounts))


def write_xlsx(accounts: QuerySet[StudentAccount], target: IO[bytes]) -> int:
    """Write the file; returns how many students are in it."""
    return workbook.write_table(_("Students"), FIELDS, rows(accounts), target)
