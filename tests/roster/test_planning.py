"""A record and its account become one change with before and after, or an issue for a person."""

from datetime import date
from typing import Any

import pytest

from rollbook.roster.planning.changes import (
    WRITING_KINDS,
    Change,
    ChangeKind,
    Rules,
    decide,
    list_account,
)
from rollbook.roster.planning.identity import Named, is_other_person
from rollbook.roster.planning.matching import Match, MatchKind
from rollbook.roster.records import ISSUE_NAME_LIMIT, Account, Issue, Severity, StudentRecord
from tests.roster.model import MAPPING, SOURCE, School, account, key, mapper, raw

RULES = Rules(tuple(field for _, field in MAPPING), SOURCE)


def record(**values: Any) -> StudentRecord:
    mapped = mapper().map(raw(**values))
    assert mapped.record is not None
    return mapped.record


def decision(kind: MatchKind, existing: Account | None, **values: Any) -> Change | Issue:
    return decide(
        Match(kind, record(**values), key(existing) if existing else None), existing, RULES
    )


def change(kind: MatchKind, existing: Account | None, **values: Any) -> Change:
    outcome = decision(kind, existing, **values)
    assert isinstance(outcome, Change)
    return outcome


def issue(kind: MatchKind, existing: Account | None, **values: Any) -> Issue:
    outcome = decision(kind, existing, **values)
    assert isinstance(outcome, Issue)
    assert outcome.severity is Severity.ERROR
    return outcome


def test_a_new_student_has_all_values_of_the_source() -> None:
    new = change(MatchKind.NEW, None, mail="Ada@X.example", sex="")
    assert (new.kind, new.sis_id, new.account_id, new.account_version, new.before) == (
        ChangeKind.NEW,
        "1",
        None,
        None,
        {},
    )
    assert new.after == {
        **{
            "sis_id": "1",
            "email": "Ada@X.example",
            "email_key": "ada@x.example",
            "first_name": "Ada",
            "last_name": "Byron",
        },
        **{"graduation_year": 2028, "birth_date": date(2010, 12, 10)},
    }
    assert (new.first_name, new.last_name, new.email) == ("Ada", "Byron", "Ada@X.example")
    assert new.fingerprint == record(mail="Ada@X.example", sex="").fingerprint


def test_an_update_names_the_fields_that_differ_and_no_other() -> None:
    update = change(MatchKind.KNOWN, account("1", version=7), first="Augusta", year=2029)
    assert (update.kind, update.account_id, update.account_version) == (
        ChangeKind.UPDATED,
        account("1").id,
        7,
    )
    assert update.before == {"first_name": "Ada", "graduation_year": 2028}
    assert update.after == {"first_name": "Augusta", "graduation_year": 2029}


def test_a_changed_address_changes_its_key_too() -> None:
    update = change(MatchKind.KNOWN, account("1"), mail="Ada@Y.example")
    assert update.before == {"email": "s1@x.example", "email_key": "s1@x.example"}
    assert update.after == {"email": "Ada@Y.example", "email_key": "ada@y.example"}


def test_a_value_the_account_did_not_have_is_an_update_from_nothing() -> None:
    update = change(MatchKind.KNOWN, account("1", gender=None), home_mail="ada@home.example")
    assert update.before == {"gender": None, "personal_email": None}
    assert update.after == {"gender": "F", "personal_email": "ada@home.example"}


def test_a_blank_in_the_source_clears_nothing() -> None:
    existing = account("1", personal_email="ada@home.example", middle_name="Augusta")
    assert (
        change(MatchKind.KNOWN, existing, born="", sex=None, home_mail="").kind
        is ChangeKind.UNCHANGED
    )


def test_fields_that_are_not_mapped_are_not_touched() -> None:
    rules = Rules(("sis_id", "email", "first_name", "last_name", "graduation_year"), SOURCE)
    outcome = decide(
        Match(MatchKind.KNOWN, record(sex="M", born="2009-01-01"), key(account("1"))),
        account("1"),
        rules,
    )
    assert isinstance(outcome, Change)
    assert (outcome.kind, outcome.after) == (ChangeKind.UNCHANGED, {})


