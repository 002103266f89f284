"""A student whom two SISs have: who owns which field, and when nobody has the student any more."""

from datetime import date
from typing import Any

import pytest

from rollbook.roster.planning.changes import Change, Rules, decide
from rollbook.roster.planning.leaver_rules import LeaverRules
from rollbook.roster.planning.leaving import decide_missing
from rollbook.roster.planning.matching import Match, MatchKind
from rollbook.roster.planning.missing import MissingAccounts
from rollbook.roster.planning.owners import FieldOwners
from rollbook.roster.records import SisLink
from tests.roster.model import SOURCE, account, mapper, raw

TODAY = date(2026, 3, 8)
LEAVERS = LeaverRules(TODAY, policy="deactivate", runs=2, days=7)
LONG_GONE: dict[str, Any] = {"missing_runs": 5, "missing_since": date(2026, 1, 4)}
MAPPED = {
    SOURCE: frozenset({"sis_id", "email", "last_name", "gender"}),
    "other": frozenset({"sis_id", "email", "last_name", "home_room"}),
}
FIELDS = ("email", "last_name", "gender", "home_room")


def owners(source: str = SOURCE, **more: Any) -> FieldOwners:
    return FieldOwners(source, MAPPED, leavers=LEAVERS)._replace(**more)


@pytest.mark.parametrize(
    ("source", "links", "chosen", "foreign"),
    [
        (SOURCE, [SisLink(SOURCE, "1"), SisLink("other", "A")], {}, {"home_room"}),
        (
            "other",
            [SisLink(SOURCE, "1"), SisLink("other", "A")],
            {},
            {"email", "last_name", "gender"},
        ),
        (
            SOURCE,
            [SisLink("other", "A"), SisLink(SOURCE, "1")],
            {},
            {"email", "last_name", "home_room"},
        ),
        (
            "other",
            [SisLink(SOURCE, "1"), SisLink("other", "A")],
            {"last_name": "other"},
            {"email", "gender"},
        ),
        # A choice for a SIS that doesn't map the field, or doesn't have the student, says nothing.
        ("other", [SisLink("other", "A")], {"last_name": SOURCE}, set()),
        (
            SOURCE,
            [SisLink(SOURCE, "1"), SisLink("other", "A")],
            {"gender": "other"},
            {"home_room"},
        ),
        # The owner has lacked the student for as long as the rule for leavers says.
        ("other", [SisLink(SOURCE, "1", **LONG_GONE), SisLink("other", "A")], {}, set()),
        (
            "other",
            [SisLink(SOURCE, "1", 1, date(2026, 1, 4)), SisLink("other", "A")],
            {},
            {"email", "last_name", "gender"},
        ),
        # A SIS that is switched off owns nothing.
        ("other", [SisLink("off", "1"), SisLink("other", "A")], {}, set()),
    ],
)
def test_who_owns_a_field(
    source: str, links: list[SisLink], chosen: dict[str, str], foreign: set[str]
) -> None:
    assert owners(source, chosen=chosen).foreign_fields(links, FIELDS) == foreign


@pytest.mark.parametrize(
    ("own", "other", "reason"),
    [
        (LONG_GONE, {}, "still_in:other"),
        (LONG_GONE, {"missing_runs": 1, "missing_since": date(2026, 3, 7)}, "not_sent_yet"),
        ({}, LONG_GONE, "not_sent_yet"),
        (LONG_GONE, LONG_GONE, "missing_long_enough"),
    ],
)
def test_a_student_is_closed_when_every_sis_lacks_her(
    own: dict[str, Any], other: dict[str, Any], reason: str
) -> None:
    both = account("1", **own, further_links=(SisLink("other", "A", **other),))
    change = decide_missing(both, LEAVERS, owners=owners())
    assert change is not None and change.reason == reason
    from_the_other = decide_missing(both, LEAVERS, owners=owners("other"))
    assert from_the_other is not None and from_the_other.sis_id == "A"


def test_whom_another_sis_has_is_no_leaver_of_a_guard() -> None:
    counted = MissingAccounts(owners())
    further = (SisLink("other", "A"),)
    counted.add(
        [
            account("1"),
            account("2", further_links=further),
            account("3", **LONG_GONE, further_links=further),
            account("4", further_links=(SisLink("off", "A"),)),
        ]
    )
    assert (counted.number, counted.newly_elsewhere, counted.moved_on) == (2, 1, 1)


def test_a_confirmed_link_is_a_further_one_and_leaves_the_first() -> None:
    record = mapper().map(raw(1, first="Augusta")).record
    assert record is not None
    existing = account("9", source="first", status="left")
    rules = Rules(
        ("email", "first_name"),
        SOURCE,
        owners=FieldOwners(
            SOURCE,
            {
                SOURCE: frozenset({"email", "first_name"}),
                "first": frozenset({"email", "first_name"}),
            },
        ),
    )
    change = decide(Match(MatchKind.CONFIRMED, record, None), existing, rules)
    assert isinstance(change, Change)
    key = f"link:{SOURCE}"
    assert change.before == {key: None, "status": "left"}
    assert change.after == {key: "1", "status": "active"}
