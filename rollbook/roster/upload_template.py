"""What the template for uploads holds: a heading for each field, an example row, and what each column is for."""

from collections.abc import Callable
from typing import Final, NamedTuple

from rollbook.roster.columns import ACTIVE
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.sheet_rows import UPLOAD_REQUIRED
from rollbook.roster.translation import gettext_noop as _

REASON_COLUMN: Final = "What is wrong"  # the last column of a file of failing rows; ignored when that is uploaded again
SHEETS: Final = ("Students", "Columns")

# Left in by many: a row with these is recognised and left out.
EXAMPLE: Final = {key: field.example for key, field in STUDENT_FIELDS.items()} | {ACTIVE: "TRUE"}
_MEANINGS: Final = {key: field.meaning for key, field in STUDENT_FIELDS.items()} | {
    ACTIVE: _("TRUE opens the account, FALSE deactivates it, empty leaves it as it is."),
}


class TemplateColumn(NamedTuple):
    heading: str
    required: bool
    example: str
    meaning: str


def template_columns(translate: Callable[[str], str] = _) -> list[TemplateColumn]:
    """The template's columns from left to right. Headings stay as they are in every language: they are what we recognise."""
    labels = {key: field.label for key, field in STUDENT_FIELDS.items()} | {ACTIVE: "Active"}
    return [
        TemplateColumn(
            f"{label} *" if key in UPLOAD_REQUIRED else label,
            key in UPLOAD_REQUIRED,
            EXAMPLE[key],
            translate(_MEANINGS[key]),
        )
        for key, label in labels.items()
    ]
