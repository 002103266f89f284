"""One seed: a school that lives through three weeks, with a crash in each.

Each week's run is started by its schedule and disturbed at a point that the seed chooses: at a page
that the SIS holds back, or while a locked row keeps the plan from being applied. Then every account
is compared with `tests.crash.model`, which shares no code with Rollbook.
"""

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

from rollbook.sync.models import Run
from tests.crash import model
from tests.crash.seeds.sis import Sis
from tests.crash.seeds.world import World
from tests.processes import wait_until

GRADES = [8, 9, 10, 11, 12]
AT = {"fetching": "while it reads page", "applying": "while it applies"}


class Week(NamedTuple):
    """What a seed did in one week, and how its run ended."""

    at: str
    what: str
    states: str
    seconds: float


class Trial:
    """One seed: its school, its SIS, and the accounts that are expected by now."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.seed = world, seed
        self.dice = random.Random(seed)
        self.sis = Sis(seed, self.dice.choice([80, 160, 260]))
        self.integration = world.school(f"Seed {seed}", self.sis.about, self.sis.proxy.url, GRADES)
        self.expected: model.Accounts = {}

    def play(self) -> Iterator[Week]:
        """Play the weeks one after the other."""
        for number in (1, 2, 3):
            yield self._week(number)

    def _week(self, number: int) -> Week:
        self.sis.set_week(number)
        before = self.expected
        after = model.after_a_run(before, self.sis.roster(), set(GRADES))
        changing = model.to_change(before, after)
        at = self.dice.choice(["fetching", "applying"]) if changing else "fetching"
        what = self.dice.choice(sorted(AT_FETCHING if at == "fetching" else AT_APPLYING))
        began = time.monotonic()
        with ExitStack() as healing:
            point = self._stop_at(at, changing, healing)
            run = self.world.due(self.integration)
            wait_until(lambda: self._is_stopped(run, at))
            EVENTS[what](self, run, healing)
        states = [self._end_of(run)]
        if states[-1] != "done":  # a failed run changes nothing, and the next one catches up
            accounts = self.world.accounts(self.integration)
            assert accounts == before, "a failed run changed accounts"
            states.append(self._end_of(self.world.due(self.integration)))
        self.expected = after
        self.world.check_school(self.integration, self.expected)
        self.world.check_run(run)
        assert states[-1] == "done", states
        return Week(f"{AT[at]} {point}", what, " → ".join(states), time.monotonic() - began)

    def _stop_at(self, at: str, changing: list[str], healing: ExitStack) -> str:
        """Make the coming run stop at a random point, and return a description of it."""
        if at == "fetching":
            page = self.dice.randint(1, self.sis.pages())
            self.sis.hold(page)
            healing.callback(self.sis.recover)
            return str(page)
        student = self.dice.randrange(len(changing))
        healing.enter_context(self.world.row_locked(self.integration, changing[student]))
        return f"(stopped at change {student + 1} of {len(changing)})"

    def _is_stopped(self, run: Run, at: str) -> bool:
        state = self.world.state(run)
        assert state not in {"failed", "done"}, f"over before it was disturbed: {state}"
        if at == "fetching":
            return self.sis.is_holding
        return state == "applying"

    def _end_of(self, run: Run) -> str:
        wait_until(lambda: self.world.state(run) in {"done", "failed", "on_hold"})
        return self.world.state(run)


# The crashes

Event = Callable[[Trial, Run, ExitStack], None]


def _killed(trial: Trial, run: Run, healing: ExitStack) -> None:
    trial.world.worker_of(run).end(signal.SIGKILL)
    trial.world.keep_workers()


def _killed_twice(trial: Trial, run: Run, healing: ExitStack) -> None:
    _killed(trial, run, healing)
    wait_until(lambda: trial.world.attempts(run) == 2)
    _killed(trial, run, healing)


def _told_to_end(trial: Trial, run: Run, healing: ExitStack) -> None:
    trial.world.worker_of(run).end(signal.SIGTERM)
    trial.world.keep_workers()


def _frozen(trial: Trial, run: Run, healing: ExitStack) -> None:
    """Freeze the worker until another has taken the run, then wake it."""
    worker = trial.world.worker_of(run)
    worker.process.send_signal(signal.SIGSTOP)
    healing.close()
    world = trial.world
    wait_until(lambda: world.attempts(run) > 1 or world.state(run) == "done")
    lines_before = worker.output.count(str(run.pk))
    worker.process.send_signal(signal.SIGCONT)
    # It logs that it lost the run: by then it has done all the harm it could.
    wait_until(lambda: worker.output.count(str(run.pk)) > lines_before, worker)


def _database_crashed(trial: Trial, run: Run, healing: ExitStack) -> None:
    trial.world.restart_database()


def _sessions_ended(trial: Trial, run: Run, healing: ExitStack) -> None:
    trial.world.end_sessions()


def _network_cut(trial: Trial, run: Run, healing: ExitStack) -> None:
    trial.sis.proxy.cut_all()


def _sis_restarted(trial: Trial, run: Run, healing: ExitStack) -> None:
    trial.sis.kill()
    time.sleep(trial.dice.random())  # how long it is away is part of the seed
    trial.sis.start()


def _asked_again(trial: Trial, run: Run, healing: ExitStack) -> None:
    """Request a run again and again, while both workers sweep."""
    for _ in range(20):
        assert trial.world.press(trial.integration) == run.pk, "a second run at once"


EVENTS: dict[str, Event] = {
    "worker killed": _killed,
    "worker killed twice": _killed_twice,
    "worker told to end": _told_to_end,
    "worker frozen and woken": _frozen,
    "database crashed": _database_crashed,
    "database sessions ended": _sessions_ended,
    "network cut": _network_cut,
    "SIS restarted": _sis_restarted,
    "asked for 20 times": _asked_again,
}
AT_FETCHING = set(EVENTS)
AT_APPLYING = set(EVENTS) - {"network cut", "SIS restarted"}
