"""The numbers of an installation for monitoring, without student data or school names."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from django.db.models import Count, Max, Min, Q
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Status

from rollbook.schools import clock
from rollbook.schools.mail import MailState
from rollbook.sync import queue
from rollbook.sync.models import ACTIVE_STATES, Integration, Notice, Run, RunState

# What `Run.duration` reads.
_DURATION_FIELDS: Final = ("state", "started_at", "held_at", "approved_at", "finished_at")


class Measure(NamedTuple):
    """One number; `labels` distinguish it from others of the same name."""

    name: str
    value: float
    labels: dict[str, str]


DESCRIPTIONS: Final[dict[str, str]] = {
    "rollbook_workers_alive": "Workers heard of in the last 30 seconds.",
    "rollbook_jobs_waiting": "Wake-up calls that wait for a worker, by queue.",
    "rollbook_runs_active": "Runs that are not over, by state.",
    "rollbook_oldest_waiting_run_seconds": (
        "Age of the run that has waited longest for a worker; 0 without one."
    ),
    "rollbook_runs_ended": "Runs that are over and still stored, by result.",
    "rollbook_last_day_runs": "Runs that ended in the last 24 hours.",
    "rollbook_last_day_run_seconds": (
        "Time that workers took for the runs of the last 24 hours, without time on hold."
    ),
    "rollbook_last_success_timestamp_seconds": (
        "When an active integration last finished a run, by integration id; 0 for never."
    ),
    "rollbook_mails_waiting": "Mails about runs that wait to be sent.",
    "rollbook_mails_undelivered": "Mails about runs that were given up.",
}


def measures() -> Iterator[Measure]:
    """Yield all numbers, from the database as it is now."""
    yield Measure("rollbook_workers_alive", queue.workers_alive(), {})
    waiting = (
        ProcrastinateJob.objects.filter(status=Status.TODO.value)
        .values("queue_name")
        .annotate(number=Count("id"))
    )
    for row in waiting.order_by("queue_name"):
        yield Measure("rollbook_jobs_waiting", row["number"], {"queue": row["queue_name"]})
    yield from _runs()
    yield from _integrations()
    for state, name in (
        (MailState.WAITING, "rollbook_mails_waiting"),
        (MailState.UNDELIVERED, "rollbook_mails_undelivered"),
    ):
        yield Measure(name, Notice.objects.filter(state=state).count(), {})


def oldest_waiting_seconds() -> float:
    """Return how long the oldest waiting run has waited; 0 where none waits."""
    oldest = Run.objects.filter(state=RunState.QUEUED).aggregate(at=Min("requested_at"))["at"]
    return max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0


def _runs() -> Iterator[Measure]:
    counted = {
        row["state"]: row["number"]
        for row in Run.objects.values("state").annotate(number=Count("pk")).order_by()
    }
    for state in RunState:
        name, label = (
            ("rollbook_runs_active", "state")
            if state in ACTIVE_STATES
            else ("rollbook_runs_ended", "result")
        )
        yield Measure(name, counted.get(state, 0), {label: str(state.value)})
    yield Measure("rollbook_oldest_waiting_run_seconds", oldest_waiting_seconds(), {})
    a_day_ago = clock.now() - timedelta(days=1)
    lately = Run.objects.filter(finished_at__gte=a_day_ago, started_at__isnull=False)
    durations = [run.duration for run in lately.only(*_DURATION_FIELDS) if run.duration]
    yield Measure("rollbook_last_day_runs", len(durations), {})
    seconds = sum(durations, timedelta()).total_seconds()
    yield Measure("rollbook_last_day_run_seconds", seconds, {})


def _integrations() -> Iterator[Measure]:
    done = Max("runs__finished_at", filter=Q(runs__state=RunState.DONE))
    for each in Integration.objects.filter(active=True).annotate(done=done).order_by("pk"):
        at = each.done.timestamp() if each.done else 0.0
        yield Measure(
            "rollbook_last_success_timestamp_seconds",
            at,
            {"integration": str(each.pk), "source": each.source},
        )
