"""The headings of a spreadsheet's columns: the forms in which they are compared."""

import re
import unicodedata
from typing import Final

# How PowerSchool and others name a column: by its table first. Its table 1 is that of students.
_TABLE_PREFIX: Final = re.compile(
    r"^\s*(?:\[\s*(?:0*1|\w*students?)\s*\]|\w*students?\.)(?=\s*\w)", re.IGNORECASE
)


def heading_key(name: str | None) -> str:
    """Return a heading in small letters and digits only, without accents.

    "E-Mail Address*" and "email_address" have the same key. A table of students before the name
    is left out, as in "[Students]First_Name", "STUDENTS.First_Name" and "student.firstName".
    """
    bare = _TABLE_PREFIX.sub("", (name or "")[:200])
    decomposed = unicodedata.normalize("NFKD", bare).casefold()
    return "".join(letter for letter in decomposed if letter.isalnum())
