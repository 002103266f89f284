"""The queue's own tables: which jobs wait, which workers are alive; removes the jobs of killed workers."""

from datetime import timedelta
from typing import Final

from asgiref.sync import async_to_sync
from django.db.models.functions import Now
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker
from procrastinate.jobs import Status

SILENT_SECONDS: Final = 30.0  # a worker that missed three heartbeats is dead
KEPT_HOURS: Final = 24


def arguments(task: str, name: str) -> set[str]:
    """This argument of all jobs of a task that wait or are worked on."""
    jobs = ProcrastinateJob.objects.filter(
        task_name=task, status__in=(Status.TODO.value, Status.DOING.value)
    )
    return set(jobs.values_list(f"args__{name}", flat=True))


def sweep() -> None:
    """Remove the jobs of killed workers. What they were about is found by its own sweep, which looks at runs, mails and files."""
    async_to_sync(_sweep)()


async def _sweep() -> None:
    jobs = app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
        await jobs.finish_job(job, Status.FAILED, delete_job=True)
    await jobs.delete_old_jobs(
        nb_hours=KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


def workers_alive() -> int:
    """Return how many workers have written a heartbeat lately; each writes one every ten seconds."""
    since = Now() - timedelta(seconds=SILENT_SECONDS)
    return ProcrastinateWorker.objects.filter(last_heartbeat__gte=since).count()
