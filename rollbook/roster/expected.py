"""What is expected in place of a value that can't be taken, short enough for a cell of the file for the registrar."""

from typing import Final


def _(text: str) -> str:
    """Marks a text for translation; whoever shows it translates it."""
    return text


# By issue code; a code that isn't here is answered with the remedy of `problems.PROBLEMS`.
EXPECTED: Final[dict[str, str]] = {
    "required_empty": _("A value; it is required"),
    "grade_unknown": _("A grade level, such as 9 or Kindergarten"),
    "email_invalid": _("A complete e-mail address, such as name@school.example"),
    "personal_email_invalid": _("A complete e-mail address, or nothing"),
    "graduation_year_invalid": _("A year of four digits, such as 2028"),
    "date_invalid": _("A date that exists, such as 2009-02-28"),
    "gender_unknown": _("One of the usual entries, unless it is meant as written"),
    "text_too_long": _("A shorter text"),
    "control_characters": _("The same text, typed anew"),
    "id_repeated": _("One record only with this SIS ID"),
    "email_shared": _("An address that no other student has"),
}
