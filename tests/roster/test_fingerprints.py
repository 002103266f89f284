"""A record equal to the last one is known by its fingerprint; another spelling is no change."""

from typing import Any

import pytest

from rollbook.roster.planning import mapping as mapping_module
from rollbook.roster.planning.changes import ChangeKind
from tests.roster.model import MAPPING, School, account, key, mapper, named, raw


def digest(record: dict[str, Any], **options: Any) -> bytes:
    return mapper(**options).map(record).digest


def test_a_record_equal_to_the_last_one_is_unchanged_without_being_parsed() -> None:
    known = key(account("1"), digest(raw()))
    mapped = mapper({"1": known}).map(raw())
    assert (mapped.unchanged, mapped.record, mapped.selected, mapped.issues) == (
        True,
        None,
        True,
        (),
    )


def test_the_fingerprint_of_one_sis_id_does_not_count_for_another() -> None:
    assert not mapper({"2": key(account("2"), digest(raw(1)))}).map(raw(1)).unchanged


def test_the_order_of_the_keys_and_fields_that_are_not_mapped_do_not_count() -> None:
    assert digest(dict(reversed(raw().items()))) == digest(raw())
    assert digest(raw(phone="555", level=11)) == digest(raw())


@pytest.mark.parametrize("source", [source for source, _ in MAPPING])
@pytest.mark.parametrize("other", ["other", None, 0, "", [], "\ud800", 10**5_000], ids=named)
def test_any_other_mapped_value_is_another_fingerprint(source: str, other: Any) -> None:
    record = raw(sex=1, home_mail="a@home.example") | {source: other}
    assert digest(record) != digest(raw(sex=1, home_mail="a@home.example"))


def test_an_absent_field_is_not_an_empty_one() -> None:
    record = raw()
    del record["home_mail"]
    assert len({digest(record), digest(raw(home_mail="")), digest(raw(home_mail=None))}) == 3


def test_values_that_trade_places_are_another_fingerprint() -> None:
    assert digest(raw(first="Ada", last="Byron")) != digest(raw(first="Byron", last="Ada"))


def test_another_mapping_version_or_reading_compares_everybody_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = digest(raw())
    assert digest(raw(), version=2) != before
    assert digest(raw(), mapping=MAPPING[:-1]) != before
    assert (
        digest(
            raw(),
            mapping=[
                ("mail", "personal_email") if row[0] == "home_mail" else row for row in MAPPING
            ],
        )
        != before
    )
    monkeypatch.setattr(mapping_module, "PARSERS_VERSION", mapping_module.PARSERS_VERSION + 1)
    assert digest(raw()) != before


@pytest.mark.parametrize(
    "spelling",
    [
        {"mail": "S1@X.EXAMPLE"},
        {"first": "  Ada "},
        {"id": "1"},
        {"id": 1.0},
        {"year": "2028"},
        {"year": 2028.0},
        {"born": "2010-12-10T00:00:00"},
        {"home_mail": None},
        {"level": "Grade 11"},
    ],
    ids=str,
)
def test_the_same_values_in_another_spelling_are_no_change(spelling: dict[str, Any]) -> None:
    school = School.of(account("1"))
    plan = school.plan([raw() | spelling])
    assert [(change.kind, change.before, change.after) for change in plan.changes] == [
        (ChangeKind.UNCHANGED, {}, {})
    ]
    assert plan.issues == []
    assert school.apply(plan).plan([raw() | spelling]).unchanged == {"1"}


def test_composed_and_decomposed_letters_are_no_change() -> None:
    school = School.of(
        account("1", first_name="José", email="josé@x.example", email_key="josé@x.example")
    )
    plan = school.plan([raw(first="Jose\u0301", mail="JOSE\u0301@x.example")])
    assert [change.kind for change in plan.changes] == [ChangeKind.UNCHANGED]


def test_letter_case_of_a_personal_address_is_no_change() -> None:
    plan = School.of(account("1", personal_email="Ada@Home.example")).plan(
        [raw(home_mail="ada@home.example")]
    )
    assert [change.kind for change in plan.changes] == [ChangeKind.UNCHANGED]


def test_letter_case_of_a_name_is_a_change() -> None:
    plan = School.of(account("1", first_name="ADA")).plan([raw()])
    assert [(change.before, change.after) for change in plan.changes] == [
        ({"first_name": "ADA"}, {"first_name": "Ada"})
    ]
