"""Tests a connection step by step, and reads what the set-up then shows.

A test works with what is typed, before anything is saved. Each step is stored as soon as it has
ended, so that a page can follow it.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from copy import copy
from datetime import timedelta
from typing import Any, Final, NamedTuple

from django.db import Error, connection, transaction
from django.utils.translation import gettext as _

from rollbook import logs, scope
from rollbook.schools import clock
from rollbook.schools.models import School, User
from rollbook.sources.base import Connection, Source, Token
from rollbook.sources.discovery import (
    CheckStep,
    GradeInSis,
    Home,
    Sample,
    SchoolInSis,
    Step,
    StepState,
)
from rollbook.sources.errors import SourceError
from rollbook.sources.reckoned_year import LAST_GRADES, YEAR_END_FIELD, YearReckoner
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import CheckState, ConnectionTest, Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import credentials as vault
from rollbook.sync.setup.bounds import bounds
from rollbook.sync.setup.proofs import KEPT_FOR, connection_digest

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 3  # tests of one school
# A conversation ends after two minutes. A test that is silent for longer was killed.
SILENT: Final = timedelta(seconds=180)


class Target(NamedTuple):
    """What is tested: a SIS, and credentials in the clear."""

    source: str
    variant: str
    credentials: Mapping[str, str]
    choices: Mapping[str, str]

    @property
    def source_type(self) -> Source:
        return SOURCES[self.source]

    @property
    def digest(self) -> str:
        return connection_digest(self.source, self.variant, self.credentials)


class _Tokens:
    """Keeps the token of one test, so that it signs in once."""

    _token: Token | None = None

    def get(self) -> Token | None:
        return self._token

    def put(self, token: Token | None) -> None:
        self._token = token


def begin(school: School, by: User | None, target: Target) -> tuple[ConnectionTest, bool]:
    """Return a test that is about to begin, and True; or the one that is running already.

    Raises SettingRefused where too many tests of the school are running.
    """
    now = clock.now()
    with transaction.atomic():
        School.objects.select_for_update(no_key=True).only("pk").get(pk=school.pk)
        running = ConnectionTest.objects.filter(
            school=school, state=CheckState.RUNNING, touched_at__gt=now - SILENT
        )
        same = running.filter(connection=target.digest).order_by("-started_at").first()
        if same is not None:
            return same, False
        if running.count() >= MOST_AT_ONCE:
            what = _("Other connection tests of this school are running. Try again in a minute.")
            raise SettingRefused("", what)
        test = ConnectionTest.objects.create(
            school=school,
            by=by,
            source=target.source,
            variant=target.variant,
            connection=target.digest,
            started_at=now,
            touched_at=now,
        )
    return test, True


def work_in_background(test: ConnectionTest, target: Target) -> None:
    """Work on a test in a thread of this process.

    The thread has its own copy. A page that is made meanwhile must not see half of a change: it
    would be told nothing at the next change, and would not ask for the grades.
    """
    own = copy(test)

    def run() -> None:
        try:
            with scope.of_school(own.school_id):
                work_on(own, target)
        finally:
            connection.close()

    threading.Thread(target=run, name=f"connection-test-{test.pk}", daemon=True).start()


def work_on(
    test: ConnectionTest,
    target: Target,
    on_step: Callable[[CheckStep], object] = lambda step: None,
) -> None:
    """Do every step, store each, then read what the set-up shows. Never raises a SourceError."""
    source = target.source_type
    conversation = Connection(
        credentials=target.credentials,
        choices=target.choices,
        variant=target.variant,
        tokens=_Tokens(),
        bounds=bounds(),
    )
    try:
        steps = []
        for step in source.check_connection(conversation):
            steps.append(step)
            _store_step(test, step)
            on_step(step)
        passed = not any(step.needed and step.state is not StepState.PASSED for step in steps)
        _end(test, CheckState.PASSED if passed and steps else CheckState.FAILED)
        if passed:
            _read_details(test, source, conversation)
    except Error:  # the database is away
        raise
    except Exception as error:  # noqa: BLE001 - the page would wait for ever
        reference = logs.log_unforeseen(log, f"connection test {test.pk}", error)
        what = _("Rollbook made a mistake. Show this number to whoever runs it: %(reference)s")
        step = CheckStep(Step.STUDENTS, StepState.FAILED, what % {"reference": reference})
        _store_step(test, step)
        if test.state == CheckState.RUNNING:
            _end(test, CheckState.FAILED)
    finally:
        _touch(test, reading=False)


def is_lost(test: ConnectionTest) -> bool:
    """Return whether the process that worked on this test was ended."""
    silent = test.touched_at < clock.now() - SILENT
    return silent and (test.reading or test.state == CheckState.RUNNING)


def latest(
    school: School, source: str, variant: str, state: CheckState | None = CheckState.PASSED
) -> ConnectionTest | None:
    """Return the last test of a SIS and version that ended in this way; None for any way."""
    tests = ConnectionTest.objects.filter(school=school, source=source, variant=variant)
    tests = tests.filter(started_at__gt=clock.now() - KEPT_FOR)
    if state is not None:
        tests = tests.filter(state=state)
    return tests.order_by("-started_at").first()


def of_target(school: School, target: Target) -> ConnectionTest | None:
    """Return the last test of these credentials; None where there is none."""
    tests = ConnectionTest.objects.filter(school=school, connection=target.digest)
    recent = tests.filter(started_at__gt=clock.now() - KEPT_FOR)
    return recent.order_by("-started_at").first()


def steps_of(test: ConnectionTest) -> list[CheckStep]:
    """Return the steps that have ended."""
    return [
        CheckStep(**each | {"key": Step(each["key"]), "state": StepState(each["state"])})
        for each in test.steps
    ]


def schools_of(test: ConnectionTest) -> list[SchoolInSis]:
    """Return the schools of the district as the test read them; empty until then."""
    return [SchoolInSis(**each) for each in test.schools]


def grades_of(test: ConnectionTest) -> list[GradeInSis]:
    """Return the grades with their students as the test read them; empty until then."""
    return [GradeInSis(**each) for each in test.grades]


def sample_of(test: ConnectionTest) -> Sample | None:
    """Return the students that the test read; None until then, and where they can't be read."""
    content = vault.unseal(test.sample, _bound_to(test))
    if content is None:
        return None
    _reckon_years(test, content["records"])
    homes = {
        field: tuple(Home(**each) for each in entries)
        for field, entries in content["homes"].items()
    }
    return Sample(content["records"], homes)


