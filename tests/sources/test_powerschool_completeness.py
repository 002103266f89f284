"""No student may be missing without a sign.

Totals, repeated pages, endless pages, and students who come and go while we read.
"""

from dataclasses import replace
from typing import Any

import pytest

from rollbook.roster.records import Completeness, Proof
from rollbook.sources.base import Page, Pages
from rollbook.sources.errors import RosterIncomplete
from rollbook.sources.powerschool import pages
from tests.sources.loopback import FIELDS, QUICK, Asked, Reply, SmallSchool, Trick, as_json, student


def read_to_the_end(reading: Pages) -> tuple[list[Any], str]:
    """Return the ids that came, and the text of the error at the end."""
    ids: list[Any] = []
    try:
        for page in reading:
            ids += [record.get("id") for record in page.records]
    except RosterIncomplete as incomplete:
        return ids, incomplete.what
    return ids, ""


def reading(school: SmallSchool, **bounds: Any) -> Pages:
    connection = school.connection(replace(QUICK, **bounds))
    return pages(connection, FIELDS, pause=lambda seconds: None)


def ids(last: int) -> list[int]:
    return list(range(1, last + 1))


@pytest.mark.parametrize("students", [0, 1, 99, 100, 101, 200, 1_234])
def test_schools_of_any_size_are_read_whole(students: int) -> None:
    with SmallSchool(students) as school:
        assert read_to_the_end(reading(school)) == (ids(students), "")


def proof_of(reading: Pages) -> Proof | None:
    """Return the proof that all came, or that they didn't."""
    while True:
        try:
            next(reading)
        except StopIteration as ended:
            proof = ended.value
            assert isinstance(proof, Proof)
            return proof
        except RosterIncomplete as incomplete:
            return incomplete.proof


def test_the_proof_tells_the_numbers() -> None:
    with SmallSchool(250) as school:
        assert proof_of(reading(school)) == Proof(Completeness.COMPLETE, 250, 250, 3)
        school.counts = [251, 250, 250]
        assert proof_of(reading(school)) == Proof(Completeness.COMPLETE, 250, 250, 3, readings=2)
        school.students[120] = school.students[3]
        short = Proof(Completeness.SHORT, 250, 249, 3, repeats=1, readings=2)
        assert proof_of(reading(school)) == short


def test_an_empty_school_is_one_empty_page() -> None:
    with SmallSchool(students=0) as school:
        assert list(reading(school)) == [Page([], 1, 1, 0)]


def test_no_page_is_asked_for_twice_and_none_beyond_the_total() -> None:
    with SmallSchool(students=1_050) as school:
        read_to_the_end(reading(school))
        assert sorted(school.pages_asked) == ids(11)


class SmallPages(SmallSchool):
    """Allows 500 and gives 30."""

    def answer(self, asked: Asked) -> Reply | Trick:
        if asked.path.endswith("metadata"):
            return as_json({"metadata": {"student_max_page_size": 500}})
        return super().answer(asked)


def test_smaller_pages_than_asked_are_read_until_the_total_is_met() -> None:
    with SmallPages(students=250, page_size=30) as school:
        assert read_to_the_end(reading(school)) == (ids(250), "")


def test_smaller_pages_than_asked_are_read_on_though_the_total_is_too_low() -> None:
    """500 are asked for and pages of 50 come; the total says 100, and there are 103 students."""
    with SmallPages(students=103, page_size=50) as school:
        school.always["count"] = as_json({"resource": {"count": 100}})
        assert read_to_the_end(reading(school)) == (ids(103), "")


def test_fewer_students_than_stated_are_said_after_the_last_page() -> None:
    with SmallSchool(students=250) as school:
        school.always["count"] = as_json({"resource": {"count": 260}})
        assert read_to_the_end(reading(school)) == (
            ids(250),
            "PowerSchool says that it has 260 students, but it gave 250.",
        )


def test_more_students_than_stated_are_read() -> None:
    with SmallSchool(students=300) as school:
        school.always["count"] = as_json({"resource": {"count": 100}})
        assert read_to_the_end(reading(school)) == (ids(300), "")