def test_an_account_that_agrees_is_unchanged_and_gets_the_new_fingerprint() -> None:
    same = change(MatchKind.KNOWN, account("1"))
    assert (same.kind, same.before, same.after, same.fingerprint) == (
        ChangeKind.UNCHANGED,
        {},
        {},
        record().fingerprint,
    )
    assert same.kind not in WRITING_KINDS


def test_a_student_who_left_and_is_back_returns_to_the_old_account() -> None:
    back = change(MatchKind.KNOWN, account("1", status="left", last_name="King"))
    assert (back.kind, back.account_id) == (ChangeKind.RETURNING, account("1").id)
    assert back.before == {"status": "left", "last_name": "King"}
    assert back.after == {"status": "active", "last_name": "Byron"}


def test_a_deactivated_account_is_kept_up_to_date_and_stays_deactivated() -> None:
    update = change(MatchKind.KNOWN, account("1", status="deactivated"), first="Augusta")
    assert (update.kind, update.after) == (ChangeKind.UPDATED, {"first_name": "Augusta"})
    same = change(MatchKind.KNOWN, account("1", status="deactivated"))
    listed = (ChangeKind.PROTECTED, "account_deactivated", None)
    assert (same.kind, same.reason, same.fingerprint) == listed


def test_an_account_with_the_same_address_and_name_is_linked() -> None:
    existing = account(
        None, 7, email="S1@X.example", first_name="ADA", last_name="Býron", graduation_year=None
    )
    link = change(MatchKind.BY_EMAIL, existing)
    assert (link.kind, link.account_id) == (ChangeKind.LINKED, existing.id)
    assert link.before == {
        "source": "",
        "sis_id": None,
        "first_name": "ADA",
        "last_name": "Býron",
        "graduation_year": None,
    }
    assert link.after == {
        "source": SOURCE,
        "sis_id": "1",
        "first_name": "Ada",
        "last_name": "Byron",
        "graduation_year": 2028,
    }


@pytest.mark.parametrize(
    "existing",
    [
        {"first_name": "Eda"},
        {"last_name": "King"},
        {"status": "deactivated"},
        {"status": "left"},
        {"status": "graduated"},
    ],
    ids=str,
)
def test_a_link_is_refused_when_names_disagree_or_the_account_is_not_active(
    existing: dict[str, str],
) -> None:
    refused = issue(MatchKind.BY_EMAIL, account(None, 7, **existing))
    assert (refused.code, refused.sis_id, refused.name, refused.value) == (
        "link_names_differ",
        "1",
        "Ada Byron",
        "s1@x.example",
    )


def test_another_name_and_another_birth_date_under_a_known_id_is_an_issue() -> None:
    existing = issue(MatchKind.KNOWN, account("1"), first="Eda", born="2009-01-01")
    assert (existing.code, existing.sis_id) == ("other_person", "1")


@pytest.mark.parametrize(
    ("existing", "values"),
    [
        ({}, {"first": "Eda"}),
        ({}, {"born": "2009-01-01"}),
        ({}, {"first": "ÁDA", "born": "2009-01-01"}),
        ({"birth_date": None}, {"first": "Eda", "last": "King"}),
        ({}, {"first": "Eda", "last": "King", "born": ""}),
    ],
    ids=[
        "name only",
        "birth date only",
        "name spelled otherwise",
        "the account has no birth date",
        "the record has no birth date",
    ],
)
def test_a_correction_is_not_another_person(
    existing: dict[str, Any], values: dict[str, Any]
) -> None:
    assert change(MatchKind.KNOWN, account("1", **existing), **values).kind is ChangeKind.UPDATED


