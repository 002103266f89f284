"""A closed account gives up its e-mail only for somebody who is clearly another person."""

from datetime import date
from typing import Any

import pytest

from rollbook.roster.planning.changes import ChangeKind
from rollbook.roster.planning.freeing import can_be_freed, free_email
from rollbook.roster.planning.identity import Named
from tests.roster.model import account

BORN = date(2007, 5, 6)


@pytest.mark.parametrize(
    ("account_values", "person_values", "expected"),
    [
        ({}, {}, True),
        ({"status": "graduated"}, {"birth_date": None}, True),
        ({"status": "active"}, {}, False),
        ({"status": "deactivated"}, {}, False),
        ({"protected": True}, {}, False),
        ({"locked": ("email",)}, {}, False),
        ({"locked": ("gender",)}, {}, True),
        # One name: another person where the birth date, or the class, says so.
        ({}, {"first_name": "Jon", "birth_date": BORN}, False),
        ({}, {"first_name": "Jon"}, True),
        ({"birth_date": None}, {"first_name": "JON"}, True),
        ({"birth_date": None}, {"first_name": "Jon", "graduation_year": 2026}, False),
        ({"birth_date": None}, {"first_name": "Jon", "graduation_year": None}, False),
        # One birth date: perhaps the same person under another name.
        ({}, {"birth_date": BORN}, False),
    ],
)
def test_only_a_left_account_without_rules_of_its_own_is_freed_for_somebody_else(
    account_values: dict[str, Any], person_values: dict[str, Any], expected: bool
) -> None:
    usual: dict[str, Any] = {"status": "left", "first_name": "Jon", "last_name": "Smithson"}
    closed = account(**{**usual, "birth_date": BORN, "graduation_year": 2025, **account_values})
    person = Named(
        **{
            "first_name": "Jane",
            "last_name": "Smithson",
            "birth_date": date(2013, 7, 8),
            "email_key": closed.email_key,
            "graduation_year": 2031,
            **person_values,
        }
    )
    assert can_be_freed(closed, person) is expected


def test_freeing_changes_the_key_of_the_email_only() -> None:
    closed = account(status="left")
    change = free_email(closed)
    assert (change.kind, change.before) == (ChangeKind.EMAIL_FREED, {"email_key": closed.email_key})
    assert set(change.after) == {"email_key"}
    assert change.after["email_key"].startswith("freed:")
