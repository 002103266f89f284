"""The installation that the seeded crashes happen to: PostgreSQL, web and workers as processes."""

import itertools
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import timedelta
from http.client import HTTPException
from operator import itemgetter
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID

import psycopg
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.models import Count, Model
from django.utils import timezone

from rollbook.config import Config, config
from rollbook.schools.models import School
from rollbook.students.models import StudentAccount
from rollbook.sync.models import (
    Change,
    Integration,
    Notice,
    Run,
    RunState,
    Schedule,
    Trigger,
    Upload,
    UploadState,
)
from rollbook.sync.runs import requests
from rollbook.sync.setup import integrations, schedules
from tests import database
from tests.crash.cluster import Cluster
from tests.crash.model import Accounts
from tests.crash.seeds import FOLDER
from tests.crash.seeds.person import Person, session_of
from tests.crash.seeds.settings import SETTINGS
from tests.processes import Started, rollbook, wait_until, web, worker_is_ready

T = TypeVar("T")
Row = TypeVar("Row", bound=Model)
WORKERS = 2


class World:
    """Two workers, web and a database. Each question to the database waits until it is back."""

    def __init__(self, settings: Mapping[str, str] = SETTINGS, web_processes: int = 1) -> None:
        self._settings, self._ending = settings, ExitStack()
        self._web_processes = web_processes
        self._numbers = itertools.count(1)
        self.workers: list[Started] = []
        self.page = "/sign-in/"
        # A session of nobody: it is looked up in the database, so that its absence shows.
        self.headers = {"Cookie": "sessionid=0123456789abcdef0123456789abcdef"}
        self._statuses: Counter[int] = Counter()
        self.waits: list[float] = []  # seconds of each answer of web
        self._over, self._web_is_away = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        self.cluster = Cluster(FOLDER / "database")
        self._ending.callback(self.cluster.remove)
        database.use(self.cluster.url)
        config.database_url = Config().database_url  # it was read before there was an address
        call_command("migrate", database="owner", verbosity=0)
        database.let_app_sign_in(self.cluster.url)
        self._start_web()
        threading.Thread(target=self._browse, daemon=True).start()
        self.keep_workers()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for worker in self.workers:
            worker.process.send_signal(signal.SIGCONT)
            worker.end(signal.SIGKILL)
        self._ending.close()

    # Web

    def _start_web(self) -> None:
        log = FOLDER / f"web-{next(self._numbers)}.log"
        processes = str(self._web_processes)
        self._web = self._ending.enter_context(web("--processes", processes, log=log))
        self.url = self._web.url

    def kill_web(self) -> None:
        """Kill all processes of web at once and start it again, at another address."""
        self._web_is_away.set()
        for pid in [self._web.pid, *children_of(self._web.pid)]:
            os.kill(pid, signal.SIGKILL)
        self._web.process.wait()
        self._start_web()
        self._web_is_away.clear()

    def _browse(self) -> None:
        """Look at a page three times a second until the end, and count the answers.

        No answer isn't counted while web is killed.
        """
        while not self._over.wait(0.3):
            address = self.url + self.page
            began = time.monotonic()
            try:
                with urlopen(Request(address, headers=self.headers), timeout=20) as answer:
                    self._statuses[answer.status if answer.url == address else 302] += 1
            except HTTPError as error:
                self._statuses[error.code] += 1
            except (OSError, HTTPException):
                if not self._web_is_away.is_set() and address.startswith(self.url):
                    self._statuses[0] += 1
            self.waits.append(time.monotonic() - began)

    def web_answers(self) -> dict[int, int]:
        """Return how often web answered with each status; 0 is no answer."""
        return dict(self._statuses)

    # Workers

    def keep_workers(self) -> None:
        """Start workers until there are as many as there should be."""
        self.workers = [worker for worker in self.workers if worker.process.poll() is None]
        while len(self.workers) < WORKERS:
            log = FOLDER / f"worker-{next(self._numbers)}.log"
            starting = rollbook("worker", log=log, ready=worker_is_ready, **self._settings)
            self.workers.append(self._ending.enter_context(starting))

    def repair(self) -> None:
        """Wake and replace workers after a seed that went wrong."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGCONT)
        self.keep_workers()

    def worker_of(self, run: Run) -> Started:
        """Return the worker that claimed this run last; it logs the claim a moment later.

        A preview that was confirmed is claimed again as planned, and its tries begin anew.
        """
        claims: list[tuple[str, Started]] = []

        def look() -> bool:
            states = ".*"
            if run.is_upload or run.is_undo:
                states = "fetching" if self.state(run) == "fetching" else "planned|applying"
            attempts = self.attempts(run)
            claim = re.compile(f"run {run.pk}: claimed as ({states}), try {attempts}$")
            for worker in self.workers:
                lines = worker.output.splitlines()
                claims.extend((line, worker) for line in lines if claim.search(line))
            return bool(claims)

        wait_until(look)
        return max(claims, key=itemgetter(0))[1]  # a line begins with its time

    # The database

    def restart_database(self) -> None:
        self.cluster.restart()

    def end_sessions(self) -> None:
        """End every session of the database but that of `row_locked`."""
        admin = self.cluster.url.replace("rollbook_owner", "postgres", 1)
        with psycopg.connect(admin, autocommit=True) as session:
            session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'rollbook' "
                "AND pid <> pg_backend_pid() AND application_name <> 'row locked'"
            )

    def row_locked(self, integration: Integration, sis_id: str) -> AbstractContextManager[None]:
        """Lock the row of one account, so that applying waits for it."""
        return self._holding(
            "SELECT 1 FROM students_studentaccount WHERE school_id = %s AND sis_id = %s FOR UPDATE",
            [integration.school_id, sis_id],
        )

    def locked(self, table: str, row: str) -> AbstractContextManager[None]:
        """Lock one row, by its id."""
        return self._holding(f"SELECT 1 FROM {table} WHERE id = %s FOR UPDATE", [row])

    def table_locked(self, table: str, mode: str) -> AbstractContextManager[None]:
        """Lock a table."""
        return self._holding(f"LOCK TABLE {table} IN {mode} MODE", [])

    @contextmanager
    def _holding(self, statement: str, parameters: Sequence[Any]) -> Iterator[None]:
        across = "-c rollbook.installation=on"
        with psycopg.connect(
            self.cluster.url, application_name="row locked", options=across
        ) as session:
            session.execute(statement.encode(), parameters)
            try:
                yield
            finally:
                # Where the database went away, nothing is locked any more.
                with suppress(psycopg.OperationalError):
                    session.rollback()

    def waits_for_lock(self) -> bool:
        """Whether some session waits for a lock."""
        with psycopg.connect(self.cluster.url, application_name="row locked") as session:
            waiting = session.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
            return waiting.fetchone() is not None

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Return the answer of the database, once it is there to give one."""
        answers: list[T] = []

        def try_it() -> bool:
            try:
                answers.append(ask())
            except DatabaseError:
                connection.close()
                return False
            return True

        wait_until(try_it)
        return answers[0]

    # Schools and runs

    def school(self, name: str, connection: dict[str, Any], grades: list[int]) -> Integration:
        """Make a school that is connected to a SIS, with a schedule."""

        def make() -> Integration:
            settings = integrations.ConnectionSettings(
                **connection,
                choices={},
                grades=grades,
                active=True,
                test_run=False,
                notify_on_errors=True,
            )
            school = School.objects.create(name=name)
            integration = integrations.save_connection(school, None, settings)
            schedules.ensure(integration)
            return integration

        return self._patiently(make)

    def person(self, integration: Integration) -> Person:
        """Return a person who is signed in at the school of this integration."""
        school = integration.school
        session = self._patiently(lambda: session_of(school))
        return Person(school, session, lambda: self.url)

    def only(self, model: type[Row], **filters: Any) -> Row:
        """Return the one row that these filters find. Assert that there is exactly one."""
        rows = self._patiently(lambda: list(model._default_manager.filter(**filters)))
        assert len(rows) == 1, f"{len(rows)} of {model.__name__} instead of one"
        return rows[0]

    def due(self, integration: Integration) -> Run:
        """Let the schedule fall due, and return the run that a worker starts for it."""
        due_at = timezone.now() - timedelta(seconds=1)
        schedule = Schedule.objects.filter(integration=integration)
        self._patiently(lambda: schedule.update(enabled=True, next_due_at=due_at))
        started = Run.objects.filter(integration=integration, due_at=due_at)
        wait_until(lambda: self._patiently(started.exists))
        return self._patiently(started.get)

    def press(self, integration: Integration) -> UUID:
        """Request a run as a person does; return the id of the run."""
        return requests.request(integration, trigger=Trigger.PERSON).run.pk

    def state(self, run: Run) -> str:
        return str(self._refreshed(run).state)

    def attempts(self, run: Run) -> int:
        return self._refreshed(run).attempts

    def _refreshed(self, run: Run) -> Run:
        self._patiently(run.refresh_from_db)
        return run

    # Comparing with the model

    def accounts(self, integration: Integration) -> Accounts:
        """Return the accounts of a school in the form of the model."""

        def read() -> Accounts:
            accounts = StudentAccount.objects.filter(school_id=integration.school_id)
            rows = accounts.values_list(
                "sis_id",
                "email",
                "first_name",
                "last_name",
                "graduation_year",
                "birth_date",
                "gender",
            )
            return {
                sis_id or "": (email, first, last, year or 0, str(birth or ""), gender or "")
                for sis_id, email, first, last, year, birth, gender in rows
            }

        return self._patiently(read)

    def check_school(
        self, integration: Integration, expected: Accounts, closed: Set[str] = frozenset()
    ) -> None:
        """Assert that the accounts are those of the model, and no others.

        `closed` are those that an undo has deactivated. People of uploads are open otherwise.
        """
        actual = self.accounts(integration)
        different = sorted(
            sis_id
            for sis_id in actual.keys() | expected.keys()
            if actual.get(sis_id) != expected.get(sis_id)
        )
        first = [(sis_id, actual.get(sis_id), expected.get(sis_id)) for sis_id in different[:2]]
        assert not different, f"{len(different)} accounts differ from the model: {first}"
        accounts = StudentAccount.objects.filter(school_id=integration.school_id)
        count = accounts.count()
        assert count == len(expected), f"{count} accounts, {len(expected)} expected"
        deactivated = accounts.filter(source="", status="deactivated")
        sis_ids = {sis_id or "" for sis_id in deactivated.values_list("sis_id", flat=True)}
        assert sis_ids == closed, f"closed, but not by an undo: {sorted(sis_ids ^ closed)[:5]}"

    def check_uploads(self, integration: Integration, number: int) -> None:
        """Assert that so many uploads were confirmed, and each was applied exactly once."""
        uploads = Upload.objects.filter(school_id=integration.school_id)
        assert not uploads.exclude(state=UploadState.CONFIRMED).exists(), "a draft is left over"
        runs = Run.objects.filter(school_id=integration.school_id, trigger=Trigger.UPLOAD)
        states = sorted(self._patiently(lambda: list(runs.values_list("state", flat=True))))
        over = {RunState.DONE, RunState.UNDONE}
        assert uploads.count() == len(states) == number and over >= set(states), states

    def check_run(self, run: Run) -> None:
        """Assert: one run for its due time, no change or mail twice, no row overtaken."""
        if run.due_at is not None:
            assert Run.objects.filter(integration=run.integration, due_at=run.due_at).count() == 1
        changes = Change.objects.filter(run=run).values("account_id")
        doubled = changes.annotate(times=Count("id")).filter(times__gt=1)
        assert not doubled.exists(), "a change exists twice"
        mails = Notice.objects.filter(run=run).values("user")
        assert not mails.annotate(times=Count("id")).filter(times__gt=1).exists()
        assert not self._refreshed(run).counts.get("overtaken"), "rows were overtaken"


def children_of(pid: int) -> list[int]:
    """Return the ids of the processes that this one has started."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
