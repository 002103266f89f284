"""Guesses about a spreadsheet: its row of headings, the field of a column, the order of dates."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from rollbook.roster.fields import ACTIVE, STUDENT_FIELDS
from rollbook.roster.sheets.cell_values import DateOrder, active_flag, date_by_order
from rollbook.roster.sheets.columns import guess_columns, guess_header_row, repeated_headings
from rollbook.roster.sheets.date_orders import guess_date_order
from rollbook.roster.sheets.headings import heading_key
from rollbook.roster.translation import translated
from rollbook.roster.values.parsing import Unreadable

DMY, MDY, YMD = DateOrder.DAY_MONTH_YEAR, DateOrder.MONTH_DAY_YEAR, DateOrder.YEAR_MONTH_DAY

TODAY = date(2026, 11, 27)

Rows = Sequence[Sequence[str | None]]


def guess(header: Sequence[str | None], rows: Rows) -> dict[int, str | None]:
    return guess_columns(header, rows, TODAY)


NAMES = [
    *(
        (name, "sis_id")
        for name in (
            "Student ID",
            "SIS ID",
            "sis_id",
            "Id",
            "person_pk",
            "External ID",
            "STUDENT_ID*",
            "sourcedId",
        )
    ),
    *(
        (name, "student_number")
        for name in ("Student Number", "Student No.", "Student_Number", "Local ID", "Admission No")
    ),
    *(
        (name, "email")
        for name in (
            "E-mail",
            "Email Address",
            "EMAIL",
            "email_1",
            "School e-mail",
            "Student Email",
            "Mail",
        )
    ),
    *(
        (name, "first_name")
        for name in (
            "First name",
            "Given name",
            "Forename",
            "FirstName",
            "first",
            "Prénom",
            "Given Name(s)",
        )
    ),
    *((name, "last_name") for name in ("Last Name", "Surname", "Family name", "LastName")),
    *((name, "middle_name") for name in ("Middle Name", "Middle", "MI")),
    *((name, "preferred_name") for name in ("Preferred name", "Nickname", "Known As", "Goes by")),
    *((name, "personal_email") for name in ("Personal Email", "email_2", "Home e-mail")),
    *(
        (name, "graduation_year")
        for name in (
            "Graduation Year",
            "Class of",
            "Grad Year",
            "GradYr",
            "projected_graduation_year",
        )
    ),
    *((name, "grade_level") for name in ("Grade", "Grade Level", "Current grade", "Year group")),
    *(
        (name, "birth_date")
        for name in ("DOB", "Birthday", "Date of Birth", "birth_date", "D.O.B.")
    ),
    *((name, "gender") for name in ("Gender", "Sex", "Legal sex")),
    *((name, ACTIVE) for name in ("Active", "Active?", "Is active", "enabled")),
]
NO_NAMES = [
    "",
    " ",
    None,
    "Homeroom",
    "Bus",
    "Parent e-mail",
    "Mother's first name",
    "Emergency contact",
    "Notes",
    "Locker 7",
]


@pytest.mark.parametrize(("name", "field"), NAMES)
def test_a_column_is_known_by_the_names_people_give_it(name: str, field: str) -> None:
    assert guess([name], []) == {0: field}


@pytest.mark.parametrize("name", NO_NAMES)
def test_other_columns_are_left_alone(name: str | None) -> None:
    assert guess([name], [["x"], ["y"]]) == {0: None}


@pytest.mark.parametrize("field", STUDENT_FIELDS.values(), ids=list(STUDENT_FIELDS))
def test_our_own_labels_and_keys_are_known(field: Any) -> None:
    assert guess([field.label], []) == guess([field.key], []) == {0: field.key}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("[Students]First_Name", "firstname"),
        ("[1]Student_Number", "studentnumber"),
        ("STUDENTS.Last_Name", "lastname"),
        ("student.firstName", "firstname"),
        ("U_Def_Ext_Students.Home_Email", "homeemail"),
        ("Students", "students"),
        ("[Teachers]First_Name", "teachersfirstname"),
        ("parent.email", "parentemail"),
        ("STUDENTCOREFIELDS.guardianemail", "studentcorefieldsguardianemail"),
    ],
)
def test_a_table_of_students_before_a_heading_is_left_out(name: str, key: str) -> None:
    assert heading_key(name) == key


def test_the_better_name_wins_where_two_could_fill_a_field() -> None:
    assert guess(["ID", "Student ID"], []) == {0: None, 1: "sis_id"}
    assert guess(["Student ID", "Student Number"], []) == {0: "sis_id", 1: "student_number"}


def test_a_number_is_the_id_where_there_is_no_other() -> None:
    assert guess(["Number", "Surname"], []) == {0: "sis_id", 1: "last_name"}


def test_a_name_that_means_other_things_is_taken_only_where_the_values_agree() -> None:
    assert guess(["Class", "Username"], [["2028", "ada@x.example"]]) == {
        0: "graduation_year",
        1: "email",
    }
    assert guess(["Class", "Username"], [["9B", "ada"], ["9C", "bob"]]) == {
        0: None,
        1: None,
    }


def test_columns_without_a_known_name_are_known_by_their_values() -> None:
    rows = [
        ["ada@x.example", "12/10/2010", "2028", "f", "Grade 9", "red"],
        ["bob@x.example", "3/5/2011", "2029", "M", "10", "2028"],
    ]
    guesses = guess(["Write to", "Born", "Leaves", "Boy/girl", "This year's grade", "House"], rows)
    assert list(guesses.values()) == [
        "email",
        "birth_date",
        "graduation_year",
        "gender",
        "grade_level",
        None,
    ]


def test_a_second_column_of_one_name_is_repeated_and_not_guessed() -> None:
    header = ["E-mail", "Name", "email", None, "", "name "]
    assert (
        guess(header, [["a@x.example", "A", "b@x.example"], ["c@x.example", "C", "d@x.example"]])[2]
        is None
    )
    assert repeated_headings(header) == {"E-mail": (0, 2), "Name": (1, 5)}


def test_the_header_row_is_found_below_titles() -> None:
    header, row = ["Student ID", "First name", "Last name"], ["1", "Ada", "Lovelace"]
    assert guess_header_row([header, row]) == 0
    assert (
        guess_header_row(
            [["Lincoln High, all students", None, None], ["printed", "1/2/2026", None], header, row]
        )
        == 2
    )
    assert (
        guess_header_row([["Students", None, None], header, row, row]) == 1
    )  # "Students" alone names no column


def test_a_header_of_names_we_do_not_know_is_the_first_full_row() -> None:
    assert (
        guess_header_row([["Title", None, None], ["Colour", "House", "Locker"], ["red", "A", "7"]])
        == 1
    )


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [["1", "ada@x.example", "Ada"]],
        [["ada@x.example", "Ada"], ["bob@x.example", "Bob"]],
        [["a", "b"]],
    ],
)
def test_a_table_without_names_has_no_header_row(rows: list[list[str | None]]) -> None:
    assert guess_header_row(rows) is None


@pytest.mark.parametrize(
    ("written", "order", "expected"),
    [
        ("3/5/2010", DMY, date(2010, 5, 3)),
        ("3/5/2010", MDY, date(2010, 3, 5)),
        ("03.05.2010", DMY, date(2010, 5, 3)),
        ("3-5-2010", DMY, date(2010, 5, 3)),
        (" 3 / 5 / 2010 ", DMY, date(2010, 5, 3)),
        ("3/5/2010 0:00", DMY, date(2010, 5, 3)),
        ("2010-05-03", DMY, date(2010, 5, 3)),
        ("2010/5/3", MDY, date(2010, 5, 3)),
        ("2010-05-03T00:00:00", YMD, date(2010, 5, 3)),
        ("3 May 2010", MDY, date(2010, 5, 3)),
        ("3-Sept-2010", YMD, date(2010, 9, 3)),
        ("May 3rd, 2010", DMY, date(2010, 5, 3)),
        (date(2010, 5, 3), DMY, date(2010, 5, 3)),
        ("", DMY, None),
        (None, DMY, None),
    ],
)
def test_a_date_is_read_in_the_order_chosen(
    written: Any, order: DateOrder, expected: date | None
) -> None:
    assert date_by_order(written, order) == expected


@pytest.mark.parametrize(
    ("written", "order"),
    [
        *(
            ("13/5/2010", MDY),
            ("5/13/2010", DMY),
            ("3/5/2010", YMD),
            ("3/5/10", DMY),
            ("10-5-3", YMD),
            ("30/2/2010", DMY),
            ("3/5", DMY),
        ),
        *(
            ("40301", DMY),
            ("3 Ma 2010", DMY),
            ("3 Jux 2010", DMY),
            ("May", DMY),
            ("3/2010/5", DMY),
            ("2010/5/2010", DMY),
            ("x" * 10_000, DMY),
        ),
        *(("٣/٥/٢٠١٠", DMY), ("3/5/0010", DMY), (True, DMY)),
    ],
)
def test_what_is_no_date_in_that_order_is_refused_not_guessed(
    written: Any, order: DateOrder
) -> None:
    with pytest.raises(Unreadable) as refused:
        date_by_order(written, order)
    assert refused.value.code == "date_invalid"


@pytest.mark.parametrize(
    ("values", "order", "ambiguous", "words"),
    [
        (["3/5/2010", "13/4/2011"], DMY, False, "13/4/2011 can only be 13 April 2011"),
        (["3/5/2010", None, "4/13/2011"], MDY, False, "4/13/2011 can only be 13 April 2011"),
        (["2010-05-03", "2011/4/13"], YMD, False, "year comes first"),
        (
            ["3/5/2010", "4/6/2011"],
            MDY,
            True,
            "3/5/2010 could be 3 May 2010 or 5 March 2010. Please choose.",
        ),
        (["13/4/2011", "4/13/2011"], MDY, True, "Please choose"),
        (
            ["13/4/2011", "14/4/2011", "4/13/2011"],
            DMY,
            False,
            "1 of 3 dates can't be read that way",
        ),
        (["3/3/2010"], MDY, False, "same in any order"),
        (["3/5/10"], MDY, True, "four digits"),
        (["", None, "3 May 2010", "soon"], MDY, False, "no dates"),
    ],
)
def test_the_order_of_dates_is_guessed_and_explained(
    values: list[str | None], order: DateOrder, ambiguous: bool, words: str
) -> None:
    guess = guess_date_order(values)
    assert (guess.order, guess.ambiguous) == (order, ambiguous)
    assert words in guess.sentence


def test_a_guess_about_dates_is_shown_in_the_readers_language() -> None:
    french = {
        "{day} {month} {year}": "{day} {month} {year}",
        "May": "mai",
        "March": "mars",
        "day-month-year": "jour-mois-année",
        "month-day-year": "mois-jour-année",
        "The dates can be {order} or {other_order}: {example} could be {day} or {other_day}. "
        "Please choose.": "{order} ou {other_order}\u202f? {example}\xa0: {day}, {other_day}",
    }
    sentence = guess_date_order(["3/5/2010"]).sentence
    assert translated(sentence, french.__getitem__) == (
        "jour-mois-année ou mois-jour-année\u202f? 3/5/2010\xa0: 3 mai 2010, 5 mars 2010"
    )


def test_where_dates_do_not_tell_the_usual_order_is_offered() -> None:
    assert guess_date_order(["3/5/2010"], usual=DMY).order is DMY
    assert guess_date_order([], usual=YMD).order is YMD


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        *((yes, True) for yes in ("TRUE", "true", "Yes", "y", "1", 1, 1.0, True)),
        *((no, False) for no in ("FALSE", "no", "N", "0", 0, 0.0, False)),
        *((blank, None) for blank in ("", " ", None)),
    ],
)
def test_an_active_column_says_yes_or_no_in_many_words(written: Any, expected: bool | None) -> None:
    assert active_flag(written) is expected


@pytest.mark.parametrize("written", ["maybe", "2", "graduated", "x" * 1_000])
def test_any_other_word_in_an_active_column_is_a_problem(written: str) -> None:
    with pytest.raises(Unreadable) as refused:
        active_flag(written)
    assert refused.value.code == "active_invalid"
