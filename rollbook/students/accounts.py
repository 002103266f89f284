"""What people do to accounts: deactivate and reactivate, one or many. Each deed raises `version`, so that a plan made before it is
overtaken, and is kept in the account's history and in the audit log.

A sync keeps the values of a deactivated account in step and leaves it deactivated (`roster.planning.decide`): the status is never
the source's to say, so its fingerprint stays valid.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.students.models import AccountEvent, AccountStatus, EventAction, StudentAccount

CHUNK: Final = 5_000  # accounts that are written at a time


def to_deactivate(accounts: QuerySet[StudentAccount]) -> QuerySet[StudentAccount]:
    """Those of the accounts that deactivating would change."""
    return accounts.filter(status=AccountStatus.ACTIVE)


def to_reactivate(accounts: QuerySet[StudentAccount]) -> QuerySet[StudentAccount]:
    """Those of the accounts that reactivating would change."""
    return accounts.exclude(status__in=(AccountStatus.ACTIVE, AccountStatus.MERGED))


def deactivate(school: School, ids: Iterable[UUID], by: User | None, via: str = "web") -> int:
    """Close accounts without touching their values. Returns how many were open; doing it twice does it once."""
    return _set_status(school, ids, EventAction.DEACTIVATED, by, via)


def reactivate(school: School, ids: Iterable[UUID], by: User | None, via: str = "web") -> int:
    """Open accounts again, whatever had closed them. Returns how many were closed."""
    return _set_status(school, ids, EventAction.REACTIVATED, by, via)


@transaction.atomic
def _set_status(
    school: School, ids: Iterable[UUID], action: EventAction, by: User | None, via: str
) -> int:
    wanted, done = sorted(set(ids)), 0
    status = (
        AccountStatus.DEACTIVATED if action == EventAction.DEACTIVATED else AccountStatus.ACTIVE
    )
    narrow = to_deactivate if action == EventAction.DEACTIVATED else to_reactivate
    for start in range(0, len(wanted), CHUNK):
        part = StudentAccount.objects.filter(school=school, pk__in=wanted[start : start + CHUNK])
        # Locked in the order in which a run locks them (sql/lock_accounts.sql), so that the two can't deadlock.
        held = dict(narrow(part).select_for_update().order_by("pk").values_list("pk", "status"))
        StudentAccount.objects.filter(pk__in=held).update(
            status=status, version=F("version") + 1, updated_at=Now()
        )
        events = [
            AccountEvent(
                school=school,
                account_id=account_id,
                actor=by,
                via=via,
                action=action,
                before={"status": was},
                after={"status": status},
            )
            for account_id, was in held.items()
        ]
        AccountEvent.objects.bulk_create(events, batch_size=CHUNK)
        done += len(held)
    if done:
        subject = str(wanted[0]) if len(wanted) == 1 else ""
        audit.record(
            f"students.{action.value}",
            school=school,
            actor=by,
            subject=subject,
            via=via,
            students=done,
        )
    return done
