"""The template for uploads, as an Excel or csv file."""

from typing import IO

from django.utils.translation import gettext as _

from rollbook.roster.sheets.upload_template import SHEETS, template_columns
from rollbook.sync.report import excel
from rollbook.sync.report.csv_file import csv_text


def write_template(kind: str, target: IO[bytes]) -> None:
    """Write the template as `csv`, or as `xlsx` with a sheet that explains each column."""
    columns = template_columns(_)
    headings = [column.heading for column in columns]
    example = [column.example for column in columns]
    if kind == "csv":
        for text in csv_text(headings, [example]):
            target.write(text.encode())
        return
    about = (_("Column"), _("Required"), _("Example"), _("What it is"))
    explained = [
        (column.heading, _("yes") if column.required else "", column.example, column.meaning)
        for column in columns
    ]
    students, explanations = SHEETS
    excel.write_texts(
        {students: (headings, [example]), explanations: (about, explained)}, students, target
    )
