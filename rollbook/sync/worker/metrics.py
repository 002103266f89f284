"""The numbers of an installation for monitoring, without student data or school names."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Min, Q, Sum
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Status

from rollbook.schools.mail import MailState
from rollbook.sync import queue
from rollbook.sync.models import ACTIVE_STATES, Integration, Notice, Run, RunState


class Measure(NamedTuple):
    """One number; `labels` distinguish it from others of the same name."""

    name: str
    value: float
    labels: dict[str, str]


# By name: its kind in Prometheus, and its meaning.
KINDS: dict[str, tuple[str, str]] = {
    "rollbook_workers_alive": ("gauge", "Workers heard of in the last 30 seconds."),
    "rollbook_jobs_waiting": ("gauge", "Wake-up calls that wait for a worker, by queue."),
    "rollbook_runs_active": ("gauge", "Runs that are not over, by state."),
    "rollbook_oldest_waiting_run_seconds": (
        "gauge",
        "Age of the run that has waited longest for a worker; 0 without one.",
    ),
    "rollbook_runs_ended": ("gauge", "Runs that are over and kept, by result."),
    "rollbook_run_seconds_sum": (
        "gauge",
        "Time that the runs of the last day took, from start to end.",
    ),
    "rollbook_run_seconds_count": ("gauge", "How many runs that sum is of."),
    "rollbook_last_success_timestamp_seconds": (
        "gauge",
        "When an active integration last finished a run, by integration id; 0 for never.",
    ),
    "rollbook_mails_waiting": ("gauge", "Mails about runs that wait to be sent."),
    "rollbook_mails_undelivered": ("gauge", "Mails about runs that were given up."),
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
    return max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0


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
    lately = Run.objects.filter(
        finished_at__gte=timezone.now() - timedelta(days=1), started_at__isnull=False
    )
    took = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
    total = lately.aggregate(sum=Sum(took), count=Count("pk"))
    yield Measure(
        "rollbook_run_seconds_sum", total["sum"].total_seconds() if total["sum"] else 0.0, {}
    )
    yield Measure("rollbook_run_seconds_count", total["count"], {})


def _integrations() -> Iterator[Measure]:
    done = Max("runs__finished_at", filter=Q(runs__state=RunState.DONE))
    for each in Integration.objects.filter(active=True).annotate(done=done).order_by("pk"):
        at = each.done.timestamp() if each.done else 0.0
        yield Measure(
            "rollbook_last_success_timestamp_seconds",
            at,
            {"integration": str(each.pk), "source": each.source},
        )
