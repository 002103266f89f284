"""The list: searches, filters, and pages that neither miss nor repeat anybody."""

from typing import Any

import pytest

from rollbook.schools.models import School
from rollbook.students import listing
from rollbook.students.listing import StudentQuery
from tests.students.conftest import MakeStudent

pytestmark = pytest.mark.django_db


def names(school: School, **wanted: Any) -> list[str]:
    found = listing.students(school, StudentQuery(**wanted))
    return [account.first_name for account in listing.ordered(found, "name")]


@pytest.mark.parametrize(
    "search",
    [
        "zoe",
        "ZOË",
        "Zoë",
        "zoé",
        "garcia",
        "GARCÍA",
        "arcí",
        "zo",
        "garcia zoe",
        "łukasz",
        "lukasz",
    ],
)
def test_a_search_ignores_case_and_accents(make_student: MakeStudent, search: str) -> None:
    account = make_student("Zoë", "García", preferred_name="Łukasz")
    make_student("Bob", "Smith")
    assert names(account.school, search=search) == ["Zoë"]


@pytest.mark.parametrize(
    "search", ["ada.l@", "LINCOLN.EXAMPLE", "004711", "4711", "sis-9", "Mary", "lovelace ada"]
)
def test_a_search_looks_at_names_email_student_number_and_sis_id(
    make_student: MakeStudent, search: str
) -> None:
    columns = {
        "email": "Ada.L@lincoln.example",
        "student_number": "004711",
        "sis_id": "SIS-98",
        "source": "powerschool",
    }
    account = make_student("Ada", "Lovelace", middle_name="Mary", **columns)
    make_student("Bob", "Smith", email="bob@elsewhere.example")
    assert names(account.school, search=search) == ["Ada"]


@pytest.mark.parametrize(
    ("search", "found"),
    [("%", 0), ("_", 0), ("％ada", 0), ("a\\", 0), ("d", 0), ("ad", 1), ("da", 0), ("\0", 1)],
)
def test_signs_of_patterns_are_letters_and_short_words_begin_words(
    make_student: MakeStudent, search: str, found: int
) -> None:
    account = make_student("Ada", "Lovelace")
    assert len(names(account.school, search=search)) == found


def test_filters_narrow_together(make_student: MakeStudent) -> None:
    account = make_student("Ada", source="powerschool", sis_id="1")
    make_student("Bob", graduation_year=2029)
    make_student("Cyd", status="left")
    make_student("Elsewhere", school=School.objects.create(name="Other"))
    school = account.school
    assert names(school) == ["Ada", "Bob", "Cyd"]
    assert names(school, year=2029) == ["Bob"]
    assert names(school, status="left") == ["Cyd"]
    assert names(school, source="powerschool") == ["Ada"]
    assert names(school, source=listing.BY_HAND, status="active") == ["Bob"]
    assert names(school, status="no such status") == ["Ada", "Bob", "Cyd"]
    assert listing.years(school) == [2028, 2029]


@pytest.mark.parametrize("order", ["name", "-name", "email", "-email", "year", "-year"])
@pytest.mark.parametrize(("few", "counted"), [(500, 10_000), (3, 10_000), (3, 5)])
def test_pages_neither_miss_nor_repeat_anybody_and_lead_back(
    make_student: MakeStudent,
    monkeypatch: pytest.MonkeyPatch,
    order: str,
    few: int,
    counted: int,
) -> None:
    """Few students, more, and more than are counted: the database finds a page in another way."""
    monkeypatch.setattr(listing, "FEW", few)
    monkeypatch.setattr(listing, "COUNTED", counted)
    for number in range(11):
        account = make_student(
            f"F{number % 2}", f"L{number % 3}", graduation_year=(None, 2027, 2028)[number % 3]
        )
    school, found = account.school, listing.students(account.school, StudentQuery())
    forward, part = [], listing.part_of(school, found, order, 4)
    assert not part.more_before
    while True:
        forward.append([each.pk for each in part.rows])
        if not part.more_after:
            break
        part = listing.part_of(school, found, order, 4, after=part.rows[-1].pk)
    everybody = [each.pk for each in listing.ordered(found, order)]
    assert [pk for page in forward for pk in page] == everybody
    assert [len(page) for page in forward] == [4, 4, 3]
    middle = listing.part_of(school, found, order, 4, before=part.rows[0].pk)
    assert ([each.pk for each in middle.rows], middle.more_before, middle.more_after) == (
        forward[1],
        True,
        True,
    )
    start = listing.part_of(school, found, order, 4, before=middle.rows[0].pk)
    assert ([each.pk for each in start.rows], start.more_before) == (forward[0], False)


def test_the_page_after_somebody_unknown_is_the_first(make_student: MakeStudent) -> None:
    account = make_student()
    other = make_student(school=School.objects.create(name="Other"))
    part = listing.part_of(
        account.school, listing.students(account.school, StudentQuery()), "name", 4, after=other.pk
    )
    assert [each.pk for each in part.rows] == [account.pk]
