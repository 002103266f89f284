"""What speaks against a guess at a column: words of its heading, and values that don't agree."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.fields import ACTIVE
from rollbook.roster.sheets.cell_values import DateOrder, active_flag
from rollbook.roster.sheets.columns import doubt_about, guess_columns, guess_header_row
from rollbook.roster.sheets.date_orders import guess_date_order, stated_order
from rollbook.roster.sheets.full_names import FULL_NAME, SplitName, can_be_split, split_name
from rollbook.roster.sheets.headings import heading_words, speaks_against_student

TODAY = date(2026, 11, 27)
CONTRARY = (
    *("parent", "guardian", "mother", "father", "emergency", "contact", "teacher", "counselor"),
    *("counsellor", "advisor", "previous", "enrollment", "enrolment", "admission", "entry"),
    *("start", "joined", "modified", "created", "passport", "postcode", "recovery", "last login"),
    *("last sign in", "school year", "tutor", "padre", "ingreso"),
)
KINDS = ("email", "e-mail address", "date", "day", "year", "date of birth", "dob", "grade", "sex")
ADDRESSES = ["ada@x.example", "bob@x.example", "cyd@x.example"]
BIRTH_DATES = ["2010-05-03", "2011-04-13", "2012-12-01"]
YEARS = ["2028", "2029", "2028"]
GENDERS = ["F", "M", "F"]
GRADES = ["9", "10", "11"]


def guess_one(heading: str, values: Sequence[str]) -> str | None:
    return guess_columns([heading], [[value] for value in values], TODAY)[0]


def spelled(words: Sequence[str], style: str) -> str:
    """Return words as one of the systems would write a heading."""
    parts = [part for word in words for part in word.split()]
    if style == "snake":
        return "_".join(parts)
    if style == "camel":
        return parts[0] + "".join(part.title() for part in parts[1:])
    if style == "pascal":
        return "".join(part.title() for part in parts)
    if style == "bracket":
        return f"{words[-1]} ({' '.join(words[:-1])})"  # "school year" stays together
    return " ".join(parts).title()


@given(
    contrary=st.sampled_from(CONTRARY),
    kind=st.sampled_from(KINDS),
    first=st.booleans(),
    number=st.sampled_from(["", "1", "2"]),
    style=st.sampled_from(["snake", "camel", "pascal", "bracket", "title"]),
    values=st.sampled_from([ADDRESSES, BIRTH_DATES, YEARS, GENDERS, GRADES]),
)
def test_a_heading_that_names_somebody_or_something_else_is_never_guessed(
    contrary: str, kind: str, first: bool, number: str, style: str, values: list[str]
) -> None:
    other = f"{contrary} {number}".strip()
    heading = spelled([other, kind] if first else [kind, other], style)
    assert guess_one(heading, values) is None


@pytest.mark.parametrize("heading", ["Year", "This year", "Years", "Año"])
def test_a_year_without_a_word_is_not_the_graduation_year(heading: str) -> None:
    assert guess_one(heading, YEARS) is None


@given(st.lists(st.integers(0, 40 * 365), min_size=2, max_size=30))
def test_unnamed_dates_are_birth_dates_only_where_they_fit_the_age(ages_in_days: list[int]) -> None:
    days = [TODAY - timedelta(days) for days in ages_in_days]
    of_age = sum(2 * 365.25 <= days < 26 * 365.25 - 1 for days in ages_in_days)
    guess = guess_one("Column 7", [day.isoformat() for day in days])
    if guess is not None:
        assert guess == "birth_date"
        assert of_age + 1 >= 0.95 * len(days)  # one may be at the very edge
    if all(2 * 366 <= days <= 25 * 365 for days in ages_in_days):
        assert guess == "birth_date"


def test_a_named_birth_date_needs_no_age() -> None:
    assert guess_one("DOB", ["1971-01-01", "1970-02-02"]) == "birth_date"


def test_two_columns_that_look_alike_are_left_to_a_person() -> None:
    rows = list(zip(ADDRESSES, [f"s{address}" for address in ADDRESSES], strict=True))
    assert guess_columns(["Account", "Account 2"], rows, TODAY) == {0: None, 1: None}


def test_addresses_that_students_share_are_not_their_own() -> None:
    assert guess_one("Address", ["fam@x.example", "fam@x.example", "ada@x.example"]) is None


@pytest.mark.parametrize(
    "better", ["Student Email", "student_email", "Pupil e-mail", "Student's Email", "School Email"]
)
@pytest.mark.parametrize("other", ["Email", "E-mail", "Primary Email", "Mail"])
def test_the_address_that_names_the_student_wins(better: str, other: str) -> None:
    if better == "School Email" and other == "E-mail":  # our own label: the template's column
        return
    assert guess_columns([other, better], [], TODAY) == {0: None, 1: "email"}
    assert guess_columns([better, other], [], TODAY) == {0: "email", 1: None}


def test_a_sis_id_is_better_than_a_student_id() -> None:
    assert guess_columns(["Student ID", "SIS ID"], [], TODAY) == {0: None, 1: "sis_id"}


@pytest.mark.parametrize("heading", ["No.", "#", "Nr", "Nr.", "Row", "S.No", "Line", "№"])
@pytest.mark.parametrize("values", [["1", "2", "3"], ["17", "4", "9"]])
def test_the_number_of_a_line_is_no_id(heading: str, values: list[str]) -> None:
    assert guess_one(heading, values) is None


@pytest.mark.parametrize("heading", ["ID", "Number", "ID number", "Roll No", "Student No."])
def test_what_merely_counts_is_no_id(heading: str) -> None:
    assert guess_one(heading, ["1", "2", "3", "4"]) is None
    assert guess_one(heading, ["1.0", "2.0", "3.0"]) is None
    assert guess_one(heading, ["0", "1", "2", "3"]) is None
    assert guess_one(heading, ["1.", "2.", "3."]) is None
    assert guess_one(heading, ["1)", "2)", "3)"]) is None
    assert guess_one(heading, ["1", "2", "4", "5", "6", "8"]) is None
    assert guess_one(heading, ["1", "12", "23"]) is not None
    assert guess_one(heading, ["1001", "1002", "1003"]) is not None
    assert guess_one(heading, ["2", "1", "3"]) is not None
    assert guess_one(heading, ["001", "002", "003"]) is not None


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("status", ["active", "tobedeleted", "active"]),
        ("Status [READ ONLY]", ["Active", "Suspended"]),
        ("Enrollment Status", ["Active", "Withdrawn", "Pre-registered"]),
        ("account_status", ["active", "inactive"]),
        ("enabledUser", ["true", "false"]),
        ("Enroll_Status", ["0", "-1", "2", "0"]),
        ("[Students]Enroll_Status", ["0", "0"]),
    ],
)
def test_a_status_in_words_we_know_opens_and_closes(heading: str, values: list[str]) -> None:
    assert guess_one(heading, values) == ACTIVE


def test_0_is_active_in_powerschools_enroll_status_only() -> None:
    codes = ["-1", "0", "1", "2", "3", "4"]
    flags = [active_flag(code, "[Students]Enroll_Status") for code in codes]
    assert flags == [False, True, False, False, False, False]
    assert active_flag("0.0", "Enroll_Status") is True
    assert active_flag("0", "Active") is False


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("Enroll_Status", ["0", "7"]),
        ("Enrollment Status", ["0", "1"]),
        ("Status", ["0", "0", "2"]),
        ("Status", ["Boarder", "Day", "Day"]),
        ("Status", []),
        ("IEP_status", ["N", "N", "Y"]),
        ("Marital status", ["active", "inactive"]),
        ("Activities", ["yes", "no"]),
        ("Active in sports", ["yes", "no"]),
        ("Inactive", ["true", "false"]),
    ],
)
def test_any_other_status_is_left_to_a_person(heading: str, values: list[str]) -> None:
    assert guess_one(heading, values) is None


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("Password", ["x", "x", "x"]),
        ("Section", ["M", "M", "M"]),
        ("Math Grade", ["9", "10", "11"]),
        ("Previous Grade", ["9", "10", "11"]),
        ("Next year's grade", ["9", "10", "11"]),
    ],
)
def test_letters_and_figures_of_something_else_are_not_guessed(
    heading: str, values: list[str]
) -> None:
    assert guess_one(heading, values) is None


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("First Name [Required]", "first_name"),
        ("Email Address [Required]", "email"),
        ("Date of Birth (DD/MM/YYYY)", "birth_date"),
        ("Last Name*", "last_name"),
        ("Pupil's Surname", "last_name"),
        ("Legal Forename", "first_name"),
        ("Date of birth of the student", "birth_date"),
        ("Correo electrónico del alumno", "email"),
        ("学生邮箱", "email"),
        ("Adno", "student_number"),
        ("Fecha de nacimiento", "birth_date"),
        ("Año de graduación", "graduation_year"),
        ("出生日期", "birth_date"),
        ("性别", "gender"),
    ],
)
def test_a_heading_is_known_in_brackets_with_the_student_and_in_other_languages(
    heading: str, field: str
) -> None:
    assert guess_one(heading, []) == field


@pytest.mark.parametrize("heading", ["Name", "Student Name", "Full name", "Name (Last, First)"])
def test_names_with_a_comma_fill_first_and_last_name(heading: str) -> None:
    assert guess_one(heading, ["Smith, John", "Núñez, José", "林，晓彤"]) == FULL_NAME
    assert guess_one(heading, ["John Smith", "José Núñez"]) is None


@pytest.mark.parametrize("heading", ["Parent Name", "Class name", "Teacher", "House", "Notes"])
def test_other_names_with_a_comma_are_left_alone(heading: str) -> None:
    assert guess_one(heading, ["Smith, John", "Núñez, José"]) is None


def test_names_with_a_comma_are_not_needed_beside_a_column_for_each_name() -> None:
    header = ["First name", "Last name", "Name"]
    rows = [["Ada", "Lovelace", "Lovelace, Ada"], ["Bob", "Byte", "Byte, Bob"]]
    assert guess_columns(header, rows, TODAY) == {0: "first_name", 1: "last_name", 2: None}


def test_a_full_name_is_split_at_its_only_comma() -> None:
    assert split_name(" Van der Berg ,  Sam K ") == SplitName("Van der Berg", "Sam K")
    for text in ("", "Sam", "Li Na", "Smith,", ", John", "Smith, John, Jr."):
        assert not can_be_split(text)


def test_a_heading_is_split_into_words() -> None:
    assert heading_words("Guardian1_Email") == ["guardian", "1", "email"]
    assert heading_words("guardian1Email") == ["guardian", "1", "email"]
    assert heading_words("dateLastModified") == ["date", "last", "modified"]
    assert heading_words("DOBDate") == ["dob", "date"]
    assert heading_words("[Students]mother_email") == ["mother", "email"]
    assert heading_words(None) == []


@pytest.mark.parametrize(
    "heading", ["First name", "lastName", "Country", "Pastor", "E-mail", "Birthday", "Leaves"]
)
def test_other_headings_have_nothing_against_them(heading: str) -> None:
    assert not speaks_against_student(heading)


def test_headings_in_another_language_make_a_header_row() -> None:
    rows: list[list[str | None]] = [
        ["Lista", None, None],
        ["Apellidos", "Nombres", "Sexo"],
        ["Ruiz", "Mateo", "M"],
    ]
    assert guess_header_row(rows) == 1


@given(st.lists(st.text(max_size=30), max_size=6), st.lists(st.text(max_size=12), max_size=6))
def test_a_guess_never_fails_and_never_fills_a_field_twice(
    header: list[str], values: list[str]
) -> None:
    guesses = guess_columns(header, [values, values], TODAY)
    filled = [field for field in guesses.values() if field]
    assert set(guesses) == set(range(len(header)))
    assert len(filled) == len(set(filled))


DMY, MDY, YMD = DateOrder.DAY_MONTH_YEAR, DateOrder.MONTH_DAY_YEAR, DateOrder.YEAR_MONTH_DAY


@pytest.mark.parametrize(
    ("heading", "order"),
    [
        ("Date of Birth (DD/MM/YYYY)", DMY),
        ("DOB (MM/DD/YYYY)", MDY),
        ("dob_mm_dd_yyyy", MDY),
        ("Birthdate MMDDYYYY", MDY),
        ("DOB dd.mm.yy", DMY),
        ("Birthday (YYYY-MM-DD)", YMD),
        ("Born [D-M-Y]", DMY),
        ("Geburtsdatum (TT.MM.JJJJ)", DMY),
        ("Date de naissance (JJ/MM/AAAA)", DMY),
        ("Fecha de nacimiento (DD/MM/AAAA)", DMY),
        ("Birth date: day/month/year", DMY),
        ("Date of birth", None),
        ("Daddy's day", None),
        ("My Dummy", None),
        ("YYYY/DD/MM", None),
        (None, None),
    ],
)
def test_a_heading_states_the_order_of_dates(heading: str | None, order: DateOrder | None) -> None:
    assert stated_order(heading) is order


@pytest.mark.parametrize(
    ("values", "heading", "order", "ambiguous"),
    [
        (["3/5/2010", "4/6/2011"], "DOB (DD/MM/YYYY)", DMY, False),
        (["3/5/2010", "4/6/2011"], "DOB (MM/DD/YYYY)", MDY, False),
        (["3/5/2010", "13/6/2011", "4/13/2011"], "DOB (MM/DD/YYYY)", MDY, False),
        (["3/5/2010", "4/13/2011"], "DOB (DD/MM/YYYY)", MDY, True),
        (["2010-05-03"], "DOB (DD/MM/YYYY)", YMD, False),
        (["3/5/10"], "DOB (DD/MM/YYYY)", MDY, True),
        (["3/5/2010"], "DOB (YYYY-MM-DD)", MDY, True),
    ],
)
def test_the_order_that_a_heading_states_is_taken_unless_the_dates_contradict(
    values: list[str], heading: str, order: DateOrder, ambiguous: bool
) -> None:
    guess = guess_date_order(values, heading=heading)
    assert (guess.order, guess.ambiguous) == (order, ambiguous)


@pytest.mark.parametrize(
    ("field", "heading", "values", "reason"),
    [
        ("sis_id", "No.", ["1", "2", "3", "4"], "counts"),
        ("sis_id", "ID", ["1", "2", "3"], "counts"),
        ("student_number", "Nr", ["1.0", "2.0", "3.0"], "counts"),
        ("sis_id", "SIS ID", ["1", "2", "3"], ""),
        ("sis_id", "ID", ["1017", "1018", "1019"], ""),
        ("email", "Guardian Email", ["a@x.example", "b@x.example"], "heading"),
        ("email", "Email of mother", ["a@x.example", "b@x.example"], "heading"),
        ("personal_email", "Parent Email", ["a@x.example", "b@x.example"], ""),
        ("email", "Konto", ["a@x.example", "b@x.example"], ""),
        ("birth_date", "Datum", ["2025-09-01", "2026-09-01"], "values"),
        ("birth_date", "Datum", ["2011-09-01", "2012-02-01"], ""),
        ("birth_date", "Enrollment Date", ["2011-09-01", "2012-02-01"], "heading"),
        ("graduation_year", "Year Joined", ["2022", "2023"], "heading"),
        ("home_room", "Homeroom Teacher", ["Ms Lee", "Mr Wu"], ""),
    ],
)
def test_a_choice_of_an_earlier_file_is_doubted_where_todays_rules_would_refuse_it(
    field: str, heading: str, values: list[str], reason: str
) -> None:
    assert doubt_about(field, heading, values, date(2026, 11, 27)) == reason
