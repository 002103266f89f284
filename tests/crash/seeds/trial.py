"""One seed: a school that lives through three weeks, with a crash in each.

In a week a run of the SIS falls due, or a person uploads a file. It is disturbed at a point that
the seed chooses. Then every account is compared with `tests.crash.model`, which shares no code with
Rollbook.
"""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

from rollbook.sync.models import Run
from tests.crash import model
from tests.crash.seeds import events
from tests.crash.seeds.clicks import Clicks
from tests.crash.seeds.people import upload_rows
from tests.crash.seeds.sis import VENDORS, Sis
from tests.crash.seeds.world import World
from tests.processes import wait_until

GRADES = [8, 9, 10, 11, 12]
AT = {"fetching": "while it reads page", "applying": "while it applies"}
UPLOADS, UNDONE = 0.45, 0.5  # the shares of weeks with an upload, and of those that are undone


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
        vendor = self.dice.choice(VENDORS)
        self.sis = Sis(vendor, seed, self.dice.choice([80, 160, 260]))
        self.integration = world.school(f"Seed {seed}", self.sis.connection(), GRADES)
        self.person = world.person(self.integration)
        self.expected: model.Accounts = {}
        self._closed: set[str] = set()  # by an undo
        self._uploads = 0

    def play(self) -> Iterator[Week]:
        """Play the weeks one after the other."""
        for number in (1, 2, 3):
            self.sis.set_week(number)
            began = time.monotonic()
            deed = self._upload if self.dice.random() < UPLOADS else self._sync
            at, what, states = deed(number)
            self.world.check_school(self.integration, self.expected, self._closed)
            yield Week(at, what, states, time.monotonic() - began)

    # A run of the SIS

    def _sync(self, number: int) -> tuple[str, str, str]:
        before = self.expected
        after = model.after_a_run(before, self.sis.roster(), set(GRADES))
        changing = model.to_change(before, after)
        at = self.dice.choice(["fetching", "applying"]) if changing else "fetching"
        possible = events.OF_SIS if at == "fetching" else events.OF_APPLYING
        what = self.dice.choice(sorted({*possible, *events.WORLDWIDE}))
        with ExitStack() as healing:
            point = self._stop_at(at, changing, healing)
            run = self.world.due(self.integration)
            wait_until(lambda: self._is_stopped(run, at))
            self._disturb(what, run, healing)
        states = [self._end_of(run)]
        if states[-1] != "done":  # a failed run changes nothing, and the next one catches up
            accounts = self.world.accounts(self.integration)
            assert accounts == before, "a failed run changed accounts"
            states.append(self._end_of(self.world.due(self.integration)))
        self.expected = after
        self.world.check_run(run)
        assert states[-1] == "done", states
        return f"{self.sis.vendor} {AT[at]} {point}", what, " → ".join(states)

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

    def _disturb(self, what: str, run: Run, healing: ExitStack) -> None:
        away = self.dice.random()
        events.play(what, events.Moment(self.world, self.sis, run, healing, away))

    def _end_of(self, run: Run) -> str:
        wait_until(lambda: self.world.state(run) in {"done", "failed", "on_hold"})
        return self.world.state(run)

    # An upload of a person

    def _upload(self, number: int) -> tuple[str, str, str]:
        """Upload a file and perhaps undo it. One of the steps is disturbed."""
        before = self.expected
        rows = upload_rows(self.dice, before, number)
        is_undone = self.dice.random() < UNDONE
        clicks = Clicks(
            self.world,
            self.integration,
            self.person,
            self.dice,
            disturb=self._disturb,
            is_undone=is_undone,
        )
        run = clicks.upload(f"week-{number}.csv", rows)
        self._uploads += 1
        self.expected = before | rows
        self.world.check_run(run)
        self.world.check_uploads(self.integration, self._uploads)
        self.world.check_school(self.integration, self.expected, self._closed)
        if is_undone:
            self.world.check_run(clicks.undo(run, [each for each in rows if each in before]))
            self.expected = rows | before
            self._closed |= rows.keys() - before.keys()
        return clicks.at, clicks.what, "done → undone" if is_undone else "done"
