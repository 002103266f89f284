"""The list of students as a csv or Excel file. Neither holds the list in memory."""

from collections.abc import Iterator
from typing import IO, Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.students.models import AccountStatus, FurtherLink, StudentAccount
from rollbook.sync.report import excel
from rollbook.sync.report.csv_file import csv_text
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.sources import source_label, sources_label
from rollbook.sync.words.text import word

FIELDS: Final = (*STUDENT_FIELDS, "status", "source")
FURTHER: Final = "further_sis_ids"  # only where one of the students has a second SIS
_SEPARATOR: Final = "\x1f"
_LINKS: Final = (
    FurtherLink.objects.filter(account=OuterRef("pk"))
    .order_by("since", "pk")
    .values_list(Concat("source", Value(_SEPARATOR), "sis_id"), flat=True)
)
MOST_IN_EXCEL: Final = 50_000  # takes about three seconds; a csv file begins at once
ROWS_AT_A_TIME: Final = 2_000


def csv_lines(accounts: QuerySet[StudentAccount]) -> Iterator[str]:
    """Yield the csv file of these accounts, some rows at a time."""
    has_further = _has_further(accounts)
    fields = (*FIELDS, FURTHER) if has_further else FIELDS
    headings = [word(FIELD_LABELS, field) for field in fields]
    return csv_text(headings, _rows(accounts, has_further))


def write_xlsx(accounts: QuerySet[StudentAccount], target: IO[bytes]) -> int:
    """Write the Excel file of these accounts. Returns how many there are."""
    has_further = _has_further(accounts)
    fields = (*FIELDS, FURTHER) if has_further else FIELDS
    return excel.write_table(_("Students"), fields, _rows(accounts, has_further), target)


def _rows(accounts: QuerySet[StudentAccount], with_further: bool) -> Iterator[list[Any]]:
    """Yield the values of each account, by a cursor that the server keeps."""
    statuses = {code: str(label) for code, label in AccountStatus.choices}
    rows = accounts.annotate(links=ArraySubquery(_LINKS)).values_list(*FIELDS, "links")
    for *values, status, source, links in rows.iterator(chunk_size=ROWS_AT_A_TIME):
        further = [link.split(_SEPARATOR, 1) for link in links]
        all_links = sources_label([source, *(each for each, _sis_id in further)])
        row = [*values, statuses.get(status, status), all_links]
        if with_further:
            row.append(", ".join(f"{source_label(each)} {sis_id}" for each, sis_id in further))
        yield row


def _has_further(accounts: QuerySet[StudentAccount]) -> bool:
    return FurtherLink.objects.filter(account__in=accounts.order_by()).exists()