def _reckon_years(test: ConnectionTest, records: list[dict[str, Any]]) -> None:
    """Reckon the graduation years again, by what a person said about the names of grades."""
    saved = Integration.objects.filter(school_id=test.school_id, source=test.source).first()
    if saved is not None and saved.grade_meanings:
        reckoner = YearReckoner(LAST_GRADES, saved.grade_meanings)
        for record in records:
            grade_name = record.get(saved.source_type.grade_field)
            school = record.get(saved.source_type.school_field)
            reckoner.put_years(record, grade_name, str(record.get(YEAR_END_FIELD, "")), school)


def _store_step(test: ConnectionTest, step: CheckStep) -> None:
    entry = step._asdict() | {"detail": str(step.detail), "remedy": str(step.remedy)}
    _touch(test, steps=[*test.steps, entry])


def _end(test: ConnectionTest, state: CheckState) -> None:
    """Store how the test ended, also on a saved integration with these credentials."""
    test.state = state
    _touch(test, state=state)
    saved = Integration.objects.filter(
        school_id=test.school_id, source=test.source, variant=test.variant
    )
    for integration in saved:
        if digest_of_saved(integration) == test.connection:
            proved_at = test.touched_at if state == CheckState.PASSED else None
            saved.filter(pk=integration.pk).update(
                proved_at=proved_at, credentials_used_at=test.touched_at
            )


def digest_of_saved(integration: Integration) -> str:
    """Return the digest of the credentials that are stored."""
    stored = vault.readable(integration)
    names = [field.key for field in integration.variant_type.credentials]
    credentials = {name: stored[name] for name in names if name in stored}
    return connection_digest(integration.source, integration.variant, credentials)


def _read_details(test: ConnectionTest, source: Source, conversation: Connection) -> None:
    """Read a sample, schools and grades. Each may fail: the connection is good without it."""
    reads: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("sample", lambda: _sealed(test, source.sample_students(conversation, frozenset()))),
        ("schools", lambda: [each._asdict() for each in source.list_schools(conversation)]),
        (
            "grades",
            lambda: [each._asdict() for each in source.count_grades(conversation, frozenset())],
        ),
    )
    for name, read in reads:
        try:
            _touch(test, **{name: read()})
        except SourceError as error:
            log.info("connection test %s: no %s: %s", test.pk, name, error.code)


def _sealed(test: ConnectionTest, sample: Sample) -> bytes:
    homes = {
        field: [
            {
                "source_field": home.source_field,
                "label": str(home.label),
                "where": str(home.where),
                "needs_plugin": home.needs_plugin,
                "made": home.made,
            }
            for home in entries
        ]
        for field, entries in sample.homes.items()
    }
    return vault.seal({"records": sample.records, "homes": homes}, _bound_to(test))


def _bound_to(test: ConnectionTest) -> str:
    return f"sample/{test.school_id}/{test.pk}"


def _touch(test: ConnectionTest, **columns: Any) -> None:
    test.touched_at = clock.now()
    for name, value in columns.items():
        setattr(test, name, value)
    ConnectionTest.objects.filter(pk=test.pk).update(touched_at=test.touched_at, **columns)
