"""Rules of fields, blanks, locks and protections, and what happens to leavers."""

from datetime import date
from typing import Any

import pytest

from rollbook.roster.planning.changes import Change, ChangeKind, Rules, decide
from rollbook.roster.planning.leaver_rules import DEACTIVATE, LIST, NOTHING, LeaverRules
from rollbook.roster.planning.leaving import decide_missing
from rollbook.roster.planning.mapping import RecordMapper
from rollbook.roster.planning.matching import Match, Matcher, MatchKind, StudentExceptions
from rollbook.roster.planning.selecting import Selector
from rollbook.roster.records import Account, Selection
from tests.roster.model import GRADES, MAPPING, SOURCE, account, key, raw

FIELDS = tuple(field for _, field in MAPPING)
UNCHANGED, UPDATED, PROTECTED = ChangeKind.UNCHANGED, ChangeKind.UPDATED, ChangeKind.PROTECTED


def decision(
    values: dict[str, Any], existing: Account, fill_once: str = "", clears: str = ""
) -> Change:
    mapper = RecordMapper(
        list(MAPPING), 1, Selector(Selection(GRADES), "level"), {}, frozenset(clears.split())
    )
    record = mapper.map(raw(1, **values)).record
    assert record is not None
    change = decide(
        Match(MatchKind.KNOWN, record, key(existing)),
        existing,
        Rules(FIELDS, SOURCE, frozenset(fill_once.split())),
    )
    assert isinstance(change, Change)
    return change


@pytest.mark.parametrize(
    ("values", "existing", "rules", "kind", "after"),
    [
        ({"sex": "X"}, {}, {}, UPDATED, {"gender": "X"}),
        ({"sex": "X"}, {}, {"fill_once": "gender"}, UNCHANGED, {}),
        (
            {"sex": "X"},
            {"gender": None},
            {"fill_once": "gender"},
            UPDATED,
            {"gender": "X"},
        ),  # filled once, while the account has none
        ({"mail": "new@x.example"}, {}, {"fill_once": "email"}, UNCHANGED, {}),
        ({"sex": ""}, {}, {}, UNCHANGED, {}),
        ({"sex": " "}, {}, {"clears": "gender"}, UPDATED, {"gender": None}),
        ({"sex": None}, {}, {"clears": "gender"}, UPDATED, {"gender": None}),
        ({"sex": ""}, {}, {"clears": "gender", "fill_once": "gender"}, UNCHANGED, {}),
        (
            {"home_mail": "not one"},
            {"personal_email": "a@x.example"},
            {"clears": "personal_email"},
            UNCHANGED,
            {},
        ),  # dropped isn't blank
        ({"sex": "X"}, {"locked": ("gender",)}, {}, PROTECTED, {"gender": "X"}),
        (
            {"sex": "X"},
            {"locked": ("gender",)},
            {"fill_once": "gender"},
            UNCHANGED,
            {},
        ),  # the lock keeps nothing back that would be written
        ({"sex": ""}, {"locked": ("gender",)}, {"clears": "gender"}, PROTECTED, {"gender": None}),
        ({"sex": "X", "last": "King"}, {"locked": ("gender",)}, {}, UPDATED, {"last_name": "King"}),
        (
            {"mail": "new@x.example"},
            {"locked": ("email",)},
            {},
            PROTECTED,
            {"email": "new@x.example"},
        ),
        ({"last": "King"}, {"protected": True}, {}, PROTECTED, {"last_name": "King"}),
        ({}, {"protected": True}, {}, UNCHANGED, {}),
        ({}, {"protected": True, "status": "left"}, {}, PROTECTED, {"status": "active"}),
        ({}, {"status": "graduated"}, {}, ChangeKind.RETURNING, {"status": "active"}),
        (
            {"last": "King"},
            {"status": "deactivated"},
            {},
            UPDATED,
            {"last_name": "King"},
        ),  # closed by hand stays closed
    ],
)
def test_what_is_written(
    values: dict[str, Any],
    existing: dict[str, Any],
    rules: dict[str, str],
    kind: ChangeKind,
    after: dict[str, Any],
) -> None:
    change = decision(values, account("1", **existing), **rules)
    assert (change.kind, change.after) == (kind, after)
    assert change.before.keys() == change.after.keys()


def test_where_a_lock_or_protection_keeps_a_value_the_next_run_compares_again() -> None:
    for existing in ({"protected": True}, {"locked": ("gender",)}):
        assert decision({"sex": "X"}, account("1", **existing)).fingerprint is None
    both = decision({"sex": "X", "last": "King"}, account("1", locked=("gender",)))
    assert (both.fingerprint, both.reason) == (None, "others_kept")


def test_an_absent_field_is_not_a_blank() -> None:
    mapper = RecordMapper(
        list(MAPPING), 1, Selector(Selection(GRADES), "level"), {}, frozenset({"gender", "email"})
    )
    sent = raw(1)
    del sent["sex"]
    assert (record := mapper.map(sent).record) is not None
    assert (record.blanks, record.fingerprint) == ((), None)
    # Other records have it: then this one left out a blank, as some SISs do.
    mapper.observe_fields(lambda field: field in raw(2))
    assert (record := mapper.map(sent).record) is not None
    assert record.blanks == ("gender",)


