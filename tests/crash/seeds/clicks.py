"""An upload and its undo, step by step, as a person does them. One of the steps is disturbed."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack

from rollbook.sync.models import Integration, Run, Upload
from tests.crash.model import Accounts
from tests.crash.seeds import events
from tests.crash.seeds.people import FIELDS, csv_of
from tests.crash.seeds.person import Person
from tests.crash.seeds.world import World
from tests.processes import wait_until

UPLOAD_STEPS = (
    "while the file is sent",
    "while the preview is asked for",
    "while the preview is made",
    "while it is confirmed",
    "while the upload is applied",
)
UNDO_STEPS = (
    "while the undo is asked for",
    "while the undo is confirmed",
    "while the undo is applied",
)
CLICKED = "clicked 5 times at once"
Disturb = Callable[[str, Run, ExitStack], None]


class Clicks:
    """The clicks of one week. `at` and `what` say which step is disturbed, and how."""

    def __init__(
        self,
        world: World,
        integration: Integration,
        person: Person,
        dice: random.Random,
        *,
        disturb: Disturb,
        is_undone: bool,
    ) -> None:
        self._world, self._integration, self._dice = world, integration, dice
        self._person, self._disturb = person, disturb
        self.at = dice.choice(UPLOAD_STEPS + (UNDO_STEPS if is_undone else ()))
        is_worked_on = self.at.endswith(("made", "applied"))
        possible = {*events.OF_WORKER} if is_worked_on else {CLICKED}
        self.what = dice.choice(sorted(possible | events.WORLDWIDE.keys()))

    def upload(self, file_name: str, rows: Accounts) -> Run:
        """Upload these rows and return the run that applied them."""
        world, person = self._world, self._person
        send, ask, make, confirm, apply = UPLOAD_STEPS
        locked = world.locked("schools_school", str(self._integration.school_id))
        self._click(send, lambda: person.send(file_name, csv_of(rows)), locked)
        upload = world.only(Upload, school=self._integration.school, file_name=file_name)

        def ask_for_preview() -> None:
            self._click(
                ask,
                lambda: person.ask_for_preview(upload, FIELDS),
                world.locked("sync_upload", str(upload.pk)),
            )

        def preview() -> Run:
            return world.only(Run, upload=upload)

        tables = [("students_studentaccount", "ACCESS EXCLUSIVE")]
        # In the transaction that stores rows a killed worker's session keeps the run until it gets
        # the lock: no other worker can take it to be killed as well.
        if self.what != "worker killed twice":
            tables.append(("sync_change", "EXCLUSIVE"))
        table, mode = self._dice.choice(tables)
        self._work(make, ask_for_preview, preview, world.table_locked(table, mode))
        run = preview()
        wait_until(lambda: world.state(run) == "preview")
        upload = world.only(Upload, pk=upload.pk)

        def confirm_it() -> None:
            self._click(
                confirm,
                lambda: person.confirm_upload(upload, run),
                world.locked("sync_run", str(run.pk)),
            )

        known = [sis_id for sis_id in rows if sis_id in world.accounts(self._integration)]
        self._work(apply, confirm_it, lambda: run, self._lock_of(known))
        self._wait_until_done(run)
        return run

    def undo(self, undone: Run, known: list[str]) -> Run:
        """Undo a run, which changed the known accounts, and return the undo."""
        world, person = self._world, self._person
        ask, confirm, apply = UNDO_STEPS
        locked = world.locked("sync_run", str(undone.pk))
        self._click(ask, lambda: person.ask_for_undo(undone), locked)
        undo = world.only(Run, undoes=undone)

        def confirm_it() -> None:
            self._click(
                confirm,
                lambda: person.confirm_undo(undo),
                world.locked("sync_run", str(undo.pk)),
            )

        self._work(apply, confirm_it, lambda: undo, self._lock_of(known))
        self._wait_until_done(undo)
        assert world.state(undone) == "undone"
        return undo

    def _lock_of(self, known: list[str]) -> AbstractContextManager[None]:
        """Return a lock at which applying stops: one of these accounts, or the table."""
        if known:
            return self._world.row_locked(self._integration, self._dice.choice(known))
        return self._world.table_locked("students_studentaccount", "EXCLUSIVE")

    def _click(
        self, at: str, click: Callable[[], None], lock: AbstractContextManager[None]
    ) -> None:
        """Click. If this step is to be disturbed, that happens while web waits for a lock."""
        if at != self.at:
            click()
            return
        with ThreadPoolExecutor(5) as people, ExitStack() as healing:
            healing.enter_context(lock)
            clicked = [people.submit(click)]
            wait_until(lambda: clicked[0].done() or self._world.waits_for_lock())
            assert not clicked[0].done(), "the click did not wait for the lock"
            if self.what == CLICKED:
                clicked += [people.submit(click) for _ in range(4)]
            else:
                events.WORLDWIDE[self.what](self._world)
        for each in clicked:
            each.result()

    def _work(
        self,
        at: str,
        ask: Callable[[], None],
        asked: Callable[[], Run],
        lock: AbstractContextManager[None],
    ) -> None:
        """Ask a worker for a run. If this step is to be disturbed, that happens at a lock."""
        state = "applying" if at.endswith("applied") else "fetching"
        if at != self.at:
            ask()
            return
        with ExitStack() as healing:
            healing.enter_context(lock)
            ask()
            run = asked()
            wait_until(lambda: self._world.state(run) == state and self._world.waits_for_lock())
            self._disturb(self.what, run, healing)

    def _wait_until_done(self, run: Run) -> None:
        wait_until(lambda: self._world.state(run) in {"done", "failed"})
        assert self._world.state(run) == "done", run.error_what
