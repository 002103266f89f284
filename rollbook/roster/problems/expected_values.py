"""EXPECTED_VALUES: what is expected instead of a bad value, short enough for a cell of a file."""

from typing import Final

from rollbook.roster.translation import gettext_noop as _

# By issue code. A code without an entry gets the remedy of `problems.PROBLEMS` instead.
EXPECTED_VALUES: Final[dict[str, str]] = {
    "required_empty": _("A value; it is required"),
    "grade_unknown": _("A grade level, such as 9 or Kindergarten"),
    "email_invalid": _("A complete e-mail address, such as name@school.example"),
    "email_characters": _("The same address, without the wrong character or dot"),
    "email_lookalike": _("The same address, typed again in Latin letters"),
    "personal_email_invalid": _("A complete e-mail address, or nothing"),
    "graduation_year_invalid": _("A year of four digits, such as 2028"),
    "date_invalid": _("A date that exists, such as 2009-02-28"),
    "date_ambiguous": _("The date with the year first, such as 2009-02-28"),
    "birth_date_unlikely": _("The date on which the student was born, unless this one is right"),
    "id_placeholder": _("An ID that only this student has"),
    "gender_unknown": _("One of the usual entries, unless this one is intended"),
    "name_broken": _("The name with its letters as they should be"),
    "text_too_long": _("A shorter text"),
    "control_characters": _("The same text, typed again"),
    "id_repeated": _("Only one record with this SIS ID"),
    "listed_twice": _("Only one record with this SIS ID"),
    "email_shared": _("An address that no other student has"),
}
