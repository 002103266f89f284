"""Waits for a run and shows how far it is; never for ever: a run that nobody works on is told, not waited for."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.models.functions import Now
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from rollbook.cli.answers import Refusal, say
from rollbook.cli.exit_codes import Exit
from rollbook.sync import pipeline, queue
from rollbook.sync.models import Run, RunState
from rollbook.sync.words.sources import uploader_type

LOOK_SECONDS = 0.3
PATIENCE_SECONDS = 8.0  # without a worker: one that starts just now needs some seconds to be seen


def wait_for(run: Run, timeout: float | None) -> None:
    """Come back when the run has ended or rests on hold. Raises Refusal without a worker, or when the time is up."""
    started = heard = time.monotonic()
    with _bar() as bar:
        while True:
            run.refresh_from_db()
            bar.show(run)
            if not run.is_active or run.state == RunState.ON_HOLD:
                return
            now = time.monotonic()
            if now - heard > 1:
                heard = now if _worked_on(run) or queue.workers_alive() else heard
            if now - heard > PATIENCE_SECONDS:
                remedy = "Start one with `rollbook worker`: it goes on with this run. Or give the same command with --here."
                raise Refusal(
                    Exit.NOT_READY,
                    "no_worker",
                    f"Run {run.pk} is waiting, and no worker is alive to work on it.",
                    remedy,
                )
            if timeout is not None and now - started > timeout:
                raise Refusal(
                    Exit.STILL_RUNNING,
                    "still_running",
                    f"Run {run.pk} goes on.",
                    f"Look again: rollbook runs --run {run.pk}",
                )
            time.sleep(LOOK_SECONDS)


def _worked_on(run: Run) -> bool:
    return type(run).objects.filter(pk=run.pk, lease_until__gte=Now()).exists()


@contextmanager
def worked_on_here(run: Run) -> Iterator[None]:
    """Do the run in a thread of this process, for as long as somebody waits for it. Interrupted, it is handed back."""

    def work() -> None:
        try:
            pipeline.run_sync(run.pk)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work, name="run")
    thread.start()
    try:
        yield
    except BaseException:
        queue.stopping.set()
        raise
    finally:
        thread.join()


class _Lines:
    """For a log: one line for each state."""

    def __init__(self) -> None:
        self._said = ""

    def show(self, run: Run) -> None:
        if run.state != self._said:
            self._said = run.state
            say(f"{uploader_type(run)}: {run.get_state_display()}")


class _Bar:
    """For a person at a terminal."""

    def __init__(self) -> None:
        texts = TextColumn("{task.description}"), TextColumn("{task.fields[students]}")
        self.progress = Progress(
            texts[0],
            BarColumn(),
            TaskProgressColumn(),
            texts[1],
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._task = self.progress.add_task("Waiting", total=None, students="")

    def show(self, run: Run) -> None:
        students = f"{run.students_done:,} students" if run.students_done else ""
        total, done = (
            (run.students_total, run.students_done)
            if run.students_total
            else (run.pages_total, run.pages_done)
        )
        self.progress.update(
            self._task,
            description=run.get_state_display(),
            total=total,
            completed=done,
            students=students,
        )


@contextmanager
def _bar() -> Iterator[_Lines | _Bar]:
    if not sys.stderr.isatty():
        yield _Lines()
        return
    bar = _Bar()
    with bar.progress:
        yield bar
