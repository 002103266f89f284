"""Wake-up calls: jobs that carry an id and say "look at this". Correctness rests on the runs' own table, never on the queue."""

from uuid import UUID

from django.db import close_old_connections
from procrastinate.contrib.django import app

from rollbook.sync import runs
from rollbook.sync.pipeline import run_sync


@app.task(name="look_at_run", queue="runs")
def look_at_run(run_id: str) -> None:
    """Work on this run if it still needs it."""
    close_old_connections()
    try:
        run_sync(UUID(run_id))
    finally:
        close_old_connections()


@app.task(name="sweep", queue="sweep")
def sweep() -> None:
    """Wake every run that nobody works on."""
    close_old_connections()
    runs.sweep()