def test_a_count_may_come_as_text() -> None:
    with SmallSchool(students=3) as school:
        school.always["count"] = as_json({"resource": {"count": "3"}})
        assert read_to_the_end(reading(school)) == (ids(3), "")


class SamePage(SmallSchool):
    """Answers page 1 whatever page is asked for."""

    def _page(self, number: int, size: int) -> Reply:
        return super()._page(1, size)


def test_the_same_page_for_ever_is_stopped_after_two_pages_without_new_students() -> None:
    with SamePage(students=2_000) as school:
        given, message = read_to_the_end(reading(school))
    assert message == "PowerSchool says that it has 2,000 students, but it gave 100."
    assert set(given) == set(ids(100))
    assert len(school.pages_asked) <= 3 + 2 * QUICK.parallel


class Endless(SmallSchool):
    """A full page of new students whatever page is asked for."""

    def _page(self, number: int, size: int) -> Reply:
        return as_json(
            {
                "students": {
                    "student": [student(number * 1_000 + position) for position in range(size)]
                }
            }
        )


def test_endless_pages_are_stopped_at_the_bounds() -> None:
    for bounds, expected in [({"records": 500}, 6), ({"pages": 3}, 3)]:
        with Endless(students=250) as school:
            _, message = read_to_the_end(reading(school, **bounds))
        assert "gave more: one run reads at most" in message
        assert len(school.pages_asked) <= expected + 2 * QUICK.parallel


def test_more_students_than_one_run_may_read_are_reported_before_reading() -> None:
    with SmallSchool(students=250) as school:
        assert read_to_the_end(reading(school, records=200)) == (
            [],
            "PowerSchool says that it has 250 students: one run reads at most 200 students on "
            "2,000 pages.",
        )


def test_a_repeated_student_does_not_hide_a_missing_one() -> None:
    with SmallSchool(students=250) as school:
        school.students[120] = school.students[3]
        given, message = read_to_the_end(reading(school))
    assert len(given) == 250
    assert message == "PowerSchool says that it has 250 students, but it gave 249."


def test_students_without_an_id_are_passed_on_and_counted() -> None:
    with SmallSchool(students=250) as school:
        del school.students[7]["id"]
        school.students[8]["id"] = ""
        given, message = read_to_the_end(reading(school))
    assert (len(given), message) == (250, "")


def test_an_id_as_number_and_as_text_is_one_student() -> None:
    with SmallSchool(students=250) as school:
        school.students[120] = student(4) | {"id": "4"}
        assert "gave 249" in read_to_the_end(reading(school))[1]


class Moving(SmallSchool):
    """A student leaves after the first page was read, so that all later ones move up by one."""

    def answer(self, asked: Asked) -> Reply | Trick:
        if asked.query.get("page") == "2" and len(self.students) == 350:
            del self.students[0]
        return super().answer(asked)


def test_a_student_who_slips_between_two_pages_is_found_by_reading_once_more() -> None:
    with Moving(students=350) as school:
        given, message = read_to_the_end(reading(school, parallel=1))
    assert (sorted(given), message) == (ids(350), "")
    assert given.count(101) == 1


class Coming(SmallSchool):
    """Somebody is enrolled each time the students are counted."""

    def answer(self, asked: Asked) -> Reply | Trick:
        if asked.path.endswith("count"):
            self.students.append(student(len(self.students) + 1))
        return super().answer(asked)


def test_a_total_that_changes_twice_is_not_trusted() -> None:
    with Coming(students=150) as school:
        assert (
            read_to_the_end(reading(school))[1]
            == "The number of students in PowerSchool changed twice while it was read."
        )


def test_a_total_that_changes_once_is_read_again_and_accepted() -> None:
    with SmallSchool(students=250) as school:
        school.counts = [240, 250, 250]
        assert read_to_the_end(reading(school)) == (ids(250), "")
        school.counts = [251, 250, 250]
        assert read_to_the_end(reading(school)) == (ids(250), "")


def test_never_more_than_a_few_pages_are_asked_for_ahead_of_the_reader() -> None:
    with SmallSchool(students=2_000, page_size=50) as school:
        slow = reading(school)
        for number in range(1, 20):
            assert next(slow).number == number
            assert max(school.pages_asked) <= number + 2 * QUICK.parallel
        slow.close()
