"""The steps that every change of an account by a person shares: lock, write, record.

Writing raises `version`, so that a plan made before is overtaken. It also clears the fingerprint,
so that the next run compares the student again.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from rollbook.schools.models import User
from rollbook.students.models import AccountEvent, EventAction, FurtherLink, StudentAccount


def lock_account(account: StudentAccount) -> StudentAccount:
    """Return the account as it is now, locked until the transaction ends."""
    accounts = StudentAccount.objects.select_for_update(of=("self",)).select_related("school")
    return accounts.get(pk=account.pk, school_id=account.school_id)


def write_account(account: StudentAccount, values: Mapping[str, Any] | None = None) -> None:
    """Write values to a locked account, also where only its rules changed.

    Every SIS that has the student compares it again.
    """
    values = dict(values or {})
    row = StudentAccount.objects.filter(pk=account.pk, school_id=account.school_id)
    row.update(**values, version=F("version") + 1, source_fingerprint=None, updated_at=Now())
    FurtherLink.objects.filter(account=account).update(fingerprint=None)
    for name, value in values.items():
        setattr(account, name, value)


def record_event(
    account: StudentAccount,
    by: User | None,
    via: str,
    action: EventAction,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Record in the history of an account what a person did."""
    AccountEvent.objects.create(
        school_id=account.school_id,
        account=account,
        actor=by,
        via=via,
        action=action,
        before=stored_values(before or {}),
        after=stored_values(after or {}),
    )


def stored_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON stores them."""
    return {key: stored_value(value) for key, value in values.items()}


def stored_value(value: Any) -> Any:
    """Return a value as JSON stores it: dates as year-month-day."""
    return value.isoformat() if isinstance(value, date) else value
