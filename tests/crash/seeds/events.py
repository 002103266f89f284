"""What can happen to a run, or to a click of a person, at the point where it is stopped."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from rollbook.sync.models import Run
from tests.crash.seeds.sis import Sis
from tests.crash.seeds.world import World
from tests.processes import wait_until


class Moment(NamedTuple):
    """A stopped run. Closing `healing` lets it go on; `away` is how long the SIS is away."""

    world: World
    sis: Sis
    run: Run
    healing: ExitStack
    away: float


def _killed(moment: Moment) -> None:
    moment.world.worker_of(moment.run).end(signal.SIGKILL)
    moment.world.keep_workers()


def _killed_twice(moment: Moment) -> None:
    attempts = moment.world.attempts(moment.run)
    _killed(moment)
    wait_until(lambda: moment.world.attempts(moment.run) > attempts)
    _killed(moment)


def _told_to_end(moment: Moment) -> None:
    moment.world.worker_of(moment.run).end(signal.SIGTERM)
    moment.world.keep_workers()


def _frozen(moment: Moment) -> None:
    """Freeze the worker until another has taken the run, then wake it."""
    world, run = moment.world, moment.run
    attempts = world.attempts(run)
    worker = world.worker_of(run)
    worker.process.send_signal(signal.SIGSTOP)
    moment.healing.close()
    over = {"done", "preview"}
    wait_until(lambda: world.attempts(run) > attempts or world.state(run) in over)
    lines_before = worker.output.count(str(run.pk))
    worker.process.send_signal(signal.SIGCONT)
    # It logs that it lost the run: by then it has done all the harm it could.
    wait_until(lambda: worker.output.count(str(run.pk)) > lines_before, worker)


def _network_cut(moment: Moment) -> None:
    moment.sis.proxy.cut_all()


def _sis_restarted(moment: Moment) -> None:
    moment.sis.kill()
    time.sleep(moment.away)
    moment.sis.start()


def _asked_again(moment: Moment) -> None:
    """Request a run again and again, while both workers sweep."""
    assert moment.run.integration
    for _ in range(20):
        pressed = moment.world.press(moment.run.integration)
        assert pressed == moment.run.pk, "a second run at once"


WORLDWIDE: dict[str, Callable[[World], None]] = {
    "web killed": World.kill_web,
    "database crashed": World.restart_database,
    "database sessions ended": World.end_sessions,
}
OF_WORKER: dict[str, Callable[[Moment], None]] = {
    "worker killed": _killed,
    "worker killed twice": _killed_twice,
    "worker told to end": _told_to_end,
    "worker frozen and woken": _frozen,
}
OF_APPLYING = OF_WORKER | {"asked for 20 times": _asked_again}
OF_SIS = OF_APPLYING | {"network cut": _network_cut, "SIS restarted": _sis_restarted}


def play(what: str, moment: Moment) -> None:
    """Let it happen."""
    if what in WORLDWIDE:
        WORLDWIDE[what](moment.world)
    else:
        OF_SIS[what](moment)
