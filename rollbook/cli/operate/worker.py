"""`rollbook worker`: works on runs, and takes over runs that no worker works on."""

import asyncio
import gc
import logging
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import click
import psycopg
from django.db import connection
from procrastinate import App, exceptions
from procrastinate.contrib.django import app

from rollbook import database
from rollbook.cli.operate.migrate import refuse_unmigrated
from rollbook.cli.output import plain_refusals, say
from rollbook.config import config
from rollbook.sync import queue
from rollbook.sync.runs import lease
from rollbook.sync.worker import housekeeping
from rollbook.sync.worker.places import open_places

# Applying takes at most 5 seconds, and reading hands back at its next batch. A silent SIS would
# keep us for a minute.
GRACE_SECONDS = 12.0
PAUSE_SECONDS = 2.0  # before connecting again to a database that went away

log = logging.getLogger(__name__)


@click.command()
@click.option(
    "--concurrency",
    type=click.IntRange(1, 32),
    default=None,
    help="Schools synced at the same time. Default: ROLLBOOK_WORKER_CONCURRENCY.",
)
def worker(concurrency: int | None) -> None:
    """Work on runs until stopped.

    Start as many workers as you like, on any machine that reaches the database. When stopped
    (SIGTERM or Ctrl-C), a worker hands unfinished runs to other workers and ends within 30 seconds.

    \b
    Example:
      rollbook worker --concurrency 8
    """
    with plain_refusals():
        _refuse_unready()
    # A run keeps the keys of all accounts. With its usual thresholds, Python's collector searches
    # them for cycles, of which there are none, again and again: a quarter of the time of an
    # unchanged run of 100,000 students.
    gc.set_threshold(50_000, 20, 50)
    os.nice(config.worker_nice)
    config.worker_concurrency = concurrency or config.worker_concurrency
    asyncio.run(_work(config.worker_concurrency))


def _refuse_unready() -> None:
    """Raise an error if the database is not set up, or if our role has too much power."""
    refuse_unmigrated()
    if config.production:
        database.refuse_powerful_role(connection)
    connection.close()


async def _work(concurrency: int) -> None:
    """Run a worker until this process has to stop; start it again when it loses its database."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(concurrency + 4, thread_name_prefix="job"))
    stop_requested = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, stop_requested)
    threading.Thread(target=_sweep, name="sweep", daemon=True).start()
    places = open_places(concurrency)
    while not stop_requested.is_set():
        try:
            # The worker fetches jobs on connections of its own. Jobs that tasks queue go through
            # Django's connection, in the same transaction as what the task does.
            connector = cast(Any, app.connector).get_worker_connector()
            async with app.with_connector(connector).open_async() as worker_app:
                await _work_until(stop_requested, worker_app, concurrency)
        except (exceptions.ConnectorException, psycopg.Error) as error:
            # psycopg's own errors come from the pool, after half a minute of waiting.
            log.warning("the database can't be reached: %s", type(error).__name__)
        if not stop_requested.is_set():
            log.warning("the worker connects again in %s s", PAUSE_SECONDS)
            await asyncio.sleep(PAUSE_SECONDS)
    await asyncio.to_thread(places.end)
    say("Rollbook worker has ended.")


async def _work_until(stop_requested: asyncio.Event, worker_app: App, concurrency: int) -> None:
    """Work on jobs until a stop is requested or the database is gone. Started ones end before."""
    options: Any = {
        "concurrency": concurrency,
        "install_signal_handlers": False,
        "delete_jobs": "always",
        "fetch_job_polling_interval": 2.0,
    }
    work = asyncio.create_task(worker_app.run_worker_async(**options))
    stop = asyncio.create_task(stop_requested.wait())
    say(
        f"Rollbook worker is ready in process {os.getpid()}: "
        f"{concurrency} runs at the same time. Stop it with Ctrl-C."
    )
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    work.cancel()
    await asyncio.wait({work})
    if not work.cancelled() and (error := work.exception()):
        log.warning("the worker stopped: %s", type(error).__name__)


def _stop(stop_requested: asyncio.Event) -> None:
    """Ask every run to hand itself back, and end this process at the latest after the grace."""
    queue.stopping.set()
    stop_requested.set()
    last = threading.Timer(GRACE_SECONDS, _end_hard)
    last.daemon = True
    last.start()


def _end_hard() -> None:
    """Hand back the runs that couldn't do so themselves, and end this process at once."""
    try:
        lease.hand_back_all()
    finally:
        say("Rollbook worker has ended. Runs that waited for their SIS were handed back.")
        os._exit(0)


def _sweep() -> None:
    """Do the worker's regular chores until this process has to stop."""
    while not queue.stopping.wait(config.sweep_seconds):
        housekeeping.make()
