"""Whatever files and rosters come in, in any order, nobody becomes somebody else unasked.

No account changes first name, last name and birth date (or e-mail) in one run without a person's
decision. No account is made with the name and birth date of another one without a question, and
no two open accounts become alike without one: by a new record, a correction, by hand or by an undo.
"""

import os
from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbook.roster.planning.lookalikes import Student
from rollbook.students import (
    accounts,
    editing,
    lookalikes,
    merging,
    unmerging,
)
from rollbook.students.models import Lookalike, StudentAccount
from rollbook.sync import store
from rollbook.sync.models import Issue, Problem, Run
from rollbook.sync.setup import link_decisions
from tests.conftest import EXAMPLES
from tests.sources.loopback import SmallSchool
from tests.sync.identity_world import COLUMNS, World, people, record

ids = st.sampled_from(["1", "2", "3", "4", "5"])
students = st.fixed_dictionaries(
    {
        "sis_id": ids,
        "number": st.one_of(st.just(""), st.sampled_from(["1", "11", "12", "0012"])),
        "first_name": st.sampled_from(["Ana", "Ána", "Ben"]),
        "last_name": st.sampled_from(["O'Neil", "O’Neil", "Marsh"]),
        "email": st.sampled_from([f"s{number}@x.example" for number in range(6)]),
        "graduation_year": st.sampled_from(["2028", "2031"]),
        "birth_date": st.sampled_from(["", "2010-01-02", "2010-01-02", "2011-03-04"]),
    }
)
tables = st.lists(students, min_size=1, max_size=4)
steps = st.one_of(
    st.tuples(st.just("upload"), tables, st.sets(st.sampled_from(COLUMNS), max_size=2)),
    st.tuples(st.just("sync"), tables, st.booleans()),
    st.tuples(st.just("sync"), tables, st.booleans()),
    st.tuples(st.sampled_from(["protect", "keep", "never", "merge", "link"]), ids, ids),
    st.tuples(st.sampled_from(["undo", "rename", "reopen", "different"]), ids, ids),
)


def play(played: list[Any]) -> None:
    with SmallSchool(0) as small:
        world = World(small)
        for what, first, second in played:
            before = people(world.school)
            if what == "upload":
                world.upload(first, second)
            elif what == "sync":
                world.sync(first, second)
            else:
                world.person_decides(what, first, second)
            after = people(world.school)
            if what in ("upload", "sync"):
                world.check(before, after)
            world.check_questions(after)


@pytest.mark.slow
@pytest.mark.django_db
@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(played=st.lists(steps, min_size=2, max_size=7))
def test_nobody_becomes_somebody_else(played: list[Any]) -> None:
    play(played)


@pytest.mark.django_db
def test_a_second_record_of_a_student_waits_until_a_person_decides() -> None:
    with SmallSchool(0) as small:
        world = World(small)
        roster = [record("4", "first"), record("5", "twin", "Anna Bea")]
        world.sync(roster, True)
        roster.append(record("12", "later"))
        world.sync(roster, True)
        assert {one.sis_id for one in people(world.school).values()} == {"4", "5"}
        issue = Issue.objects.get(code="like_another_student")
        assert (issue.sis_id, issue.other) == ("12", "Ana Lee (SIS ID 4)")
        proposal = link_decisions.undecided(world.school).get()
        assert (proposal.sis_id, proposal.account.sis_id) == ("12", "4")
        link_decisions.reject(proposal, None)
        world.sync(roster, True)
        assert {one.sis_id for one in people(world.school).values()} == {"4", "5", "12"}


@pytest.mark.django_db
def test_a_record_that_may_be_either_of_two_accounts_is_proposed_for_both() -> None:
    with SmallSchool(0) as small:
        world = World(small)
        roster = [record("4", "first"), record("12", "second")]
        world.sync(roster, True)
        roster.append(record("15", "third"))
        world.sync(roster, True)
        issue = Issue.objects.get(code="like_another_student")
        assert (issue.sis_id, issue.other) == ("15", "Ana Lee (SIS ID 4)")
        proposals = link_decisions.undecided(world.school)
        assert {(each.sis_id, each.account.sis_id) for each in proposals} == {
            ("15", "4"),
            ("15", "12"),
        }
        for each in proposals:
            link_decisions.reject(each, None)
        world.sync(roster, True)
        assert {one.sis_id for one in people(world.school).values()} == {"4", "12", "15"}


