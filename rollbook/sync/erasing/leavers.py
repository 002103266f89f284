"""Erases students who left or graduated long ago. A child who returns gets a new account."""

import time
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from rollbook.schools import audit, clock
from rollbook.schools.models import School, User
from rollbook.students.models import AccountStatus, Protection, StudentAccount
from rollbook.sync.erasing.erase import with_merged
from rollbook.sync.erasing.rows import remove_rows
from rollbook.sync.erasing.traces import traces_of
from rollbook.sync.refusals import SettingRefused

MOST_DAYS: Final = 3_650
FEWEST_DAYS: Final = 30
AT_A_TIME: Final = 50
EVERY_SECONDS: Final = 3_600.0


class _LastSweep:
    """When this process swept last, on its monotonic clock; 0 for never."""

    at = 0.0


def sweep_leavers() -> None:
    """Erase some of the students who left long ago, once an hour in each worker."""
    if _LastSweep.at and time.monotonic() - _LastSweep.at < EVERY_SECONDS:
        return
    _LastSweep.at = time.monotonic()
    for school in School.objects.filter(purge_leavers_after__isnull=False).order_by("pk"):
        purge(school)


def due(school: School) -> QuerySet[StudentAccount]:
    """Return the students who are erased next: they left or graduated long enough ago."""
    accounts = StudentAccount.objects.filter(school=school)
    if school.purge_leavers_after is None:
        return accounts.none()
    left_before = clock.now() - timedelta(days=school.purge_leavers_after)
    in_force = Q(until__isnull=True) | Q(until__gt=Now())
    protected = Protection.objects.filter(in_force, account=OuterRef("pk"))
    left = accounts.filter(status__in=(AccountStatus.LEFT, AccountStatus.GRADUATED))
    gone = left.alias(
        gone_at=Coalesce("closed_at", "updated_at", output_field=DateTimeField())
    ).exclude(Exists(protected))
    return gone.filter(gone_at__lt=left_before)


def purge(school: School, most: int = AT_A_TIME) -> int:
    """Erase some of the students of a school who left long ago; return how many."""
    number = 0
    for account_id in list(due(school).order_by("pk").values_list("pk", flat=True)[:most]):
        with transaction.atomic():
            account = due(school).select_for_update(of=("self",)).filter(pk=account_id).first()
            if account is None:
                continue
            rows = remove_rows(school, traces_of(with_merged(account)))
            audit.record(
                "student.purged",
                school=school,
                actor=None,
                subject=str(account_id),
                via="worker",
                rows=rows,
            )
            number += 1
    return number


@transaction.atomic
def save_rule(school: School, by: User | None, days: int | None, via: str = "web") -> None:
    """Save after how many days students who left are erased; None for never.

    Raises SettingRefused.
    """
    if days is not None and not FEWEST_DAYS <= days <= MOST_DAYS:
        message = _("Give a number of days from %(fewest)d to %(most)d.")
        values = {"fewest": FEWEST_DAYS, "most": MOST_DAYS}
        raise SettingRefused("purge_leavers_after", message % values)
    if days == school.purge_leavers_after:
        return
    school.purge_leavers_after = days
    school.save(update_fields=["purge_leavers_after"])
    audit.record("purge_leavers.saved", school=school, actor=by, via=via, days=days)
