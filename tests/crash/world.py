"""The installation that the seeded crashes happen to: PostgreSQL, web and workers as processes, looked at through the database."""

import itertools
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID

import psycopg

from tests.crash.cluster import Cluster
from tests.crash.model import Held
from tests.processes import Started, answers, free_port, rollbook, wait_until

if TYPE_CHECKING:
    from rollbook.sync.models import Integration, Run

T = TypeVar("T")
SOON = {"ROLLBOOK_LEASE_SECONDS": "5", "ROLLBOOK_SWEEP_SECONDS": "1"}
WORKERS = 2


class World:
    """Two workers, web and a database. Everything that is asked of the database waits for it to be back."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = SOON) -> None:
        self._folder, self._settings, self._ending = folder, settings, ExitStack()
        self._numbers = itertools.count(1)
        self.workers: list[Started] = []
        self.looked_at = "/sign-in/"
        self.as_whom = {
            "Cookie": "sessionid=0123456789abcdef0123456789abcdef"
        }  # looked up in the database, so that its absence shows
        self._statuses: Counter[int] = Counter()
        self.waits: list[float] = []  # seconds of each answer of web
        self._over = threading.Event()

    def __enter__(self) -> Self:
        runtime = self._folder / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ |= {
            "XDG_RUNTIME_DIR": str(runtime),
            "ROLLBOOK_DATA_DIR": str(self._folder),
            "DJANGO_SETTINGS_MODULE": "rollbook.settings",
        }
        os.environ.pop("DATABASE_OWNER_URL", None)
        os.environ["DATABASE_URL"] = "postgresql:///not-started"
        self.cluster = Cluster(self._folder / "database")
        self._ending.callback(self.cluster.remove)
        os.environ["DATABASE_URL"] = self.cluster.url
        import django
        from django.core.management import call_command

        from rollbook.config import Config, config

        config.database_url = Config().database_url  # it was read before there was an address

        django.setup()
        call_command("migrate", database="owner", verbosity=0)
        self._start_web()
        self.keep_workers()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for worker in self.workers:
            worker.process.send_signal(signal.SIGCONT)
            worker.end(signal.SIGKILL)
        self._ending.close()

    def _start_web(self) -> None:
        port = free_port()
        url, log = f"http://127.0.0.1:{port}", self._folder / "web.log"
        settings = {"ROLLBOOK_PUBLIC_URL": url}
        started = rollbook(
            "web",
            "--port",
            str(port),
            "--processes",
            "1",
            log=log,
            url=url,
            ready=lambda _: answers(port),
            **settings,
        )
        self._ending.enter_context(started)
        threading.Thread(target=self._browse, args=(url,), daemon=True).start()

    def _browse(self, url: str) -> None:
        """Somebody looks at a page three times a second, all the while."""
        while not self._over.wait(0.3):
            began = time.monotonic()
            try:
                with urlopen(
                    Request(url + self.looked_at, headers=self.as_whom), timeout=20
                ) as answer:
                    self._statuses[
                        answer.status if answer.url == url + self.looked_at else 302
                    ] += 1
            except HTTPError as error:
                self._statuses[error.code] += 1
            except OSError:
                self._statuses[0] += 1
            self.waits.append(time.monotonic() - began)

    def web_answers(self) -> dict[int, int]:
        """How often which status was seen; 0 is no answer at all."""
        return dict(self._statuses)

    def keep_workers(self) -> None:
        """Start as many as there should be."""
        self.workers = [worker for worker in self.workers if worker.process.poll() is None]
        while len(self.workers) < WORKERS:
            log = self._folder / f"worker-{next(self._numbers)}.log"
            starting = rollbook(
                "worker",
                log=log,
                ready=lambda started: "worker is ready" in started.output,
                **self._settings,
            )
            self.workers.append(self._ending.enter_context(starting))

    def mend(self) -> None:
        """After a seed that went wrong: nobody sleeps, everybody is there."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGCONT)
        self.keep_workers()

    def worker_of(self, run: "Run") -> Started:
        """The worker that claimed this run last. It says so a moment after it has claimed."""
        found: list[Started] = []

        def look() -> bool:
            attempt = f"try {self.attempts(run)}"
            claimed = [
                each
                for each in self.workers
                if any(str(run.pk) in line and attempt in line for line in each.output.splitlines())
            ]
            found.extend(claimed[-1:])
            return bool(found)

        wait_until(look, seconds=20)
        return found[0]

    # The database ---------------------------------------------------------------------------------------------------

    def restart_database(self) -> None:
        self.cluster.restart()

    def end_sessions(self) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'rollbook' AND pid <> pg_backend_pid() "
                "AND application_name <> 'row held'"
            )

    @property
    def _admin(self) -> str:
        return self.cluster.url.replace("rollbook_owner", "postgres", 1)

    @contextmanager
    def row_held(self, integration: "Integration", sis_id: str) -> Iterator[None]:
        """Somebody else holds the row of one account, so that applying waits."""
        with psycopg.connect(self.cluster.url, application_name="row held") as connection:
            connection.execute(
                "SELECT 1 FROM students_studentaccount WHERE school_id = %s AND sis_id = %s FOR UPDATE",
                [integration.school_id, sis_id],
            )
            try:
                yield
            finally:
                with suppress(
                    psycopg.OperationalError
                ):  # the database went away: nothing is locked any more
                    connection.rollback()

    def _patiently(self, ask: Callable[[], T]) -> T:
        from django.db import DatabaseError, connection

        deadline = time.monotonic() + 30
        while True:
            try:
                return ask()
            except DatabaseError:
                connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    # The school -----------------------------------------------------------------------------------------------------

    def school(
        self, name: str, about: dict[str, Any], address: str, grades: list[int]
    ) -> "Integration":
        from rollbook.schools.models import School
        from rollbook.sync.setup import integrations, schedules

        def make() -> "Integration":
            integration = integrations.save_connection(
                School.objects.create(name=name),
                None,
                integrations.ConnectionSettings(
                    source="powerschool",
                    variant="",
                    choices={},
                    credentials={
                        "client_id": about["client_id"],
                        "client_secret": about["client_secret"],
                        "client_url": address,
                    },
                    grades=grades,
                    active=True,
                    test_run=False,
                    notify_on_errors=True,
                ),
            )
            schedules.ensure(integration)
            return integration

        return self._patiently(make)

    def due(self, integration: "Integration") -> "Run":
        """The schedule falls due; the run that a worker starts for it."""
        from django.utils import timezone

        from rollbook.sync.models import Run, Schedule

        due_at = timezone.now() - timedelta(seconds=1)
        self._patiently(
            lambda: Schedule.objects.filter(integration=integration).update(
                enabled=True, next_due_at=due_at
            )
        )
        deadline = time.monotonic() + 60
        while (
            found := self._patiently(
                lambda: list(Run.objects.filter(integration=integration, due_at=due_at))
            )
        ) == []:
            assert time.monotonic() < deadline, "the due run was not started"
            time.sleep(0.05)
        return found[0]

    def press(self, integration: "Integration") -> UUID:
        from rollbook.sync.models import Trigger
        from rollbook.sync.runs import requests

        return requests.request(integration, trigger=Trigger.PERSON).run.pk

    def state(self, run: "Run") -> str:
        return str(self._look(run).state)

    def attempts(self, run: "Run") -> int:
        return self._look(run).attempts

    def _look(self, run: "Run") -> "Run":
        self._patiently(run.refresh_from_db)
        return run

    def held(self, integration: "Integration") -> Held:
        from rollbook.students.models import StudentAccount

        def look() -> Held:
            rows = StudentAccount.objects.filter(
                school_id=integration.school_id, source="powerschool"
            ).values_list(
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

        return self._patiently(look)

    def check_school(self, integration: "Integration", expected: Held) -> None:
        """Every account as the model has it, and none besides."""
        from rollbook.students.models import StudentAccount

        held = self.held(integration)
        different = sorted(
            sis_id
            for sis_id in held.keys() | expected.keys()
            if held.get(sis_id) != expected.get(sis_id)
        )
        assert not different, f"{len(different)} accounts differ from the model: {different[:5]}"
        count = StudentAccount.objects.filter(school_id=integration.school_id).count()
        assert count == len(expected), f"{count} accounts, {len(expected)} expected"

    def check_run(self, run: "Run") -> None:
        """One run for its due time, nothing planned twice, no mail twice, nothing overtaken."""
        from django.db.models import Count

        from rollbook.sync.models import Change, Notice, Run

        assert Run.objects.filter(integration=run.integration, due_at=run.due_at).count() == 1
        of_run = Change.objects.filter(run=run)
        assert (
            not of_run.values("account_id").annotate(times=Count("id")).filter(times__gt=1).exists()
        ), "a change is there twice"
        assert (
            not Notice.objects.filter(run=run)
            .values("user")
            .annotate(times=Count("id"))
            .filter(times__gt=1)
            .exists()
        )
        assert not self._look(run).counts.get("overtaken"), "rows were overtaken"
