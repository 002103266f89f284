"""Which rows of a sheet are headings again, totals or titles, and which are students."""

import pytest

from rollbook.roster.sheets.other_rows import other_row

COLUMNS = {
    0: ("SIS ID", "sis_id"),
    1: ("First name", "first_name"),
    2: ("Last name", "last_name"),
    3: ("E-mail", "email"),
}


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["SIS ID", "First name", "Last name", "E-mail"], "heading_again"),
        (["sis id", "First Name", None, "E-Mail *"], "heading_again"),
        (["Total students: 2", None, None, None], "no_student_row"),
        (["Total", None, None, "24"], "no_student_row"),
        ([None, "Grand total", "12", None], "no_student_row"),
        (["Page 2 of 5", None, None, None], "no_student_row"),
        (["Grade 9", None, None, None], "no_student_row"),
        ([None, "Grade 9", None, None], "no_student_row"),
        (["Homeroom of Ms Brandt", None, None, None], "no_student_row"),
        (["1", "Mira", "Castell", "mira@x.example"], None),
        (["17", None, None, None], None),
        (["S17", None, None, None], None),
        ([None, "Mary Ann", None, None], None),
        ([None, None, None, "mira@x.example"], None),
        (["1", "Total", "Recall", None], None),
        ([None, "Summer", "Holt", None], None),
        (["1", "First name", "Castell", None], None),
        ([None, None, None, None], None),
    ],
)
def test_a_row_that_is_no_student_is_known(texts: list[str | None], code: str | None) -> None:
    assert other_row(texts, COLUMNS) == code
