"""The list of students as a csv or Excel file. Neither holds the list in memory."""

from collections.abc import Iterator
from typing import IO, Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.sync.report import excel
from rollbook.sync.report.csv_file import csv_text
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.sources import source_label
from rollbook.sync.words.text import word

FIELDS: Final = (*STUDENT_FIELDS, "status", "source")
MOST_IN_EXCEL: Final = 50_000  # takes about eight seconds; a csv file begins at once
ROWS_AT_A_TIME: Final = 2_000


def csv_lines(accounts: QuerySet[StudentAccount]) -> Iterator[str]:
    """Yield the csv file of these accounts, some rows at a time."""
    return csv_text([word(FIELD_LABELS, field) for field in FIELDS], _rows(accounts))


def write_xlsx(accounts: QuerySet[StudentAccount], target: IO[bytes]) -> int:
    """Write the Excel file of these accounts. Returns how many there are."""
    return excel.write_table(_("Students"), FIELDS, _rows(accounts), target)


def _rows(accounts: QuerySet[StudentAccount]) -> Iterator[list[Any]]:
    """Yield the values of each account, by a cursor that the server keeps."""
    statuses = {code: str(label) for code, label in AccountStatus.choices}
    rows = accounts.values_list(*FIELDS).iterator(chunk_size=ROWS_AT_A_TIME)
    for *values, status, source in rows:
        yield [*values, statuses.get(status, status), source_label(source)]
