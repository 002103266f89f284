"""Dates and graduation years in words, in figures and in other scripts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.values.parsing import Unreadable, birth_date, graduation_year

THE_DAY = date(2009, 12, 13)
DAYS_IN_OTHER_DRESS = [
    *("20091213", "2009/12/13", "2009.12.13", "2009. 12. 13.", "２００９-１２-１３"),
    *("13 December 2009", "13th December 2009", "13th of December, 2009", "13-Dec-2009"),
    *("the 13th of December 2009", "December 13, 2009", "Dec. 13th 2009", "DECEMBER 13 2009"),
    *("Sunday, December 13, 2009", "Sun 13 Dec 2009", "sunday 13th december 2009"),
    *("2009年12月13日", "２００９年１２月１３日", "2009 年 12 月 13 日", "2009년 12월 13일"),
    *("13. Dezember 2009", "13.Dez.2009", "13 de diciembre de 2009", "13 décembre 2009"),
    *("domingo, 13 de diciembre de 2009", "Sonntag, 13. Dezember 2009", "13 dicembre 2009"),
    *("13 de dezembro de 2009", "13 декабря 2009", "13 Aralık 2009", "13 desember 2009"),
    *("2009-Dec-13", "2009 December 13", "Dec/13/2009", "20091213T000000", "平成21年12月13日"),
    *("2009–12–13", "2009‑12‑13", "13—12—2009", "13.12.2009.", "'2009-12-13", '="2009-12-13"'),
    *("12/13/2009", "13/12/2009", "13.12.2009", "12-13-2009", "12/13/2009 12:00 AM"),
]


@pytest.mark.parametrize("written", DAYS_IN_OTHER_DRESS)
def test_a_date_that_can_be_one_day_only_is_that_day(written: str) -> None:
    assert birth_date(written) == THE_DAY


@pytest.mark.parametrize("written", ["3/5/2010", "03.05.2010", "12-11-2010"])
def test_a_date_that_can_be_two_days_is_ambiguous(written: str) -> None:
    with pytest.raises(Unreadable, match="date_ambiguous"):
        birth_date(written)


def test_a_date_that_is_one_day_in_both_orders_is_that_day() -> None:
    assert birth_date("5/5/2010") == date(2010, 5, 5)


@pytest.mark.parametrize(
    "written", ["13122009", "20091332", "13 Dec 09", "32/13/2009", "13 Ma 2009", "2009年13月1日"]
)
def test_a_date_in_words_or_figures_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(Unreadable, match="date_invalid"):
        birth_date(written)


@given(
    st.dates(date(1900, 1, 1), date(2150, 12, 31)),
    st.sampled_from(
        ["%Y%m%d", "%d %B %Y", "%A, %B %d, %Y", "%Y年%m月%d日", "%d-%b-%Y", "%b %d %Y"]
    ),
    st.booleans(),
)
def test_every_day_is_read_back_in_every_dress(day: date, dress: str, wide: bool) -> None:
    written = day.strftime(dress)
    if wide:
        written = written.translate({ord(str(n)): 0xFF10 + n for n in range(10)})
    assert birth_date(written) == day


GRADUATIONS_IN_2028 = [
    *(
        "2028",
        "2028.00",
        "２０２８",
        "Class of 2028",
        "class of '28",
        "CLASS OF ２０２８",
        "c/o 2028",
    ),
    *("'28", "’28", "2027-28", "2027-2028", "2027/28", "2027–28", "2028-06-15", "2028-06"),
    *("May 2028", "June, 2028", "Jun-2028", "06/2028", "6/2028", "Spring 2028", "20280615"),
    *("15 June 2028", "6/15/2028", "6/5/2028", "June 15, 2028", "2028年", "2028年6月15日"),
    *("Cohort 2028", "Year 2028", "Graduating Class of 2028", "class-of-2028", "ClassOf2028"),
    *("Promotion 2028", "Promoción de 2028", "Jahrgang 2028", "2028 cohort", "2028 (June)"),
    *("Expected: 2028", "IB 2028", "2028*", "MAY2028", "Juni 2028", "junio de 2028", "2028 May"),
    *("May '28", "May-28", "27-28", "SY 2027-28", "AY 27/28", "2027—28", "2027 to 2028", "2027_28"),
    *("2,028", "2.028", "'2028", '"2028"', '="2028"', "46919", "2028届", "2028学年"),
]


@pytest.mark.parametrize("written", GRADUATIONS_IN_2028)
def test_a_graduation_is_read_as_people_write_it(written: str) -> None:
    assert graduation_year(written) == 2028


@pytest.mark.parametrize(
    "written",
    [
        *("28", "Year 12", "class 12", "2027-29", "2011-12", "13/2028", "Smarch 2028", "2028-27"),
        *("Class of 3028", "graduated", "2028 or 2029", "N/A", "28-Jun", "May-12", "11-12"),
        *("Entry 2020", "joined 2019", "transferred 2024", "Grade 12 2028", "-2028", "1,028"),
    ],
)
def test_what_may_be_another_year_is_refused(written: str) -> None:
    with pytest.raises(Unreadable, match="graduation_year_invalid"):
        graduation_year(written)
