"""Values and accounts that no sync changes: locks of single fields, and protected accounts."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.schools import audit, clock
from rollbook.schools.clock import end_of_day, local_day
from rollbook.schools.models import User
from rollbook.students.account_changes import lock_account, record_event, write_account
from rollbook.students.models import EventAction, FieldLock, Protection, StudentAccount
from rollbook.students.refused import Refused

LONGEST_REASON: Final = 300  # characters


@transaction.atomic
def lock(
    account: StudentAccount, by: User | None, fields: Iterable[str], via: str = "web"
) -> list[str]:
    """Lock single values, so that no sync changes them. Returns the fields newly locked."""
    locked = lock_account(account)
    already = set(locked.locks.values_list("field", flat=True))
    lockable = set(STUDENT_FIELDS) - {"sis_id"}
    new = sorted(set(fields) & lockable - already)
    if new:
        FieldLock.objects.bulk_create(
            FieldLock(school=locked.school, account=locked, field=field, by=by) for field in new
        )
        _record_locks(locked, by, EventAction.LOCKED, new, via)
    return new


@transaction.atomic
def unlock(
    account: StudentAccount, by: User | None, fields: Iterable[str], via: str = "web"
) -> list[str]:
    """Let the SIS write these values again. Returns the fields that were locked."""
    locked = lock_account(account)
    locks = locked.locks.filter(field__in=list(fields))
    unlocked = sorted(locks.values_list("field", flat=True))
    if unlocked:
        locks.delete()
        _record_locks(locked, by, EventAction.UNLOCKED, unlocked, via)
    return unlocked


@transaction.atomic
def protect(
    account: StudentAccount,
    by: User | None,
    *,
    until: date | None = None,
    reason: str = "",
    via: str = "web",
) -> bool:
    """Let no sync write to an account, through the day `until` in the school's zone.

    Returns False if exactly that protection is there already. Raises Refused for a past day.
    """
    locked = lock_account(account)
    if until is not None and until < local_day(clock.now(), locked.school):
        raise Refused({"until": _("This day is over. Choose today or a later one.")})
    moment = end_of_day(until, locked.school) if until else None
    reason = reason.strip()[:LONGEST_REASON]
    current = Protection.objects.filter(account=locked).first()
    if current is not None and (current.until, current.reason) == (moment, reason):
        return False
    Protection.objects.update_or_create(
        account=locked,
        defaults={"until": moment, "reason": reason, "school": locked.school, "by": by},
    )
    write_account(locked)
    record_event(locked, by, via, EventAction.PROTECTED)
    audit.record(
        "student.protected",
        school=locked.school,
        actor=by,
        subject=str(locked.pk),
        via=via,
        until=until and until.isoformat(),
    )
    return True


@transaction.atomic
def unprotect(account: StudentAccount, by: User | None, via: str = "web") -> bool:
    """Let syncs write to an account again. Returns False if it was not protected."""
    locked = lock_account(account)
    deleted, _by_table = Protection.objects.filter(account=locked).delete()
    if deleted:
        write_account(locked)
        record_event(locked, by, via, EventAction.UNPROTECTED)
        audit.record(
            "student.unprotected", school=locked.school, actor=by, subject=str(locked.pk), via=via
        )
    return bool(deleted)


def protection_of(account: StudentAccount) -> Protection | None:
    """Return the protection of an account, or None if there is none or its day is over."""
    protections = Protection.objects.filter(account=account, school_id=account.school_id)
    protection = protections.select_related("by").first()
    if protection is None:
        return None
    is_over = protection.until is not None and protection.until <= clock.now()
    return None if is_over else protection


def _record_locks(
    account: StudentAccount, by: User | None, action: EventAction, fields: list[str], via: str
) -> None:
    write_account(account)
    values = {field: getattr(account, field) for field in fields}
    record_event(account, by, via, action, after=values)
    audit.record(
        f"student.{action.value}",
        school=account.school,
        actor=by,
        subject=str(account.pk),
        via=via,
        fields=fields,
    )
