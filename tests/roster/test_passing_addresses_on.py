"""E-mails passed on: swaps, rings and chains pass in one run, and break at the right link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.planning.mapping import MappedRecord
from rollbook.roster.planning.matching import Matcher
from rollbook.roster.records import Account, AccountKey
from tests.roster.model import School, account, mapper, raw
from tests.roster.steps import steps_of


def address(number: int) -> str:
    return f"s{number}@x.example"


def moves(*pairs: tuple[int, int]) -> list[dict[str, object]]:
    return [raw(student, mail=address(to)) for student, to in pairs]


def school_of(count: int) -> School:
    return School.of(*(account(str(number)) for number in range(1, count + 1)))


def addresses(school: School) -> dict[str, str]:
    return {sis_id: each.email for sis_id, each in school.linked().items()}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    "pairs",
    [
        [(1, 2), (2, 1)],
        [(1, 2), (2, 3), (3, 1)],
        [(1, 2), (2, 3), (3, 7)],
        [(9, 1), (1, 2), (2, 8)],
        [(1, 2), (2, 1), (3, 4), (4, 3)],
    ],
    ids=[
        "swap",
        "ring",
        "chain to a free one",
        "a new student takes what is passed on",
        "two swaps",
    ],
)
def test_addresses_that_are_given_up_can_be_taken(pairs: list[tuple[int, int]], order: int) -> None:
    plan = school_of(4).plan(moves(*pairs)[::order])
    assert plan.issues == []
    after = addresses(school_of(4).apply(plan))
    assert {str(student): address(to) for student, to in pairs}.items() <= after.items()


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("keeper", "end"),
    [
        (account("5", source="othersis"), "s5@x.example"),
        (account("5"), "s5@x.example"),
        (account("5", status="left"), "s5@x.example"),
        (account(None, 5, email="S5@x.example"), "s5@X.example"),
    ],
    ids=["another source's", "one not in the roster", "one who left", "an unlinked one"],
)
def test_a_chain_that_ends_at_an_address_somebody_keeps_moves_nobody(
    keeper: Account, end: str, order: int
) -> None:
    school = School.of(*school_of(3).accounts.values(), keeper)
    roster = [*moves((9, 1), (1, 2), (2, 3)), raw(3, mail=end)]
    plan = school.plan(roster[::order])
    assert plan.changes == []
    assert plan.errors == {("email_taken", sis_id) for sis_id in "9123"}
    assert {issue.sis_id: issue.value for issue in plan.issues} == {
        "9": address(1),
        "1": address(2),
        "2": address(3),
        "3": address(5),
    }


@pytest.mark.parametrize("order", [1, -1])
def test_only_those_behind_the_break_are_withdrawn(order: int) -> None:
    """3 shares its new e-mail with a new student, so 1 and 2 can't move; 4 and 5 still swap."""
    roster = moves((1, 2), (2, 3), (3, 7), (8, 7), (4, 5), (5, 4))
    plan = school_of(5).plan(roster[::order])
    assert plan.writing.keys() == {"4", "5"}
    assert plan.errors == {
        ("email_taken", "1"),
        ("email_taken", "2"),
        ("email_shared", "3"),
        ("email_shared", "8"),
    }


def test_a_ring_with_one_link_withdrawn_stays_whole() -> None:
    roster = [*moves((1, 2), (2, 3), (3, 1)), raw(3, mail=address(1), first="Eda")]
    plan = school_of(3).plan(roster)
    assert plan.writing == {}
    assert plan.errors == {("email_taken", "1"), ("email_taken", "2"), ("id_repeated", "3")}


def test_the_old_address_of_a_withdrawn_student_stays_taken() -> None:
    """3 keeps its e-mail, because it shares the new one with 2; so 9 can't have the old one."""
    plan = school_of(3).plan(moves((2, 2), (3, 2), (9, 3)))
    assert plan.writing == {}
    assert plan.errors == {("email_shared", "2"), ("email_shared", "3"), ("email_taken", "9")}


@pytest.mark.parametrize("order", [1, -1])
def test_an_address_somebody_keeps_is_taken_for_whoever_shares_it_with_a_repeated_record(
    order: int,
) -> None:
    plan = school_of(2).plan([*moves((7, 1), (7, 3)), raw(8, mail=address(1))][::order])
    assert plan.writing == {}
    assert plan.errors == {("id_repeated", "7"), ("email_taken", "8")}


def test_a_student_who_may_be_another_person_keeps_the_address() -> None:
    other = raw(1, mail=address(7), first="Eda", last="King", born="2009-01-01")
    plan = school_of(1).plan([other, raw(9, mail=address(1))])
    assert plan.writing == {}
    assert plan.errors == {("other_person", "1"), ("email_taken", "9")}


def test_a_student_with_an_error_keeps_the_address() -> None:
    plan = school_of(1).plan([raw(1, mail=address(7), last=""), raw(9, mail=address(1))])
    assert plan.errors == {("required_empty", "1"), ("email_taken", "9")}


def test_a_student_outside_the_selection_keeps_the_address() -> None:
    plan = school_of(1).plan([raw(1, mail=address(7), level=8), raw(9, mail=address(1))])
    assert plan.errors == {("email_taken", "9")}


def long_chain(count: int) -> Matcher:
    """Everybody gets the e-mail of the next student; the last one's belongs to another source."""
    first = mapper().map(raw(1))
    assert first.record is not None
    linked = [
        AccountKey(number.to_bytes(16), None, address(number), str(number))
        for number in range(count)
    ]
    matcher = Matcher(linked, [], [AccountKey(count.to_bytes(16), None, address(count), None)])
    for number in range(count):
        record = first.record._replace(sis_id=str(number), email_key=address(number + 1))
        mapped = MappedRecord(str(number), record, b"")
        assert matcher.register(mapped)
        assert matcher.match(mapped)
    return matcher


def steps_to_check_a_chain(count: int) -> int:
    matcher, moved = long_chain(count), {str(number) for number in range(count)}

    def check() -> None:
        result = matcher.check_roster(moved, complete=True)
        assert len(result.withdrawn) == len(result.issues) == count

    return steps_of(check)


def test_a_chain_that_is_twice_as_long_takes_twice_the_steps() -> None:
    assert steps_to_check_a_chain(400) < 2.2 * steps_to_check_a_chain(200)


@given(
    st.dictionaries(st.integers(1, 8), st.integers(1, 10), max_size=8),
    st.sets(st.integers(1, 10), max_size=3),
)
def test_as_many_move_as_can(wanted: dict[int, int], elsewhere: set[int]) -> None:
    """Compare with a plain search: refuse all who want an e-mail that somebody keeps, and repeat.

    1 to 6 have accounts, 7 and 8 are new.
    """
    accounts = [account(str(number)) for number in range(1, 7) if number not in elsewhere]
    others = [
        account(f"other{number}", 100 + number, source="othersis", email=address(number))
        for number in elsewhere
    ]
    current = {each.sis_id: each.email_key for each in accounts}
    may = {
        str(student): address(to)
        for student, to in wanted.items()
        if list(wanted.values()).count(to) == 1
    }
    while True:
        owners = {mail: who for who, mail in current.items() if may.get(str(who), mail) == mail} | {
            each.email_key: None for each in others
        }
        refused = {who for who, to in may.items() if to in owners and owners[to] != who}
        if not refused:
            break
        may = {who: to for who, to in may.items() if who not in refused}
    plan = School.of(*accounts, *others).plan(moves(*wanted.items()))
    assert {change.sis_id: change.email for change in plan.changes} == may
