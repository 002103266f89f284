"""Headings over two rows are joined; titles and students are not taken for headings."""

from rollbook.roster.sheets.two_row_headings import continues_below, is_group_row, joined_headings

Row = list[str | None]

GROUPS: Row = ["ID", "Name", None, "Contact", None]
NAMES: Row = [None, "First", "Last", "Email", "Grad Year"]
STUDENT: Row = ["1", "Mira", "Castell", "mira@x.example", "2028"]


def test_two_rows_of_headings_are_joined() -> None:
    assert is_group_row(GROUPS, NAMES) and continues_below(GROUPS, NAMES)
    headings = joined_headings(GROUPS, NAMES)
    assert headings[0] == "ID"
    assert headings[1] in ("First", "First Name") and headings[2] in ("Last", "Last Name")
    assert headings[3:] == ["Email", "Grad Year"]


def test_a_group_tells_apart_what_is_named_alike() -> None:
    upper: Row = ["Student", None, "Parent", None]
    lower: Row = ["Name", "Email", "Name", "Email"]
    assert is_group_row(upper, lower)
    assert joined_headings(upper, lower) == [
        "Student Name",
        "Student Email",
        "Parent Name",
        "Parent Email",
    ]


def test_a_group_of_others_stays_in_the_heading() -> None:
    upper: Row = ["ID", "Name", None, "Guardian"]
    lower: Row = [None, "First", "Last", "Email"]
    assert joined_headings(upper, lower)[3] == "Guardian Email"


def test_what_is_no_row_of_groups_is_left_alone() -> None:
    headings: Row = ["ID", "First name", "Last name", "Email", None]
    assert not is_group_row(["Class list", None, None, None, None], headings)
    assert not is_group_row(["School", "Northfield", None, None, None], headings)
    assert not continues_below(headings, STUDENT)
    assert not continues_below(headings, ["A", "Mira", "Castell", None, "Red"])
