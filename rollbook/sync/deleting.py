"""Deletes a school for good: its students, runs, files, schedules and credentials.

A request closes the school at once. A worker then deletes its rows until none is left and no other
worker can still write one. The audit log stays.
"""

from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F, Model, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.schools import audit
from rollbook.schools.models import EmergencyNotice, Membership, School, StaffInvitation, User
from rollbook.students.models import Invitation, StudentAccount, StudentLogin
from rollbook.sync import queue, store
from rollbook.sync.models import (
    ConnectionDraft,
    ConnectionTest,
    Credential,
    Integration,
    Notice,
    ReportFile,
    Run,
    Schedule,
)
from rollbook.sync.refusals import SettingRefused

# The jobs of a school, by the rows that they are for.
JOBS: Final[dict[str, type[Model]]] = {
    queue.LOOK_AT_RUN: Run,
    queue.MAKE_REPORT: ReportFile,
    queue.SEND_NOTICE: Notice,
    queue.SEND_INVITATION: Invitation,
    queue.SEND_STAFF_INVITATION: StaffInvitation,
    queue.SEND_EMERGENCY_NOTICE: EmergencyNotice,
}


class Contents(NamedTuple):
    """What would be deleted with a school."""

    students: int
    runs: int
    integrations: int
    people: int


def contents_of(school: School) -> Contents:
    """Return what would be deleted with a school."""
    return Contents(
        students=StudentAccount.objects.filter(school=school).count(),
        runs=Run.objects.filter(school=school).count(),
        integrations=Integration.objects.filter(school=school).count(),
        people=Membership.objects.filter(school=school).count(),
    )


def check_name(school: School, typed: str) -> None:
    """Raise SettingRefused where the typed name is not the name of the school."""
    if " ".join(typed.split()) != " ".join(school.name.split()):
        what = _("Nothing was deleted. Type the name exactly: %(name)s") % {"name": school.name}
        raise SettingRefused("name", what)


@transaction.atomic
def request(school: School, by: User | None, typed: str, via: str = "web") -> None:
    """Close a school, and let a worker delete everything that belongs to it.

    From now on nobody can open it, and nothing runs for it. Raises SettingRefused where `typed` is
    not its name.
    """
    check_name(school, typed)
    closed = School.objects.filter(pk=school.pk).update(deletion_requested_at=Now())
    if not closed:
        return
    contents = contents_of(school)._asdict()
    Membership.objects.filter(school=school).delete()
    StudentLogin.objects.filter(school=school).delete()
    Schedule.objects.filter(school=school).update(enabled=False, next_due_at=None)
    Integration.objects.filter(school=school).update(active=False)
    for secrets in (Credential, ConnectionDraft, ConnectionTest):
        secrets._default_manager.filter(school=school).delete()
    audit.record(
        "school.deletion_requested",
        school=school,
        actor=by,
        subject=str(school.pk),
        via=via,
        **contents,
    )
    queue.wake(queue.DELETE_SCHOOL, school.pk)


def delete_rows(school_id: UUID) -> int:
    """Delete the rows of a school that was asked to be deleted; return how many there were.

    The school is deleted once a round finds no row, after the lease of every run has ended: until
    then a worker that reads its roster may still store a page.
    """
    waiting = School.with_deleted.filter(
        pk=school_id, deletion_requested_at__isnull=False, deleted_at__isnull=True
    )
    if not waiting.exists():
        return 0
    # A worker that is about to apply a run finds another fence, and writes nothing.
    Run.objects.filter(school=school_id).update(fence=F("fence") + 1)
    for task, model in JOBS.items():
        ids = model._default_manager.filter(school=school_id).values_list("pk", flat=True)
        queue.remove_jobs(task, ids)
    number = store.delete_school_rows(school_id)
    if not number:
        lease_over = Now() - timedelta(seconds=config.lease_seconds)
        _mark_deleted(school_id, waiting.filter(deletion_requested_at__lt=lease_over))
    return number


@transaction.atomic
def _mark_deleted(school_id: UUID, waiting: QuerySet[School]) -> None:
    if waiting.update(deleted_at=Now()):
        school = School.with_deleted.get(pk=school_id)
        audit.record(
            "school.deleted", school=school, actor=None, subject=str(school_id), via="worker"
        )


def sweep() -> None:
    """Wake a worker for each school that is not deleted completely."""
    waiting = School.with_deleted.filter(
        deletion_requested_at__isnull=False, deleted_at__isnull=True
    )
    for school_id in waiting.values_list("pk", flat=True):
        queue.wake(queue.DELETE_SCHOOL, school_id)
