"""STUDENT_FIELDS: the one list of fields an account can receive, each with its label and its parser."""

from typing import Final, NamedTuple


class Field(NamedTuple):
    """`key` is the column of the account and the attribute of a record; `kind` names the parser in `roster.values`."""

    key: str
    label: str
    kind: str
    limit: int = 0


STUDENT_FIELDS: Final[dict[str, Field]] = {
    field.key: field
    for field in (
        Field("sis_id", "SIS ID", "identifier", 200),
        Field("student_number", "Student number", "identifier", 200),
        Field("email", "E-mail", "email", 320),
        Field("first_name", "First name", "text", 300),
        Field("last_name", "Last name", "text", 300),
        Field("middle_name", "Middle name", "text", 300),
        Field("preferred_name", "Preferred name", "text", 300),
        Field("personal_email", "Personal e-mail", "email", 320),
        Field("graduation_year", "Graduation year", "graduation_year"),
        Field("grade_level", "Current grade", "text", 100),
        Field("birth_date", "Date of birth", "date"),
        Field("gender", "Gender", "gender", 100),
    )
}

# What an account can't do without; a record that lacks one of them is not pulled in.
REQUIRED_FIELDS: Final = ("sis_id", "email", "first_name", "last_name", "graduation_year")
