"""A known student under a new SIS ID is linked again; decisions of people stay."""

from typing import Any

import pytest

from rollbook.roster.planning.rekeying import PlannedAccount, relink
from tests.roster.model import account

VALUES = {
    "sis_id": "new-1",
    "email": "s1@x.example",
    "email_key": "s1@x.example",
    "first_name": "Ada",
    "last_name": "Byron",
    "gender": "X",
}


def relinked(
    fill_once: frozenset[str] = frozenset(), values: dict[str, Any] = VALUES, **existing: Any
) -> Any:
    return relink(
        PlannedAccount("new-1", values, None),
        account("1")._replace(first_name="Ada", last_name="Byron", gender="F")._replace(**existing),
        fill_once,
    )


def test_the_account_gets_the_new_id_and_what_differs_but_no_other_address() -> None:
    change = relinked()
    assert (change.kind, change.reason) == ("linked", "re_keyed")
    assert change.before == {"sis_id": "1", "gender": "F"} and change.after == {
        "sis_id": "new-1",
        "gender": "X",
    }


def test_another_name_or_a_protected_account_is_left_alone() -> None:
    assert relinked(first_name="Grace") is None
    assert relinked(protected=True) is None


def test_locked_values_and_those_where_the_app_wins_stay() -> None:
    assert relinked(locked=frozenset({"gender"})).after == {"sis_id": "new-1"}
    assert relinked(frozenset({"gender"})).after == {"sis_id": "new-1"}
    assert relinked(frozenset({"gender"}), gender=None).after == {"sis_id": "new-1", "gender": "X"}


def test_a_blank_clears_under_the_new_id_too_and_a_locked_value_is_compared_again() -> None:
    assert relinked(values=VALUES | {"gender": None}).after == {"sis_id": "new-1", "gender": None}
    with_print = PlannedAccount("new-1", VALUES, b"print")
    existing = account("1")._replace(first_name="Ada", last_name="Byron", gender="F")
    changes = [
        relink(with_print, existing._replace(locked=locked))
        for locked in ((), ("gender",), ("birth_date",))
    ]
    assert [change and change.fingerprint for change in changes] == [b"print", None, b"print"]


@pytest.mark.parametrize(
    ("status", "opened"),
    [("active", False), ("left", True), ("graduated", True), ("deactivated", False)],
)
def test_who_had_left_is_back_and_who_was_closed_by_hand_stays_closed(
    status: str, opened: bool
) -> None:
    assert (relinked(status=status).after.get("status") == "active") == opened
