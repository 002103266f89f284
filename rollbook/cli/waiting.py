"""Waits for a run and shows its progress. It never waits forever for a run without a worker.

What only --here or a terminal needs is imported there: together it takes 20 ms.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import NamedTuple, Protocol

import click
from django.db import connections
from django.db.models.functions import Now

from rollbook.cli.exit_codes import Exit
from rollbook.cli.options import Decorator
from rollbook.cli.output import Refusal, say
from rollbook.schools.models import School
from rollbook.sync import queue
from rollbook.sync.models import Run, RunState
from rollbook.sync.words.sources import uploader_type

LOOK_SECONDS = 0.3
# How long to wait without a worker. One that is just starting needs some seconds to be seen.
WORKER_SECONDS = 8.0


class Waiting(NamedTuple):
    """How a command waits for its run: not at all, doing the run itself, or up to a time."""

    no_wait: bool = False
    here: bool = False
    timeout: float | None = None


here_option: Decorator = click.option(
    "--here", is_flag=True, help="Do the run in this process. No worker is needed."
)
timeout_option: Decorator = click.option(
    "--timeout",
    type=float,
    default=None,
    metavar="SECONDS",
    help="Stop waiting after this time. The run continues.",
)


class ProgressView(Protocol):
    """Shows how far a run is."""

    def show(self, run: Run) -> None: ...


def wait_for(run: Run, waiting: Waiting) -> None:
    """Return when the run has ended or is on hold.

    Raises a Refusal if no worker is alive, or when the time is up; the run stays as it is.
    """
    here = _done_here(run) if waiting.here else nullcontext(_nobody)
    with here as works_here, _progress() as progress:
        _wait(run, waiting.timeout, progress, works_here)


def _nobody() -> bool:
    return False


def _wait(
    run: Run, timeout: float | None, progress: ProgressView, works_here: Callable[[], bool]
) -> None:
    started = worker_seen = time.monotonic()
    while True:
        # Asked before the state is read: a look can take seconds on a busy machine.
        is_working_here = works_here()
        try:
            run.refresh_from_db()
        except Run.DoesNotExist as gone:
            raise _gone(run) from gone
        progress.show(run)
        if not run.is_active or run.state == RunState.ON_HOLD:
            return
        now = time.monotonic()
        if is_working_here or (
            now - worker_seen > 1 and (_has_lease(run) or queue.workers_alive())
        ):
            worker_seen = now
        if now - worker_seen > WORKER_SECONDS:
            raise Refusal(
                Exit.NOT_READY,
                "no_worker",
                f"Run {run.pk} is waiting, but no worker is running.",
                "Start one with `rollbook worker`; it takes this run. "
                "Or use the same command with --here.",
            )
        if timeout is not None and now - started > timeout:
            raise Refusal(
                Exit.STILL_RUNNING,
                "still_running",
                f"Run {run.pk} is still running; it continues.",
                f"Look again: rollbook runs --run {run.pk}",
            )
        time.sleep(LOOK_SECONDS)


def _gone(run: Run) -> Refusal:
    """Return the refusal for a run that was deleted while it was waited for."""
    if not School.objects.filter(pk=run.school_id).exists():
        return Refusal(
            Exit.REFUSED,
            "school_deleted",
            f"The school was deleted while the run {run.pk} was at work.",
            "`rollbook audit` shows who deleted it, and when all is gone.",
        )
    return Refusal(
        Exit.REFUSED,
        "preview_discarded",
        f"Somebody discarded the preview {run.pk} while it was made. No account was changed.",
        "If that was a mistake, upload the file again.",
    )


def _has_lease(run: Run) -> bool:
    """Return whether a worker works on this run now."""
    return Run.objects.filter(pk=run.pk, lease_until__gte=Now()).exists()


@contextmanager
def _done_here(run: Run) -> Iterator[Callable[[], bool]]:
    """Do the run in a thread of this process. When interrupted, the run is handed back.

    Gives a function that says whether the thread is still at work.
    """

    def work() -> None:
        try:
            import_module("rollbook.sync.pipeline").run_sync(run.pk)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work, name="run")
    thread.start()
    try:
        yield thread.is_alive
    except BaseException:
        queue.stopping.set()
        raise
    finally:
        thread.join()


class _Lines:
    """Progress for a log: one line for each state."""

    def __init__(self) -> None:
        self._state = ""

    def show(self, run: Run) -> None:
        if run.state != self._state:
            self._state = run.state
            say(f"{uploader_type(run)}: {run.get_state_display()}")


@contextmanager
def _progress() -> Iterator[ProgressView]:
    if not sys.stderr.isatty():
        yield _Lines()
        return
    bar = import_module("rollbook.cli.progress_bar").ProgressBar()
    with bar.progress:
        yield bar
