"""`rollbook worker`: works on wake-up calls and sweeps for runs that nobody works on, until it is told to stop."""

import asyncio
import gc
import logging
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import click

from rollbook.cli.answers import Refusal, refusals, say, set_up

if TYPE_CHECKING:
    from procrastinate import App

GRACE_SECONDS = 12.0  # applying takes 5 at most, reading hands back at its next batch; a silent SIS would keep us for a minute
PAUSE_SECONDS = 2.0  # before connecting again to a database that went away

log = logging.getLogger(__name__)


@click.command()
@click.option(
    "--concurrency",
    type=click.IntRange(1, 32),
    default=None,
    help="Schools synced side by side; ROLLBOOK_WORKER_CONCURRENCY.",
)
def worker(concurrency: int | None) -> None:
    """Work on runs until stopped. Start as many as you like, on any machine that reaches the database.

    Stopped (SIGTERM or Ctrl-C) it gives unfinished runs to other workers and ends within 30 seconds.

    \b
    Example:
      rollbook worker --concurrency 8
    """
    try:
        with refusals():
            set_up()
            _refuse_unready()
    except Refusal as refusal:
        raise click.ClickException(f"{refusal.what} {refusal.remedy}") from refusal
    from rollbook.config import config

    # A run keeps the keys of all accounts, and Python's collector would walk over them again and again, in search of cycles that aren't
    # there: with its usual thresholds it took a quarter of the time of an unchanged run of 100,000 students.
    gc.set_threshold(50_000, 20, 50)
    config.worker_concurrency = concurrency or config.worker_concurrency
    asyncio.run(_work(config.worker_concurrency))


def _refuse_unready() -> None:
    from django.db import connection

    from rollbook import database
    from rollbook.config import config
    from rollbook.sync.models import Run

    Run.objects.exists()
    if config.production:
        database.refuse_owner(connection)
    connection.close()


async def _work(concurrency: int) -> None:
    """Keep a worker going: one that lost its database is started again, until this process is told to stop."""
    import psycopg
    from procrastinate import exceptions
    from procrastinate.contrib.django import app

    from rollbook.sync.worker import spare_slots

    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(concurrency + 4, thread_name_prefix="job"))
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, told)
    threading.Thread(target=_sweep, name="sweep", daemon=True).start()
    while not told.is_set():
        try:
            # Its own connections for fetching jobs; what tasks queue goes through Django's, in the transaction of their deed.
            connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
            async with app.with_connector(connector).open_async() as working:
                await _work_until(told, working, concurrency)
        except (
            exceptions.ConnectorException,
            psycopg.Error,
        ) as error:  # the pool's own, when it has waited for half a minute
            log.warning("the database can't be reached: %s", type(error).__name__)
        if not told.is_set():
            log.warning("the worker connects again in %s s", PAUSE_SECONDS)
            await asyncio.sleep(PAUSE_SECONDS)
    await asyncio.to_thread(spare_slots.end)
    say("Rollbook worker has ended.")


async def _work_until(told: asyncio.Event, app: "App", concurrency: int) -> None:
    """Work until told to stop, or until the database is gone. Runs in work end before this returns."""
    options: Any = {
        "concurrency": concurrency,
        "install_signal_handlers": False,
        "delete_jobs": "always",
        "fetch_job_polling_interval": 2.0,
    }
    work = asyncio.create_task(app.run_worker_async(**options))
    stop = asyncio.create_task(told.wait())
    say(
        f"Rollbook worker is ready in process {os.getpid()}: {concurrency} runs side by side. Stop it with Ctrl-C."
    )
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    work.cancel()
    await asyncio.wait({work})
    if not work.cancelled() and (error := work.exception()):
        log.warning("the worker stopped: %s", type(error).__name__)


def _stop(told: asyncio.Event) -> None:
    """Told to stop: runs hand themselves back; what can't within the grace is handed back from here, and the process ends hard."""
    from rollbook.sync import queue

    queue.stopping.set()
    told.set()
    last = threading.Timer(GRACE_SECONDS, _end_hard)
    last.daemon = True
    last.start()


def _end_hard() -> None:
    from rollbook.sync.runs import lease

    try:
        lease.hand_back_all()
    finally:
        say("Rollbook worker has ended; a run that waited for its SIS was handed back.")
        os._exit(0)


def _sweep() -> None:
    """Make rounds as long as the process lives."""
    from rollbook.config import config
    from rollbook.sync import queue
    from rollbook.sync.worker import housekeeping

    while not queue.stopping.wait(config.sweep_seconds):
        housekeeping.make()
