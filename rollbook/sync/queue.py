"""The job queue: wakes workers for rows, lets them take rows, removes the jobs of killed ones.

A job carries the id of a row and says "look at this row". Correctness rests on the row's own table:
losing a job or queueing it twice does no harm.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from asgiref.sync import async_to_sync
from django.db import transaction
from django.db.models import Count, F, Model, QuerySet
from django.db.models.functions import Now
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status
from procrastinate.types import JSONValue

from rollbook import scope

# Names of tasks, as jobs in the database carry them. `worker/tasks.py` holds the tasks.
LOOK_AT_RUN: Final = "look_at_run"
MAKE_REPORT: Final = "make_report"
SEND_NOTICE: Final = "send_notice"
SEND_INVITATION: Final = "send_invitation"
SEND_STAFF_INVITATION: Final = "send_staff_invitation"
SEND_EMERGENCY_NOTICE: Final = "send_emergency_notice"
SEND_ACCOUNT_MAIL: Final = "send_account_mail"
DELETE_SCHOOL: Final = "delete_school"
# Its job has an encrypted address instead of the id of a row, because there may be no such student.
WRITE_STUDENT_LINK: Final = "write_student_link"

# The argument in which each task gets the id of its row.
ARGUMENTS: Final = {
    LOOK_AT_RUN: "run_id",
    MAKE_REPORT: "report_id",
    SEND_NOTICE: "notice_id",
    SEND_INVITATION: "invitation_id",
    SEND_STAFF_INVITATION: "staff_invitation_id",
    SEND_EMERGENCY_NOTICE: "emergency_notice_id",
    SEND_ACCOUNT_MAIL: "account_mail_id",
    DELETE_SCHOOL: "school_id",
}

SILENT_SECONDS: Final = 30.0  # a worker that missed three heartbeats is dead
KEPT_HOURS: Final = 24

M = TypeVar("M", bound=Model)

# Set by the worker on SIGTERM: runs and report files go back to the queue at their next batch.
stopping = threading.Event()


def wake(task: str, row_id: UUID) -> None:
    """Queue the job of this task for one row, unless such a job waits already.

    A retry that is scheduled for later counts as waiting: then this call changes nothing.
    """
    argument = ARGUMENTS[task]
    lock = f"{argument.removesuffix('_id')} {row_id}"
    job = app.configure_task(task, allow_unknown=False, queueing_lock=lock)
    try:
        with transaction.atomic():  # a refused job must not break the caller's transaction
            job.defer(**{argument: str(row_id)})
    except AlreadyEnqueued:
        pass


def wake_all(task: str, row_ids: Iterable[UUID]) -> None:
    """Queue the jobs of a task for rows that were made just now, in one statement."""
    argument = ARGUMENTS[task]
    jobs: list[dict[str, JSONValue]] = [{argument: str(row_id)} for row_id in row_ids]
    if jobs:
        app.configure_task(task, allow_unknown=False).batch_defer(*jobs)


def ask_for_link(sealed_address: str) -> None:
    """Queue the look-up of an address for which somebody asked for a new link."""
    job = app.configure_task(WRITE_STUDENT_LINK, allow_unknown=False)
    job.defer(sealed_address=sealed_address)


def remove_jobs(task: str, row_ids: Iterable[UUID]) -> None:
    """Remove the waiting jobs of a task for rows that are deleted."""
    ids = [str(row_id) for row_id in row_ids]
    jobs = ProcrastinateJob.objects.filter(task_name=task, status=Status.TODO.value)
    of_rows = jobs.filter(**{f"args__{ARGUMENTS[task]}__in": ids})
    for job_id in of_rows.values_list("id", flat=True):
        app.job_manager.cancel_job_by_id(job_id, delete_job=True)


def take(rows: QuerySet[M], most_tries: int, **columns: Any) -> bool:
    """Take a row that nobody works on, and count the try. Returns False where there is none.

    One conditional update, so that only one of several workers gets the row. `rows` is the row as
    long as it is free; `columns` are what says that it no longer is.
    """
    free = rows.filter(attempts__lt=most_tries)
    return bool(free.update(attempts=F("attempts") + 1, **columns))


def give_back(rows: QuerySet[M], **columns: Any) -> None:
    """Give a row back unfinished; the try isn't counted. `columns` say that nobody works on it."""
    rows.update(attempts=F("attempts") - 1, **columns)


def sweep_rows(
    task: str, silent: QuerySet[M], most_tries: int, give_up: Callable[[M], None]
) -> list[UUID]:
    """Wake a worker for each row that nobody works on; give up those whose tries are used up.

    Returns the ids of the rows that were woken.
    """
    for row in silent.filter(attempts__gte=most_tries):
        give_up(row)
    woken = list(silent.filter(attempts__lt=most_tries).values_list("pk", flat=True))
    for row_id in woken:
        wake(task, row_id)
    return woken


def ids_with_job(task: str) -> set[str]:
    """Return the ids of the rows for which a job of this task waits or is worked on."""
    jobs = ProcrastinateJob.objects.filter(
        task_name=task, status__in=(Status.TODO.value, Status.DOING.value)
    )
    return set(jobs.values_list(f"args__{ARGUMENTS[task]}", flat=True))


def sweep() -> None:
    """Remove the jobs of killed workers. The sweeps of runs, mails and files find their rows."""
    async_to_sync(_sweep)()


async def _sweep() -> None:
    jobs = app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
        await jobs.finish_job(job, Status.FAILED, delete_job=True)
    await jobs.delete_old_jobs(
        nb_hours=KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


def job_counts() -> list[dict[str, Any]]:
    """Return how many jobs there are: the `name` of the task, the `status` and the `number`."""
    jobs = ProcrastinateJob.objects.values("status", name=F("task_name"))
    return list(jobs.annotate(number=Count("id")).order_by("name", "status"))


@contextmanager
def scope_of_row(rows: type[Model], row_id: UUID) -> Iterator[None]:
    """Open the scope of the school that a row belongs to; none where the row is gone."""
    with scope.of_installation(scope.Across.SCHOOL_OF_ROW):
        row = rows._default_manager.filter(pk=row_id)
        school_id = row.values_list("school_id", flat=True).first()
    with scope.closed() if school_id is None else scope.of_school(school_id):
        yield


def workers_alive() -> int:
    """Return how many workers wrote a heartbeat lately; each writes one every ten seconds."""
    since = Now() - timedelta(seconds=SILENT_SECONDS)
    return ProcrastinateWorker.objects.filter(last_heartbeat__gte=since).count()