def test_who_is_never_imported_gets_no_account_and_takes_no_address() -> None:
    mapper = RecordMapper(list(MAPPING), 1, Selector(Selection(GRADES), "level"))
    matcher = Matcher(
        [],
        [],
        exceptions=StudentExceptions(
            never_import_sis_ids=frozenset({"1"}), never_import_emails=frozenset({"s3@x.example"})
        ),
    )
    records = [
        mapper.map(raw(1, mail="s2@x.example")),
        mapper.map(raw(2)),
        mapper.map(raw(3, mail="S3@x.example")),
    ]
    matches = [
        match
        for each in records
        if matcher.register(each) and (match := matcher.match(each)) is not None
    ]
    assert [match.kind for match in matches] == [
        MatchKind.NEVER_IMPORT,
        MatchKind.NEW,
        MatchKind.NEVER_IMPORT,
    ]
    assert matcher.check_roster((), complete=True).issues == []
    row = decide(matches[0], None, Rules(FIELDS, SOURCE))
    assert isinstance(row, Change)
    assert (row.kind, row.account_id, row.fingerprint) == (
        ChangeKind.NEVER_IMPORTED,
        None,
        None,
    )


def test_the_address_that_an_account_keeps_is_not_given_to_another() -> None:
    """1 keeps its e-mail although the SIS has a different one; 2 has it in the SIS."""
    keeper = account("1")
    mapper = RecordMapper(list(MAPPING), 1, Selector(Selection(GRADES), "level"))
    matcher = Matcher(
        [key(keeper)], [], exceptions=StudentExceptions(fixed_emails=frozenset({keeper.id}))
    )
    for record in (
        raw(1, mail="elsewhere@x.example"),
        raw(2, mail="s1@x.example"),
        raw(3, mail="elsewhere@x.example"),
    ):
        each = mapper.map(record)
        matcher.register(each)
        matcher.match(each)
    check = matcher.check_roster((), complete=True)
    assert [(issue.code, issue.sis_id) for issue in check.issues] == [("email_taken", "2")]
    assert check.withdrawn == {"2"}  # 3 may have what 1 doesn't take


MISSING: dict[str, Any] = {"missing_runs": 2, "missing_since": date(2026, 3, 1)}
USUAL: dict[str, Any] = {"policy": DEACTIVATE, "runs": 3, "days": 7}


@pytest.mark.parametrize(
    ("existing", "values", "kind", "reason"),
    [
        ({}, {"policy": NOTHING}, None, ""),
        ({}, {"policy": LIST}, ChangeKind.NOT_IN_ROSTER, "not_sent"),
        (
            {"graduation_year": 2025},
            {"policy": LIST},
            ChangeKind.NOT_IN_ROSTER,
            "not_sent_graduated",
        ),
        ({}, {}, ChangeKind.LEFT, "missing_long_enough"),
        ({"graduation_year": 2026}, {}, ChangeKind.LEFT, "missing_long_enough"),
        (
            {"graduation_year": 2026},
            {"rollover": "03-08"},
            ChangeKind.GRADUATED,
            "class_has_graduated",
        ),
        ({"graduation_year": 2025}, {}, ChangeKind.GRADUATED, "class_has_graduated"),
        ({"graduation_year": None}, {}, ChangeKind.LEFT, "missing_long_enough"),
        ({"missing_runs": 1}, {}, ChangeKind.NOT_IN_ROSTER, "not_sent_yet"),
        ({"missing_since": date(2026, 3, 2)}, {}, ChangeKind.NOT_IN_ROSTER, "not_sent_yet"),
        (
            {"missing_runs": 0, "missing_since": None},
            {"runs": 1, "days": 0},
            ChangeKind.LEFT,
            "missing_long_enough",
        ),
        ({}, {"paused": True}, ChangeKind.NOT_IN_ROSTER, "not_sent_paused"),
        ({"protected": True}, {}, PROTECTED, "account_protected"),
        ({"status": "deactivated"}, {}, None, ""),
        ({"status": "left"}, {}, None, ""),
    ],
)
def test_what_happens_to_leavers(
    existing: dict[str, Any], values: dict[str, Any], kind: ChangeKind | None, reason: str
) -> None:
    change = decide_missing(
        account("1", **(MISSING | existing)), LeaverRules(date(2026, 3, 8), **(USUAL | values))
    )
    if change is None:
        assert kind is None
        return
    assert (change.kind, change.reason) == (kind, reason)
    closes = kind in {ChangeKind.LEFT, ChangeKind.GRADUATED, PROTECTED}
    assert change.after == (
        {"status": "graduated" if kind is ChangeKind.GRADUATED else "left"} if closes else {}
    )
