"""A record is matched with an account, and the whole roster shows who is repeated or missing."""

from typing import Any

import pytest

from rollbook.roster.planning.changes import ChangeKind
from rollbook.roster.planning.mapping import MappedRecord
from rollbook.roster.planning.matching import Matcher, MatchKind, StudentExceptions
from rollbook.roster.records import Severity
from tests.roster.model import School, account, key, mapper, raw


def match(matcher: Matcher, **values: Any) -> tuple[MatchKind, str | None] | None:
    mapped = mapper(matcher.known).map(raw(**values))
    assert matcher.register(mapped)
    result = matcher.match(mapped)
    return result and (result.kind, result.key.email_key if result.key else None)


def test_an_unknown_sis_id_with_an_unused_address_is_new() -> None:
    assert match(Matcher([key(account("2"))], []), sis_id=1) == (MatchKind.NEW, None)


def test_a_known_sis_id_is_its_account_whatever_the_address() -> None:
    matcher = Matcher([key(account("1"))], [key(account(None, 7, email="free@x.example"))])
    assert match(matcher, sis_id=1, mail="free@x.example") == (MatchKind.KNOWN, "s1@x.example")


def test_an_unlinked_account_is_matched_by_its_email_in_any_letter_case() -> None:
    matcher = Matcher([], [key(account(None, 7, email="Ada@X.example"))])
    assert match(matcher, sis_id=1, mail="aDA@x.EXAMPLE") == (MatchKind.BY_EMAIL, "ada@x.example")


def test_an_account_of_another_source_is_never_matched() -> None:
    school = School.of(account("1", source="othersis"))
    plan = school.plan([raw(1), raw(2)])
    assert [(change.kind, change.sis_id) for change in plan.changes] == [(ChangeKind.NEW, "2")]
    assert plan.errors == {("also_elsewhere", "1")}


def test_leading_zeros_make_another_sis_id() -> None:
    assert match(Matcher([key(account("417"))], []), sis_id="0417") == (MatchKind.NEW, None)


def test_an_unchanged_record_needs_no_match() -> None:
    matcher = Matcher([key(account("1"), mapper().map(raw()).digest)], [])
    assert match(matcher, sis_id=1) is None


@pytest.mark.parametrize("flaw", [{"mail": ""}, {"level": 8}, {"level": "?"}])
def test_a_record_that_is_skipped_or_outside_has_no_match_and_is_not_missing(
    flaw: dict[str, Any],
) -> None:
    matcher = Matcher([key(account("1"))], [])
    assert match(matcher, **flaw) is None
    assert matcher.check_roster((), complete=True).not_in_roster == []


def test_where_all_emails_are_fixed_an_unchanged_record_shares_its_email_with_nobody() -> None:
    digest = mapper().map(raw(1, mail="elsewhere@x.example")).digest
    matcher = Matcher(
        [key(account("1"), digest)], [], exceptions=StudentExceptions(all_emails_fixed=True)
    )
    assert match(matcher, sis_id=1, mail="elsewhere@x.example") is None
    assert match(matcher, sis_id=2, mail="s1@x.example") == (MatchKind.NEW, None)
    assert [
        (issue.code, issue.sis_id) for issue in matcher.check_roster((), complete=True).issues
    ] == [("email_taken", "2")]


def test_the_linked_account_of_a_sis_id() -> None:
    matcher = Matcher([key(account("1"))], [])
    assert matcher.linked_account("1") == key(account("1"))
    assert (matcher.linked_account("2"), matcher.linked_account(None)) == (None, None)


def test_accounts_that_the_roster_lacks_are_named_only_after_a_complete_read() -> None:
    for complete in (True, False):
        matcher = Matcher([key(account("1")), key(account("2"))], [key(account(None, 7))])
        match(matcher, sis_id=1)
        assert matcher.check_roster((), complete).not_in_roster == (
            [key(account("2"))] if complete else []
        )


def test_an_equal_repetition_is_one_record() -> None:
    plan = School().plan([raw(1), raw(2), raw(1, level=11), raw(1)])
    assert list(plan.writing) == ["1", "2"]
    assert plan.issues == []


def test_an_equal_repetition_with_a_flaw_is_one_record_with_one_issue() -> None:
    plan = School().plan(
        [raw(1, last=""), raw(1, last=""), raw(2, home_mail="x"), raw(2, home_mail="x")]
    )
    assert [(issue.code, issue.sis_id) for issue in plan.issues] == [
        ("required_empty", "1"),
        ("personal_email_invalid", "2"),
    ]
    assert list(plan.writing) == ["2"]


def test_repetitions_that_differ_are_all_withdrawn() -> None:
    school = School.of(account("1"), account("3"))
    roster = [
        raw(1, last="King"),
        raw(2),
        raw(1, last="Lovelace"),
        raw(3),
        raw(3, first="Eda"),
        raw(4, last=""),
        raw(4),
    ]
    plan = school.plan(roster)
    assert list(plan.writing) == ["2"]
    assert {sis_id for code, sis_id in plan.errors if code == "id_repeated"} == {"1", "3", "4"}
    assert plan.check.not_in_roster == []


def test_a_repeated_record_in_and_outside_the_selection_is_withdrawn() -> None:
    for roster in ([raw(1), raw(1, level=8)], [raw(1, level=8), raw(1)]):
        plan = School().plan(roster)
        assert (plan.changes, plan.outside, plan.errors) == ([], set(), {("id_repeated", "1")})


def test_each_record_without_an_id_is_an_issue() -> None:
    plan = School().plan([raw(""), raw(""), raw(None)])
    assert [issue.code for issue in plan.issues] == ["id_missing"] * 3
    assert Matcher([], []).register(MappedRecord(None, None, b""))


def test_the_address_of_a_repeated_record_is_not_shared_with_another() -> None:
    plan = School().plan(
        [raw(1, mail="a@x.example"), raw(1, mail="b@x.example"), raw(2, mail="a@x.example")]
    )
    assert plan.errors == {("id_repeated", "1")}
    assert list(plan.writing) == ["2"]


@pytest.mark.parametrize("claimants", [2, 3])
def test_students_who_share_an_address_are_all_listed_and_none_is_touched(claimants: int) -> None:
    school = School.of(account("1"), account("2"))
    roster = [
        raw(number, mail="One@x.example" if number % 2 else "one@X.example", first="New")
        for number in range(1, claimants + 1)
    ]
    plan = school.plan([*roster, raw(9)])
    assert list(plan.writing) == ["9"]
    assert plan.errors == {("email_shared", str(number)) for number in range(1, claimants + 1)}
    assert all(
        issue.severity is Severity.ERROR and issue.value == "one@x.example" for issue in plan.issues
    )


def test_an_unchanged_student_whose_address_another_claims_is_listed_too() -> None:
    school = School().run(raw(1))
    plan = school.plan([raw(1), raw(2, mail="S1@x.example")])
    assert (plan.writing, plan.unchanged) == ({}, set())
    assert plan.errors == {("email_shared", "1"), ("email_shared", "2")}
