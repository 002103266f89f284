"""Deactivating and reactivating accounts by hand, one or many.

Each raises `version`, so that a plan made before is overtaken, and is recorded in the history of
the account and in the audit log. The fingerprint stays valid: the status is never the source's to
set, and a run leaves a deactivated account deactivated (`roster.planning.decide`).
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from rollbook.roster.values.parsing import FREED, email_key
from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.students import lookalikes
from rollbook.students.models import (
    AccountEvent,
    AccountStatus,
    EventAction,
    FurtherLink,
    StudentAccount,
)

CHUNK: Final = 5_000  # accounts that are written at a time


def to_deactivate(accounts: QuerySet[StudentAccount]) -> QuerySet[StudentAccount]:
    """Return those of the accounts that deactivating would change."""
    return accounts.filter(status=AccountStatus.ACTIVE)


def to_reactivate(accounts: QuerySet[StudentAccount]) -> QuerySet[StudentAccount]:
    """Return those of the accounts that reactivating would change."""
    return accounts.exclude(status__in=(AccountStatus.ACTIVE, AccountStatus.MERGED))


def deactivate(school: School, ids: Iterable[UUID], by: User | None, via: str = "web") -> int:
    """Close accounts without changing their values. Returns how many were open."""
    return _set_status(school, ids, EventAction.DEACTIVATED, by, via)


def reactivate(school: School, ids: Iterable[UUID], by: User | None, via: str = "web") -> int:
    """Open accounts again, whatever had closed them. Returns how many were opened.

    One whose e-mail was freed stays closed where another student has that e-mail now.
    """
    return _set_status(school, ids, EventAction.REACTIVATED, by, via)


@transaction.atomic
def _set_status(
    school: School, ids: Iterable[UUID], action: EventAction, by: User | None, via: str
) -> int:
    ordered = sorted(set(ids))
    changed = 0
    for start in range(0, len(ordered), CHUNK):
        before = _write_chunk(school, ordered[start : start + CHUNK], action)
        events = [
            AccountEvent(
                school=school,
                account_id=account_id,
                actor=by,
                via=via,
                action=action,
                before={"status": status},
                after={"status": _status_after(action)},
            )
            for account_id, status in before.items()
        ]
        AccountEvent.objects.bulk_create(events, batch_size=CHUNK)
        if action == EventAction.REACTIVATED:
            lookalikes.ask(school.pk, before)
        changed += len(before)
    if changed:
        audit.record(
            f"students.{action.value}",
            school=school,
            actor=by,
            subject=str(ordered[0]) if len(ordered) == 1 else "",
            via=via,
            students=changed,
        )
    return changed


def _write_chunk(school: School, ids: list[UUID], action: EventAction) -> dict[UUID, str]:
    """Write the new status of some accounts. Returns the status of each before."""
    accounts = StudentAccount.objects.filter(school=school, pk__in=ids)
    narrow = to_deactivate if action == EventAction.DEACTIVATED else to_reactivate
    # Locked in the order in which a run locks them (sql/lock_accounts.sql), so that the two
    # cannot deadlock.
    locked = narrow(accounts).select_for_update().order_by("pk")
    before = dict(locked.values_list("pk", "status"))
    if action == EventAction.REACTIVATED:
        for account_id in _regain_emails(school, list(before)):
            del before[account_id]
    StudentAccount.objects.filter(pk__in=before).update(
        status=_status_after(action), version=F("version") + 1, updated_at=Now()
    )
    return before


def _regain_emails(school: School, ids: list[UUID]) -> list[UUID]:
    """Give these accounts the e-mails back that were freed while they were closed.

    Returns those that stay closed, because somebody else has their e-mail now.
    """
    accounts = StudentAccount.objects.filter(school=school)
    stays = []
    for account in accounts.filter(pk__in=ids, email_key__startswith=FREED):
        own_key = email_key(account.email)
        if accounts.filter(email_key=own_key).exists():
            stays.append(account.pk)
        else:
            accounts.filter(pk=account.pk).update(email_key=own_key, source_fingerprint=None)
            FurtherLink.objects.filter(account=account).update(fingerprint=None)
    return stays


def _status_after(action: EventAction) -> AccountStatus:
    if action == EventAction.DEACTIVATED:
        return AccountStatus.DEACTIVATED
    return AccountStatus.ACTIVE
