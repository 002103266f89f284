"""What the template for uploads holds: a heading for each field, an example row, and what each column is for."""

from collections.abc import Callable
from typing import Final, NamedTuple

from rollbook.roster.columns import ACTIVE
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.sheet_rows import UPLOAD_REQUIRED


def _(text: str) -> str:
    """Marks a text for translation; whoever shows it translates it."""
    return text


REASON_COLUMN: Final = "What is wrong"  # the last column of a file of failing rows; ignored when that is uploaded again
SHEETS: Final = ("Students", "Columns")

# Left in by many: a row with these is recognised and left out.
EXAMPLE: Final = {
    "sis_id": "000123",
    "student_number": "20418",
    "email": "ada.example@rollbook.example",
    "first_name": "Ada",
    "last_name": "Example",
    "middle_name": "Grace",
    "preferred_name": "Addie",
    "personal_email": "addie@home.example",
    "graduation_year": "2030",
    "grade_level": "9",
    "birth_date": "2012-05-03",
    "gender": "Female",
    ACTIVE: "TRUE",
}
_MEANINGS: Final = {
    "sis_id": _(
        "The permanent ID in your SIS. It decides first who exists already. Leading zeros are kept."
    ),
    "student_number": _(
        "The number your school gives. It decides who exists already where there is no SIS ID."
    ),
    "email": _(
        "The address the student signs in with; one student each. Decides who exists already where there is neither ID nor number."
    ),
    "first_name": _("As on official papers."),
    "last_name": _("As on official papers."),
    "middle_name": _("All middle names."),
    "preferred_name": _("What the student is called."),
    "personal_email": _("An address besides the one for signing in."),
    "graduation_year": _("Four digits."),
    "grade_level": _("K, 1 to 12, or a name such as Grade 9."),
    "birth_date": _("Year-month-day is always understood; for other orders you say which one."),
    "gender": _("Any word; the usual ones are Female, Male, Non-binary."),
    ACTIVE: _("TRUE opens the account, FALSE deactivates it, empty leaves it as it is."),
}


class TemplateColumn(NamedTuple):
    heading: str
    required: bool
    example: str
    meaning: str


def columns(translate: Callable[[str], str] = _) -> list[TemplateColumn]:
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
