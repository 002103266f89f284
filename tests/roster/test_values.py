"""Dates, graduation years and grade levels, as sources write them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from rollbook.roster.values.grades import grade, grade_label, parse_grades
from rollbook.roster.values.parsing import Unreadable, birth_date, graduation_year
from tests.roster.model import named

NAN, INFINITE, HUGE = float("nan"), float("inf"), 10**5_000

DATES: list[tuple[Any, date | None]] = [
    (None, None),
    ("", None),
    ("  ", None),
    ("2010-12-10", date(2010, 12, 10)),
    (" 2010-1-2 ", date(2010, 1, 2)),
    ("2012-02-29", date(2012, 2, 29)),
    ("2000-02-29", date(2000, 2, 29)),
    ("2010-12-10T00:00:00", date(2010, 12, 10)),
    ("2010-12-10 08:30", date(2010, 12, 10)),
    ("2010-12-10T00:00:00.000Z", date(2010, 12, 10)),
    ("2010-12-10T23:00:00.123456789+08:00", date(2010, 12, 10)),
    (date(2010, 12, 10), date(2010, 12, 10)),
    (datetime(2010, 12, 10, 8, 30, tzinfo=UTC), date(2010, 12, 10)),
]
NO_DATES: list[Any] = [
    *(
        "2010-02-29",
        "2010-02-30",
        "1900-02-29",
        "2010-13-01",
        "2010-00-10",
        "2010-12-00",
        "0000-01-01",
        "0001-01-01",
        "1899-12-31",
    ),
    *(
        "2151-01-01",
        "2010-12",
        "2010-12-10T",
        "2010-12-10 at noon",
        "none",
        "-2010-12-10",
    ),
    *("2010-12-10T00:00:00." + "0" * 5_000, "2" * 100_000, 0, True, HUGE),
]
YEARS: list[tuple[Any, int | None]] = [
    *(
        (None, None),
        ("", None),
        (" ", None),
        (0, None),
        ("0", None),
        (0.0, None),
        ("0.0", None),
        ("0000", None),
    ),
    *(
        (2028, 2028),
        ("2028", 2028),
        (" 2028 ", 2028),
        (2028.0, 2028),
        ("2028.0", 2028),
        (1900, 1900),
        (2150, 2150),
    ),
]
NO_YEARS: list[Any] = [
    *(
        -1,
        "-2028",
        28,
        "28",
        1899,
        2151,
        20280,
        "20280",
        "2028.5",
        2028.5,
        "2o28",
    ),
    *("٢٠٢٨", True, HUGE, 1e300, "2" * 100_000),
]
GRADES: list[tuple[Any, int | None]] = [
    *(
        (None, None),
        ("", None),
        (" ", None),
        (-2, -2),
        (-1, -1),
        (0, 0),
        (9, 9),
        (12, 12),
        (99, 99),
    ),
    *(
        (9.0, 9),
        ("9", 9),
        (" 9 ", 9),
        ("09", 9),
        ("009", 9),
        ("9.0", 9),
        ("-1", -1),
        ("-02", -2),
        ("0", 0),
        ("00", 0),
    ),
    *(
        ("K", 0),
        ("k", 0),
        ("KG", 0),
        ("Kindergarten", 0),
        ("PK", -1),
        ("pk", -1),
        ("Pre-K", -1),
        ("PreK", -1),
        ("Pre-Kindergarten", -1),
    ),
    *(
        ("PK4", -1),
        ("PK3", -2),
        ("Pre-K 3", -2),
        ("Pre-K 4", -1),
        ("Preschool", -1),
        ("PRE-KINDERGARTEN 3", -2),
    ),
    *(
        ("Grade 9", 9),
        ("grade 09", 9),
        ("GRADE9", 9),
        ("Gr. 9", 9),
        ("9th", 9),
        ("1st", 1),
        ("2nd", 2),
        ("3rd", 3),
        ("9th Grade", 9),
    ),
    *(("Year 12", 12), ("Yr 7", 7)),
    *(
        ("Grade", None),
        ("9a", None),
        ("9-10", None),
        ("100", None),
        (100, None),
        (-100, None),
        (9.5, None),
    ),
    *(
        (True, None),
        ([], None),
        ({}, None),
        (NAN, None),
        (INFINITE, None),
        (HUGE, None),
        ("9\x00", None),
    ),
    *(("\ud800", None), ("9" * 500, None)),
]
GRADE_WORDS = [
    *(
        ("Grade K", 0),
        ("Grade KG", 0),
        ("Kindergarten Grade", 0),
        ("Grade PK", -1),
        ("Grade Pre-K 3", -2),
    ),
    *(
        ("Junior Kindergarten", -1),
        ("JK", -1),
        ("Senior Kindergarten", 0),
        ("SK", 0),
        ("Transitional Kindergarten", 0),
        ("TK", 0),
    ),
    *(
        ("First Grade", 1),
        ("second grade", 2),
        ("THIRD GRADE", 3),
        ("Fourth  Grade", 4),
        ("Fifth Grade", 5),
        ("Sixth Grade", 6),
    ),
    *(
        ("Seventh Grade", 7),
        ("Eighth Grade", 8),
        ("Ninth Grade", 9),
        ("Tenth Grade", 10),
        ("Eleventh Grade", 11),
        ("Twelfth Grade", 12),
    ),
    *(("First", 1), ("Twelfth", 12)),
    *(("Freshman", 9), ("Sophomore", 10), ("Junior", 11), ("Senior", 12), ("SENIOR", 12)),
    *(("PG", 13), ("Post Graduate", 13), ("Post-Graduate", 13), ("Postgraduate", 13), ("13", 13)),
    *(("PR", -1), ("PK", -1), ("KG", 0), ("01", 1), ("12", 12)),
]
NO_GRADE_WORDS = [
    *(
        "PS",
        "UG",
        "IT",
        "Other",
        "Ungraded",
        "Graduated",
        "Alumni",
        "None",
        "Post",
        "Graduate",
        "P",
        "S",
        "Pre",
    ),
    *(
        "Junior School",
        "Senior School",
        "Junior High",
        "Lower School",
        "Junior Senior",
        "Juniors",
        "Senior Kindergarten 2",
    ),
    *(
        "First Year",
        "Year Fourteen",
        "Year K",
        "Form A",
        "Firstgrade",
        "Grade Grade K",
        "Grade A",
        "Fourteenth Grade",
        "Kindergarten 1",
    ),
]
YEARS_OF_SCHOOL = [
    (f"{word}{number}", number)
    for word in ("Year ", "year ", "Yr ", "Yr. ", "Year")
    for number in range(1, 14)
]
RANGES: list[tuple[str, list[int]]] = [
    ("9-12", [9, 10, 11, 12]),
    ("9 – 12", [9, 10, 11, 12]),
    ("K-5", [0, 1, 2, 3, 4, 5]),
    ("PK-3", [-1, 0, 1, 2, 3]),
    ("PK-5", [-1, 0, 1, 2, 3, 4, 5]),
    ("Pre-K-2", [-1, 0, 1, 2]),
    ("Pre-K", [-1]),
    ("Pre-K 3 - K", [-2, -1, 0]),
    ("PK,K,1", [-1, 0, 1]),
    ("PK-12", list(range(-1, 13))),
    ("9-PG", [9, 10, 11, 12, 13]),
    ("Post-Graduate", [13]),
    ("-1-2", [-1, 0, 1, 2]),
    ("-2--1", [-2, -1]),
    ("-1", [-1]),
    ("12, 9, 9-10", [9, 10, 12]),
    ("Grade 9 - Grade 10", [9, 10]),
    ("JK-SK", [-1, 0]),
    ("Freshman-Senior", [9, 10, 11, 12]),
]
NO_RANGES = [
    *(
        ("", ""),
        ("9,", ""),
        ("12-9", "12-9"),
        ("9-14", "9-14"),
        ("9,x", "x"),
        ("9-", "9-"),
        ("K,all", "all"),
    ),
    *(("9-10-11", "9-10-11"), ("99", "99"), ("PG-9", "PG-9"), ("9-UG", "9-UG")),
]
NO_TEXTS = [
    ([], "wrong_type"),
    ({}, "wrong_type"),
    (NAN, "wrong_type"),
    ("2028\x00", "control_characters"),
]


@pytest.mark.parametrize(("written", "expected"), DATES)
def test_a_date_is_read_year_month_day_with_or_without_a_time(
    written: Any, expected: date | None
) -> None:
    assert birth_date(written) == expected


@pytest.mark.parametrize("written", NO_DATES, ids=named)
def test_a_date_that_does_not_exist_is_refused(written: Any) -> None:
    with pytest.raises(Unreadable, match="date_invalid"):
        birth_date(written)


@pytest.mark.parametrize(("written", "expected"), YEARS)
def test_a_graduation_year_is_read_and_zero_is_none(written: Any, expected: int | None) -> None:
    assert graduation_year(written) == expected


@pytest.mark.parametrize("written", NO_YEARS, ids=named)
def test_what_is_no_year_of_four_digits_is_refused(written: Any) -> None:
    with pytest.raises(Unreadable, match="graduation_year_invalid"):
        graduation_year(written)


@pytest.mark.parametrize("parse", [birth_date, graduation_year])
@pytest.mark.parametrize(("written", "code"), NO_TEXTS)
def test_a_value_that_is_no_text_says_so(parse: Any, written: Any, code: str) -> None:
    with pytest.raises(Unreadable, match=code):
        parse(written)


@pytest.mark.parametrize(("written", "level"), GRADES, ids=named)
def test_a_grade_level_is_understood_or_is_none(written: Any, level: int | None) -> None:
    assert grade(written) == level


@pytest.mark.parametrize(("written", "level"), GRADE_WORDS)
def test_a_grade_in_words_is_understood(written: str, level: int) -> None:
    assert grade(written) == level


@pytest.mark.parametrize("written", NO_GRADE_WORDS)
def test_words_that_name_no_one_grade_are_no_guess(written: str) -> None:
    assert grade(written) is None


@pytest.mark.parametrize(("written", "number"), YEARS_OF_SCHOOL)
def test_a_year_of_school_is_its_number(written: str, number: int) -> None:
    assert grade(written) == number


@pytest.mark.parametrize(
    ("written", "level"),
    [
        *(("G10", 10), ("g 9", 9), ("Grade XII", 12), ("Class IX", 9), ("Grade I", 1)),
        *(("US - 10", 10), ("MS: 7", 7), ("LS – K", 0), ("Grade 9 - Boarding", 9)),
        *(("PG Year", 13), ("Year 13", 13), ("US - Grade 11 - Day", 11)),
        *(("Grade XIV", None), ("Grade IIX", None), ("US - Boarding", None), ("9 - 10", None)),
        *(("Boarding - 9 West", None), ("X", None), ("1st year", None)),
        *(("XII", 12), ("ix", 9), ("Form IV", 4), ("Year IX", 9), ("XIV", None)),
        *(("Upper School - 10", 10), ("Upper School 11", 11), ("Lower School K", 0)),
        *(("Grade 9 (Freshman)", 9), ("Grade 12 (IB2)", 12), ("(IB2)", None)),
    ],
)
def test_a_grade_with_a_school_level_or_in_roman_numbers(written: str, level: int | None) -> None:
    assert grade(written) == level


@pytest.mark.parametrize(
    ("written", "level"),
    [
        *(("Y7", 7), ("y 07", 7), ("Yr. 8", 8), ("Form 4", 4), ("Class 9", 9), ("Std 5", 5)),
        *(("Year One", 1), ("Class Ten", 10), ("Thirteenth Grade", 13), ("Fourth Form", 4)),
        *(("Reception", 0), ("Year R", 0), ("Prep", 0), ("Foundation", 0), ("Year 13", 13)),
        *(("Lower Sixth", 12), ("Upper Sixth", 13), ("LKG", -1), ("UKG", 0), ("Nursery", -1)),
        *(("Kindy", None), ("KG1", None), ("EY1", None), ("IB2", None), ("3YN", None)),
        *(("Infant/Toddler", None), ("Primary", None), ("Sixth Form", None), ("6th Form", None)),
    ],
)
def test_grades_of_other_countries_are_understood_where_it_is_certain(
    written: str, level: int | None
) -> None:
    assert grade(written) == level


@pytest.mark.parametrize("level", range(-9, 14))
def test_a_grade_label_reads_back_as_its_level(level: int) -> None:
    assert grade(grade_label(level)) == level


@pytest.mark.parametrize(("written", "levels"), RANGES)
def test_ranges_and_lists_of_grades_are_read(written: str, levels: list[int]) -> None:
    assert parse_grades(written) == levels


@pytest.mark.parametrize(("written", "culprit"), NO_RANGES)
def test_a_range_that_makes_no_sense_is_refused_and_its_part_named(
    written: str, culprit: str
) -> None:
    with pytest.raises(ValueError) as refused:
        parse_grades(written)
    assert str(refused.value) == culprit
