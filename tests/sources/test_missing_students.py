"""Who is missing is asked for by himself; where that can't be done, two readings must agree.

The faults by which students who were there were once reported missing, each with every source that
can have it.
"""

import pytest

from rollbook.roster.records import SisAnswer
from rollbook.sources.http import Response
from tests.sources.paged_sis import LEFT_ON, InProcess, Move, PagedSis
from tests.sources.test_nobody_goes_missing import (
    CASES,
    Case,
    Outcome,
    each_case,
    in_process,
    read,
    small_pages,
)

__all__ = ["in_process", "small_pages"]
POWERSCHOOL, V2, V3, V3_WITHOUT_SINGLES = CASES
NOTHING = Move("nothing")
with_singles = pytest.mark.parametrize("case", [POWERSCHOOL, V2, V3], ids=str)
pytestmark = pytest.mark.usefixtures("in_process")


def reading(case: Case, sis: PagedSis, single_reads: int = 200) -> Outcome:
    InProcess.sis = sis
    return read(case, sis, single_reads=single_reads)


def a_sis(case: Case, students: int, *moves: Move, **more: object) -> PagedSis:
    more = {"cap": 4, "reads_singles": not case.without_singles, **more}
    return PagedSis(students, moves, **more)  # type: ignore[arg-type]


@each_case
def test_where_nobody_is_missing_nobody_is_asked_for(case: Case) -> None:
    sis = a_sis(case, 10)
    outcome = reading(case, sis)
    assert outcome.proof is not None
    assert (outcome.missing, outcome.proof.asked, outcome.proof.agreed) == (set(), 0, False)
    assert not any(path.rpartition("/")[2].split(".")[0].isdecimal() for path in sis.asked)


@each_case
@pytest.mark.parametrize("page", range(1, 4))
def test_one_leaves_and_one_joins_between_two_pages(case: Case, page: int) -> None:
    """The total stays as it was, and the one who slipped between the pages is there."""
    sis = a_sis(case, 10, *[NOTHING] * page, Move("leave", 0), *[NOTHING] * 3)
    leave, join = sis._leave, sis._join
    sis._leave = lambda number: (leave(number), join(len(sis.order)))[0]  # type: ignore[method-assign]
    outcome = reading(case, sis)
    assert outcome.missing <= {1}
    assert outcome.proof is not None


@with_singles
def test_a_student_who_is_there_all_the_same_comes_as_a_record(case: Case) -> None:
    sis = a_sis(case, 10, *[NOTHING] * 2, Move("leave", 0))
    leave, join = sis._leave, sis._join
    sis._leave = lambda number: (leave(number), join(len(sis.order)))[0]  # type: ignore[method-assign]
    outcome = reading(case, sis)
    assert outcome.proof is not None
    if case is POWERSCHOOL:  # Veracross gives a page of a whole school at once, or is read twice
        assert (outcome.proof.asked, outcome.proof.left, outcome.proof.there) == (1, 0, 1)


@with_singles
@pytest.mark.parametrize("how_gone", ["unknown", "date", "status"])
def test_the_sis_says_why_somebody_is_missing(case: Case, how_gone: str) -> None:
    sis = a_sis(case, 10, Move("leave", 2), how_gone=how_gone)
    outcome = reading(case, sis)
    expected = {
        "unknown": SisAnswer("3", exists=False),
        "date": SisAnswer("3", "Withdrawn", LEFT_ON),
        "status": SisAnswer("3", "Withdrawn"),
    }[how_gone]
    if case is POWERSCHOOL and how_gone != "unknown":
        expected = SisAnswer("3", "Transferred Out", LEFT_ON)
    assert (outcome.missing, outcome.answers) == ({3}, {"3": expected})
    assert outcome.proof is not None and outcome.proof.asked == 1


@each_case
def test_more_than_the_bound_are_not_asked_for_but_two_readings_agree(case: Case) -> None:
    sis = a_sis(case, 10, Move("leave", 0), Move("leave", 0), Move("leave", 0))
    sis.known |= {77, 78, 79}
    outcome = reading(case, sis, single_reads=3)
    assert outcome.proof is not None and outcome.proof.agreed and outcome.proof.asked == 0
    assert outcome.missing == {1, 2, 3, 77, 78, 79} & outcome.missing
    assert {77, 78, 79} <= outcome.missing


