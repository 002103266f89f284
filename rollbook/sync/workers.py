"""Which workers are alive: each writes a heartbeat into the queue's own table every ten seconds."""

from datetime import timedelta
from typing import Final

from django.db.models.functions import Now
from procrastinate.contrib.django.models import ProcrastinateWorker

SILENT: Final = timedelta(seconds=30)  # three missed heartbeats


def alive() -> int:
    """How many workers have been heard of lately."""
    return ProcrastinateWorker.objects.filter(last_heartbeat__gte=Now() - SILENT).count()
