"""One search for every list: all words, in any order; short words at the beginning of a word."""

import pytest
from django.db.models import QuerySet

from rollbook.students.models import StudentAccount
from rollbook.students.searching import (
    ACCOUNT_TEXT,
    LONGEST_SEARCH,
    SearchedText,
    folded_text,
    having_words,
    person_text,
)
from tests.students.conftest import MakeStudent

pytestmark = pytest.mark.django_db

COLUMNS = ("first_name", "last_name", "sis_id")
TEXTS: dict[str, SearchedText] = {
    "account": ACCOUNT_TEXT,
    "folded": folded_text(*COLUMNS),
    "person": person_text("first_name", "last_name", "email", "sis_id"),
}


@pytest.fixture
def accounts(make_student: MakeStudent) -> QuerySet[StudentAccount]:
    one = make_student("Zoë", "García", sis_id="0042", source="powerschool")
    make_student("Bob", "Smith")
    return StudentAccount.objects.filter(school=one.school)


def names(accounts: QuerySet[StudentAccount], search: str, text: SearchedText) -> list[str]:
    return sorted(having_words(accounts, search, text).values_list("first_name", flat=True))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("zoë", ["Zoë"]),
        ("garcía ZOË", ["Zoë"]),
        ("  arcí  ", ["Zoë"]),
        ("zo", ["Zoë"]),
        ("oë", []),
        ("0042", ["Zoë"]),
        ("00", ["Zoë"]),
        ("42", []),
        ("zoë smith", []),
        ("%", []),
        ("_", []),
        ("\\", []),
        ("'; DROP TABLE students_studentaccount; --", []),
        ("", ["Bob", "Zoë"]),
        (" \0 ", ["Bob", "Zoë"]),
    ],
)
def test_every_text_is_searched_by_the_same_rules(
    accounts: QuerySet[StudentAccount], name: str, search: str, expected: list[str]
) -> None:
    assert names(accounts, search, TEXTS[name]) == expected


@pytest.mark.parametrize("name", TEXTS)
def test_accents_do_not_matter(accounts: QuerySet[StudentAccount], name: str) -> None:
    assert names(accounts, "garcia", TEXTS[name]) == ["Zoë"]


def test_what_is_longer_than_a_search_can_be_is_cut(accounts: QuerySet[StudentAccount]) -> None:
    assert names(accounts, "zoë" + " " * LONGEST_SEARCH + "nobody", ACCOUNT_TEXT) == ["Zoë"]
