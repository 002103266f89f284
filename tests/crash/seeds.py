"""Seeded crashes of a whole installation: `python -m tests.crash.seeds --seeds 30`.

Real processes throughout: PostgreSQL, two workers, web, a PowerSchool, and a proxy on the way to it. Each seed is a school of its own
that lives through three weeks. Each week's run is started by its schedule and disturbed at a point that the seed chooses: at a page that
the SIS holds back, or while a locked row keeps the plan from being applied. Then every account is compared with `model`, which shares no
code with Rollbook.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.request import Request, urlopen

import psycopg

from tests.crash import model
from tests.crash.world import World
from tests.processes import free_port, wait_until
from tests.proxy import Proxy

if TYPE_CHECKING:
    from rollbook.sync.models import Run

WITHIN = 120.0  # the promise: final, or running again
GRADES = [8, 9, 10, 11, 12]
PAGE = 20
AT = {"fetching": "while it reads page", "applying": "while it applies"}


class Sis:
    """A made-up PowerSchool in a process of its own, reached through a proxy."""

    def __init__(self, seed: int, students: int) -> None:
        self._port = free_port()
        self._command = [
            sys.executable, "-m", "rollbook.standins", "powerschool", "--port", str(self._port), "--seed", str(seed),
            "--students", str(students), "--page-size-max", str(PAGE), "--clean",
        ]  # fmt: skip
        self._week = 1
        self.start()
        self.proxy = Proxy(self.about["url"])

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*self._command, "--week", str(self._week)],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        assert self._process.stdout
        self.about = json.loads(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        self.proxy.__exit__()
        self.kill()
        assert self._process.stdout
        self._process.stdout.close()

    def ask(self, what: str, **body: Any) -> Any:
        return self._ask(what, body or None)

    def _ask(self, what: str, body: Any) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        with urlopen(
            Request(f"{self.about['url']}/_standin/{what}", data=sent), timeout=20
        ) as answer:
            return json.load(answer)

    def set_week(self, week: int) -> None:
        self._week = week
        self.ask("week", week=week)

    def hold(self, page: int) -> None:
        self._ask("faults", [{"kind": "hold", "page": page, "release": "page"}])

    def well(self) -> None:
        self._ask("faults", [])

    @property
    def is_holding(self) -> bool:
        return bool(self.ask("requests")["holding"])

    def roster(self) -> list[dict[str, Any]]:
        students: list[dict[str, Any]] = self.ask("roster")["students"]
        return students


class Week(NamedTuple):
    """What a seed does in one week, and what came of it."""

    at: str
    what: str
    states: str
    seconds: float


class Trial:
    """One seed: its school, its SIS, and what has to be held by now."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.seed = world, seed
        self.dice = random.Random(seed)
        self.sis = Sis(seed, self.dice.choice([80, 160, 260]))
        self.integration = world.school(f"Seed {seed}", self.sis.about, self.sis.proxy.url, GRADES)
        self.expected: model.Held = {}

    def play(self) -> Iterator[Week]:
        for number in (1, 2, 3):
            yield self._week(number)

    def _week(self, number: int) -> Week:
        self.sis.set_week(number)
        before, after = (
            self.expected,
            model.after_a_run(self.expected, self.sis.roster(), set(GRADES)),
        )
        at = (
            self.dice.choice(["fetching", "applying"])
            if model.to_change(before, after)
            else "fetching"
        )
        what = self.dice.choice(sorted(AT_FETCHING if at == "fetching" else AT_APPLYING))
        began = time.monotonic()
        with ExitStack() as healing:
            point = self._stopped_at(at, model.to_change(before, after), healing)
            run = self.world.due(self.integration)
            wait_until(lambda: self._is_there(run, at), seconds=60)
            EVENTS[what](self, run, healing)
        states = [self._ended(run)]
        if (
            states[-1] != "done"
        ):  # after a run that failed nothing is changed, and the next one makes good
            assert self.world.held(self.integration) == before, "a failed run changed accounts"
            states.append(self._ended(self.world.due(self.integration)))
        self.expected = after
        self._compare(run)
        assert states[-1] == "done", states
        return Week(f"{AT[at]} {point}", what, " → ".join(states), time.monotonic() - began)

    def _stopped_at(self, at: str, changing: list[str], healing: ExitStack) -> str:
        """Make the coming run stop at a point that the dice choose."""
        if at == "fetching":
            pages = -(-sum(each["enroll_status"] == 0 for each in self.sis.roster()) // PAGE)
            page = self.dice.randint(1, pages)
            self.sis.hold(page)
            healing.callback(self.sis.well)
            return str(page)
        student = self.dice.randrange(len(changing))
        healing.enter_context(self.world.row_held(self.integration, changing[student]))
        return f"(stopped at change {student + 1} of {len(changing)})"

    def _is_there(self, run: "Run", at: str) -> bool:
        state = self.world.state(run)
        assert state not in {"failed", "done"}, f"over before it was disturbed: {state}"
        if at == "fetching":
            return self.sis.is_holding
        return state == "applying"

    def _ended(self, run: "Run") -> str:
        wait_until(lambda: self.world.state(run) in {"done", "failed", "on_hold"}, seconds=WITHIN)
        return self.world.state(run)

    def _compare(self, run: "Run") -> None:
        self.world.check_school(self.integration, self.expected)
        self.world.check_run(run)


# What is done to it -------------------------------------------------------------------------------------------------

Event = Callable[[Trial, "Run", ExitStack], None]


def _killed(trial: Trial, run: "Run", healing: ExitStack) -> None:
    trial.world.worker_of(run).end(signal.SIGKILL)
    trial.world.keep_workers()


def _killed_twice(trial: Trial, run: "Run", healing: ExitStack) -> None:
    _killed(trial, run, healing)
    wait_until(lambda: trial.world.attempts(run) == 2, seconds=WITHIN)
    _killed(trial, run, healing)


def _told_to_end(trial: Trial, run: "Run", healing: ExitStack) -> None:
    trial.world.worker_of(run).end(signal.SIGTERM)
    trial.world.keep_workers()


def _frozen(trial: Trial, run: "Run", healing: ExitStack) -> None:
    """Its worker sleeps until another has the run, then wakes as a zombie."""
    worker = trial.world.worker_of(run)
    worker.process.send_signal(signal.SIGSTOP)
    healing.close()
    wait_until(
        lambda: trial.world.attempts(run) > 1 or trial.world.state(run) == "done", seconds=WITHIN
    )
    trial.world.state(run)
    worker.process.send_signal(signal.SIGCONT)
    time.sleep(1)


def _database_crashed(trial: Trial, run: "Run", healing: ExitStack) -> None:
    trial.world.restart_database()


def _sessions_ended(trial: Trial, run: "Run", healing: ExitStack) -> None:
    trial.world.end_sessions()


def _network_cut(trial: Trial, run: "Run", healing: ExitStack) -> None:
    trial.sis.proxy.cut_all()


def _sis_restarted(trial: Trial, run: "Run", healing: ExitStack) -> None:
    trial.sis.kill()
    time.sleep(trial.dice.random())
    trial.sis.start()


def _asked_again(trial: Trial, run: "Run", healing: ExitStack) -> None:
    """Somebody presses the button again and again, and both workers make their rounds."""
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


@contextmanager
def ended(trial: Trial) -> Iterator[None]:
    try:
        yield
    finally:
        trial.sis.end()


def main() -> int:
    """Play the seeds, print a line for each week, write the table where one is asked for. Exit code 1 if one went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=30, help="how many")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--table", type=Path, help="append the rows of a table to this file")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    wrong = 0
    with (
        tempfile.TemporaryDirectory(prefix="rollbook-crash-") as folder,
        World(Path(folder)) as world,
    ):
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            rows: list[str] = []
            try:
                trial = Trial(world, seed)
                with ended(trial):
                    for week in trial.play():
                        rows.append(
                            f"| {seed} | {week.at} | {week.what} | {week.states} | {week.seconds:.0f} s |"
                        )
                result = "right"
            except (AssertionError, OSError, psycopg.Error) as error:
                wrong += 1
                result = f"WRONG: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
                traceback.print_exc()
                world.mend()
            lines = "\n".join([*rows, f"| {seed} | | | **{result}** | |"])
            sys.stdout.write(lines + "\n")
            sys.stdout.flush()
            if arguments.table:
                with arguments.table.open("a") as table:
                    table.write(lines + "\n")
        web = world.web_answers()
        sys.stdout.write(f"{arguments.seeds} seeds, {wrong} wrong; web answered {web}\n")
        if set(web) - {200, 503}:
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