@pytest.mark.parametrize("kind", [MatchKind.NEW, MatchKind.KNOWN, MatchKind.BY_EMAIL])
def test_a_name_with_broken_letters_is_not_written(kind: MatchKind) -> None:
    existing = None if kind is MatchKind.NEW else account(first_name="José")
    decided = issue(kind, existing, first="JosÃ©")
    assert (decided.code, decided.field, decided.value) == ("name_broken", "first_name", "JosÃ©")
    assert decided.other == "José"


def test_a_broken_name_that_an_account_has_or_keeps_is_no_problem() -> None:
    broken = account(first_name="JosÃ©", last_name="Smith")
    assert change(MatchKind.KNOWN, broken, first="JosÃ©", last="Smith")
    locked = account(first_name="José", locked=("first_name",))
    assert change(MatchKind.KNOWN, locked, first="JosÃ©").kind is ChangeKind.PROTECTED
    protected = account(first_name="José", protected=True)
    assert change(MatchKind.KNOWN, protected, first="JosÃ©").kind is ChangeKind.PROTECTED


@pytest.mark.parametrize(
    ("values", "is_other"),
    [
        ({"first": "Eda", "mail": "eda@x.example"}, True),  # a sister
        ({"first": "Eda", "last": "King", "mail": "eda@x.example"}, True),
        ({"last": "King", "mail": "ada.king@x.example", "year": 2033}, True),  # five classes below
        ({"last": "King", "mail": "ada.king@x.example"}, False),  # married
        ({"first": "Eda", "mail": "S1@new.example"}, False),  # another domain
        ({"first": "Ada Mae", "mail": "mae@x.example"}, False),  # one of two given names
        ({"mail": "byron@x.example"}, False),
    ],
    ids=str,
)
def test_a_record_without_a_birth_date_puts_nobody_new_over_an_old_one(
    values: dict[str, Any], is_other: bool
) -> None:
    told = values | {"born": ""}
    known = decision(MatchKind.KNOWN, account("1"), **told)
    assert isinstance(known, Issue) == is_other
    new = record(**told)
    row = Named(new.first_name, new.last_name, None, new.email_key, new.graduation_year)
    assert is_other_person(row, account("1")) == is_other  # rows of a file go by the same rule

    without_date = decision(MatchKind.KNOWN, account("1", birth_date=None), **told)
    assert isinstance(without_date, Issue) == ({"first", "last"} <= values.keys())


def test_an_account_erased_meanwhile_is_an_issue_and_not_made_again() -> None:
    for kind in (MatchKind.KNOWN, MatchKind.BY_EMAIL):
        outcome = decide(Match(kind, record(), key(account("1"))), None, RULES)
        assert isinstance(outcome, Issue)
        assert outcome.code == "account_gone"


def test_the_longest_names_fit_an_issue() -> None:
    assert (
        len(issue(MatchKind.BY_EMAIL, account(None, 7), first="x" * 300, last="y" * 300).name)
        == ISSUE_NAME_LIMIT
    )


def test_twins_are_two_students() -> None:
    school = School.of(account("1"))
    plan = school.plan([raw(1), raw(2, first="Eda"), raw(3, first="Ida")])
    assert plan.issues == []
    assert [each.kind for each in plan.changes] == [
        ChangeKind.UNCHANGED,
        ChangeKind.NEW,
        ChangeKind.NEW,
    ]


def test_a_twin_is_not_linked_to_the_account_of_the_other() -> None:
    school = School.of(account(None, 7, email="twins@x.example"))
    assert school.plan([raw(2, first="Eda", mail="twins@x.example")]).errors == {
        ("link_names_differ", "2")
    }


def test_a_row_that_lists_an_account_changes_nothing() -> None:
    row = list_account(ChangeKind.NOT_IN_ROSTER, account("1"), "not_sent")
    assert (row.kind, row.sis_id, row.account_id, row.before, row.after, row.fingerprint) == (
        *(ChangeKind.NOT_IN_ROSTER, "1", account("1").id, {}, {}, None),
    )
    assert row.kind not in WRITING_KINDS
