"""An error that nobody foresaw ends the work once, at once, and can be found in the log."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import DataError, InterfaceError, OperationalError, ProgrammingError, connection
from django.utils import timezone

from rollbook import logs
from rollbook.cli import documents
from rollbook.schools.mail import MailState
from rollbook.schools.models import School, User
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline, store, undoing
from rollbook.sync.mail import notices
from rollbook.sync.models import Integration, Notice, Run, RunState, Trigger
from rollbook.sync.planning import from_roster
from rollbook.sync.runs import claims, requests
from rollbook.sync.uploads import plan as from_upload
from tests.sync.report_runs import a_run, new

pytestmark = pytest.mark.django_db

SECRET = "Maria"


def by_django(error: psycopg.Error) -> ProgrammingError:
    """Return the error as Django raises it."""
    wrapped = ProgrammingError(SECRET)
    wrapped.__cause__ = error
    return wrapped


def raising(error: BaseException) -> Callable[..., Any]:
    def broken(*_args: Any, **_named: Any) -> Any:
        raise error

    return broken


def reference_in(text: str) -> str:
    match = re.search(r"reference ([0-9a-f]{8})\b", text)
    assert match, text
    return match[1]


def run_of(integration: Integration) -> Run:
    return requests.request(integration, trigger=Trigger.PERSON).run


@pytest.mark.parametrize(
    "error",
    [
        KeyError(SECRET),
        ValueError("Exceeds the limit (4300 digits)"),
        RecursionError(),
        MemoryError(),
        UnicodeEncodeError("utf-8", SECRET, 0, 1, "no"),
        DataError(SECRET),
        psycopg.DataError(SECRET),
        by_django(psycopg.errors.UndefinedColumn(SECRET)),
        psycopg.errors.InsufficientPrivilege(SECRET),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("where", [from_roster, store], ids=["reading", "applying"])
def test_a_run_ends_at_once_with_class_and_reference(
    integration: Integration,
    administrator: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    where: Any,
) -> None:
    run = run_of(integration)
    monkeypatch.setattr(where, "plan" if where is from_roster else "apply_plan", raising(error))
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code, run.attempts) == (RunState.FAILED, "our_error", 1)
    assert type(error).__name__ in run.error_what and SECRET not in run.error_what
    reference = reference_in(run.error_what)
    [line] = [each for each in caplog.records if reference in each.getMessage()]
    assert line.levelno == logging.ERROR and line.exc_info
    written = logs.Text().format(line)
    assert "in work_on" in written and SECRET not in written
    assert not StudentAccount.objects.exists() and not claims.waiting()
    assert reference in documents.of_run(run)["error"]["what"]
    [notice] = Notice.objects.all()
    assert reference in str(notices.message(notice).body)


@pytest.mark.parametrize(
    "error",
    # The last one is what the driver raises for a connection in a wrong state.
    [OperationalError(), InterfaceError(), psycopg.OperationalError(), psycopg.ProgrammingError()],
)
def test_a_database_that_is_away_is_tried_again(
    integration: Integration, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    run = run_of(integration)
    monkeypatch.setattr(from_roster, "plan", raising(error))
    monkeypatch.setattr(connection, "close", lambda: None)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (RunState.FETCHING, "database_failed")


def test_a_worker_that_is_killed_is_followed_by_another(
    integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(integration)
    monkeypatch.setattr(from_roster, "plan", raising(SystemExit()))
    with pytest.raises(SystemExit):
        pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (RunState.FETCHING, "")


def test_a_run_whose_mail_cannot_be_written_either_ends_all_the_same(
    integration: Integration, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(integration)
    monkeypatch.setattr(from_roster, "plan", raising(KeyError()))
    monkeypatch.setattr(notices, "audience", raising(TypeError()))
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (RunState.FAILED, "our_error")


def test_previews_of_uploads_and_undos_end_at_once(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = Run.objects.create(
        school=school, source="spreadsheet", mode="live", trigger=Trigger.UPLOAD
    )
    undo = Run.objects.create(
        school=school,
        source="powerschool",
        mode="live",
        trigger=Trigger.PERSON,
        undoes=a_run(school, [new()]),
    )
    monkeypatch.setattr(from_upload, "plan", raising(KeyError()))
    monkeypatch.setattr(undoing, "plan", raising(KeyError()))
    for run in (upload, undo):
        pipeline.run_sync(run.pk)
        run.refresh_from_db()
        assert (run.state, run.error_code) == (RunState.FAILED, "our_error")


@pytest.mark.parametrize("error", [ValueError(SECRET), TypeError(), IndexError()])
def test_a_mail_that_cannot_be_sent_ends_with_its_reason(
    notice: Notice, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(EmailMultiAlternatives, "send", raising(error))
    notices.send(notice.pk)
    notice.refresh_from_db()
    assert (notice.state, notice.tries) == (MailState.UNDELIVERED, 1)
    assert type(error).__name__ in notice.trouble and SECRET not in notice.trouble
    assert reference_in(notice.trouble)


@pytest.mark.parametrize(("days", "state"), [(2, MailState.SENT), (21, MailState.UNDELIVERED)])
def test_a_mail_of_a_restored_backup_is_not_sent(
    notice: Notice, mailoutbox: list[Any], days: int, state: str
) -> None:
    Notice.objects.update(created_at=timezone.now() - timedelta(days=days))
    notices.send(notice.pk)
    notice.refresh_from_db()
    assert notice.state == state
    assert len(mailoutbox) == (state == MailState.SENT)
    assert ("backup" in notice.trouble) == (state == MailState.UNDELIVERED)