@pytest.mark.django_db
def test_two_new_students_who_are_alike_both_come_in_and_are_asked_about() -> None:
    with SmallSchool(0) as small:
        world = World(small)
        world.sync([record("12", "later"), record("4", "first")], True)
        assert {one.sis_id for one in people(world.school).values()} == {"4", "12"}
        issue = Issue.objects.get(code="accounts_alike")
        assert (issue.severity, issue.sis_id, issue.other) == (
            "note",
            "12",
            "Ana Lee (SIS ID 4)",
        )


@pytest.mark.django_db
def test_who_was_alike_when_planned_is_alike_when_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = store.people_alike
    narrowed: list[bool] = []

    def compared(run: Run, among: Collection[bytes] | None = None) -> list[Student]:
        narrowed.append(among is not None)
        alike = usual(run, among)
        assert sorted(alike) == sorted(usual(run))
        return alike

    monkeypatch.setattr(store, "people_alike", compared)
    with SmallSchool(0) as small:
        world = World(small)
        world.sync([record("12", "later"), record("4", "first"), record("5", "a", "Bo")], True)
        assert narrowed == [False, True]  # only new students
        assert Lookalike.objects.count() == 1
        again = [record("12", "later"), record("4", "first"), record("5", "a", "Ana")]
        world.sync([*again, record("15", "b", "Ana")], True)
        assert narrowed == [False, True, False, False]  # one is renamed


@pytest.mark.django_db
def test_the_question_about_two_students_is_asked_in_each_run_until_it_is_decided() -> None:
    with SmallSchool(0) as small:
        world = World(small)
        roster = [record("12", "later"), record("4", "first")]
        for _run in range(2):
            world.sync(roster, True)
            run = Run.objects.latest("requested_at")
            assert Issue.objects.filter(run=run, code="accounts_alike").count() == 1
        assert Problem.objects.get(code="accounts_alike").runs == 2
        (question,) = lookalikes.open_questions(world.school)
        assert lookalikes.decide_different(question, None)
        assert not lookalikes.decide_different(question, None)
        for first_name in ("Ana", "Bea", "Ana"):  # also when they become alike again
            world.sync([record("12", "later", first_name), record("4", "first")], True)
        assert not lookalikes.open_questions(world.school)
        assert Problem.objects.get(code="accounts_alike").fixed_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["sis", "upload", "hand", "undo", "reopened", "unmerged"])
def test_accounts_that_become_alike_are_asked_about(how: str) -> None:
    with SmallSchool(0) as small:
        world = World(small)
        first, second = record("4", "first"), record("5", "second", "Bea")
        if how == "undo":
            world.sync([first, {**second, "first_name": "Ana"}], True)
            Lookalike.objects.all().delete()
        world.sync([first, second], True)
        account = world.account("5")
        assert account is not None and not Lookalike.objects.exists()
        if how == "sis":
            world.sync([first, {**second, "first_name": "ána"}], True)
        elif how == "upload":
            world.upload([{**second, "first_name": "Ana"}], set())
        elif how == "hand":
            editing.edit(account, None, {"first_name": "Ana"})
        elif how == "undo":
            world.person_decides("undo", "", "")
        else:
            StudentAccount.objects.filter(pk=account.pk).update(first_name="Ana", status="left")
            if how == "reopened":
                accounts.reactivate(world.school, [account.pk], None)
            else:
                StudentAccount.objects.filter(pk=account.pk).update(status="active")
                other = world.account("4")
                assert other is not None
                merging.merge(other, account, None)
                unmerging.take_back(StudentAccount.objects.get(pk=account.pk), None)
        (question,) = lookalikes.open_questions(world.school)
        assert {question.account.sis_id, question.other.sis_id} == {"4", "5"}
        noted = Issue.objects.filter(code="accounts_alike").count()
        assert noted == (how in ("sis", "upload", "undo"))


@pytest.mark.crash
@pytest.mark.django_db
@settings(
    max_examples=10 * int(os.environ.get("CRASH_SEEDS", "30")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(played=st.lists(steps, min_size=2, max_size=12))
def test_nobody_becomes_somebody_else_in_many_more_orders(played: list[Any]) -> None:
    """By `make crash`, ten for each of its SEEDS."""
    play(played)
