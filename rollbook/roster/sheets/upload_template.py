"""The template for uploads: a heading for each field, an example row, a meaning of each column."""

from typing import Final, NamedTuple

from rollbook.roster.fields import ACTIVE, STUDENT_FIELDS
from rollbook.roster.sheets.rows import UPLOAD_REQUIRED
from rollbook.roster.translation import Translate
from rollbook.roster.translation import gettext_noop as _

# The last column of a file of failing rows; it is ignored when that file is uploaded again.
REASON_COLUMN: Final = "What is wrong"
SHEETS: Final = ("Students", "Columns")

# Many people leave the example in the file: a row with these values is recognised and left out.
EXAMPLE: Final = {key: field.example for key, field in STUDENT_FIELDS.items()} | {ACTIVE: "TRUE"}
_MEANINGS: Final = {key: field.meaning for key, field in STUDENT_FIELDS.items()} | {
    ACTIVE: _("TRUE opens the account, FALSE deactivates it, empty leaves it as it is."),
}


class TemplateColumn(NamedTuple):
    """One column of the template. Its heading has a star where a new account needs the field."""

    heading: str
    required: bool
    example: str
    meaning: str


def template_columns(translate: Translate = _) -> list[TemplateColumn]:
    """Return the template's columns from left to right.

    The headings are the same in every language: by them we recognise the columns.
    """
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