@each_case
def test_a_list_that_never_agrees_is_short(case: Case) -> None:
    sis = a_sis(case, 12, *[Move("sort", number) for number in range(200)])
    sis.known |= {77}
    outcome = reading(case, sis, single_reads=0)
    assert outcome.proof is None


def test_smaller_pages_than_asked_for_and_a_total_that_is_too_low() -> None:
    """Count 10, pages of 5 where 8 were asked for, 13 students: page 3 is read too."""
    for case in (POWERSCHOOL, V2):
        sis = a_sis(case, 8, cap=2)
        sis._total_off = -2  # 6 of 8, which are 3 full pages
        outcome = reading(case, sis)
        assert (outcome.missing, outcome.proof and outcome.proof.students) == (set(), 8)


@each_case
def test_an_id_that_comes_twice_is_named_and_fails_no_run(case: Case) -> None:
    for position in (1, 9):  # on the same page as the other row, and on another one
        sis = a_sis(case, 10)
        sis.order.insert(position, 1)
        outcome = reading(case, sis)
        assert (outcome.missing, outcome.listed_twice) == (set(), ["1"])
        assert outcome.proof is not None
        assert (outcome.proof.students, outcome.proof.repeats) == (10, 1)


@each_case
def test_an_id_that_comes_twice_hides_nobody(case: Case) -> None:
    sis = a_sis(case, 10)
    sis.order[9] = 1  # 11 rows of ten students would be stated; now there are ten rows of nine
    outcome = reading(case, sis)
    assert outcome.proof is None or outcome.missing == {10}
    sis.order.append(10)
    assert reading(case, sis).missing == set()


@each_case
@pytest.mark.parametrize("page", range(1, 5))
@pytest.mark.parametrize("length", [0, 1])
def test_an_empty_or_short_page_is_asked_for_again(case: Case, page: int, length: int) -> None:
    sis = a_sis(case, 11, *[NOTHING] * page, Move("short_page", length))
    outcome = reading(case, sis, single_reads=0)
    assert outcome.proof is None or (outcome.proof.students, outcome.missing) == (11, set())


class EmptyPage(PagedSis):
    """Has no students on one page, however often it is asked for."""

    empty = 3

    def _page(self, number: int, size: int) -> list[int]:
        return [] if number == self.empty else super()._page(number, size)


@each_case
@pytest.mark.parametrize("students", [9, 11, 15])
def test_a_page_that_is_empty_in_each_reading_hides_nobody(case: Case, students: int) -> None:
    """Pages of four: the last page has one student or three, or isn't the last."""
    sis = EmptyPage(students, [], cap=4, reads_singles=not case.without_singles)
    outcome = reading(case, sis)
    assert outcome.proof is None
    assert outcome.missing == set()


def test_where_single_students_can_not_be_read_not_found_means_nothing() -> None:
    """A server that has no address for single students answers 404 about everybody."""

    class WithoutSingles(PagedSis):
        def _single(self, student: int, is_v3: bool, is_v2: bool) -> Response:
            self.order, order = [], self.order
            try:
                return super()._single(student, is_v3, is_v2)
            finally:
                self.order = order

    for case in (POWERSCHOOL, V2, V3):
        sis = WithoutSingles(10, [Move("leave", 4)], cap=4)
        outcome = reading(case, sis)
        assert outcome.proof is not None and outcome.proof.agreed
        assert (outcome.missing, outcome.answers, outcome.proof.asked) == ({5}, {}, 0)


@each_case
@pytest.mark.parametrize("sent", [None, "", "garbled", 99_999], ids=str)
def test_a_student_whose_record_has_another_id_in_each_answer_is_not_missing(
    case: Case, sent: object
) -> None:
    """Both readings agree, and the record that comes when he is asked for isn't his."""
    sis = a_sis(case, 10)
    sis.sent_ids = {4: sent}
    outcome = reading(case, sis)
    if sent in (None, "") or not case.without_singles:
        assert outcome.proof is None
