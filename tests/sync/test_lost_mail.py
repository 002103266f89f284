"""Mails whose worker was killed are sent once, and waits between tries are kept."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import connections
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from rollbook.schools.mail import MailState
from rollbook.sync import queue
from rollbook.sync.mail import notices, outbox
from rollbook.sync.models import Integration, Notice, Trigger
from rollbook.sync.runs import requests
from rollbook.sync.worker import housekeeping
from tests.processes import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dead_server(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()


def apart(work: Callable[[], None]) -> None:
    """Work in another thread, as a worker does: this one may have a browser's event loop."""

    def alone() -> None:
        try:
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(copy_context().run, alone).result()


def work_off() -> None:
    """Let a real worker of the queue do what is due, in this process."""

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(
            ThreadPoolExecutor(1)
        )  # the thread that jobs run in, whose connection has to be closed
        connector = cast(Any, app.connector).get_worker_connector()
        async with app.with_connector(connector).open_async() as working:
            await working.run_worker_async(
                wait=False, install_signal_handlers=False, listen_notify=False, delete_jobs="always"
            )
        await loop.run_in_executor(None, connections.close_all)

    apart(lambda: asyncio.run(work()))


def fetched_by_a_worker_that_dies(silent: timedelta) -> None:
    """The first job of the queue is taken by a worker that was last heard of so long ago."""
    connection = connections["default"]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s) RETURNING id",
            [timezone.now() - silent],
        )
        [worker] = cursor.fetchone()
        cursor.execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, %s)", [worker])


def jobs() -> list[tuple[str, str, str | None]]:
    return list(ProcrastinateJob.objects.values_list("task_name", "status", "queueing_lock"))


def test_a_mail_is_sent_and_its_job_is_gone(notice: Notice, mailoutbox: list[Any]) -> None:
    assert jobs() == [("send_notice", "todo", f"notice {notice.pk}")]
    work_off()
    notice.refresh_from_db()
    assert (notice.state, notice.tries, len(mailoutbox)) == (MailState.SENT, 1, 1)
    assert not ProcrastinateJob.objects.exists()


def test_a_mail_whose_worker_was_killed_is_sent_by_another(
    notice: Notice, mailoutbox: list[Any]
) -> None:
    fetched_by_a_worker_that_dies(silent=timedelta(minutes=1))
    work_off()
    assert not mailoutbox
    apart(housekeeping.make)
    assert jobs() == [("send_notice", "todo", f"notice {notice.pk}")]
    work_off()
    assert len(mailoutbox) == 1
    assert not ProcrastinateJob.objects.exists()


def test_a_job_of_a_worker_that_was_forgotten_already_is_found_too(
    notice: Notice, mailoutbox: list[Any]
) -> None:
    fetched_by_a_worker_that_dies(silent=timedelta(minutes=1))
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
    apart(housekeeping.make)
    work_off()
    assert len(mailoutbox) == 1


def test_a_mail_that_is_being_sent_is_left_alone(notice: Notice) -> None:
    fetched_by_a_worker_that_dies(silent=timedelta(seconds=5))
    apart(housekeeping.make)
    assert jobs() == [("send_notice", "doing", f"notice {notice.pk}")]


def test_a_mail_without_any_job_is_woken_once(notice: Notice) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    assert [notices.sweep(), notices.sweep()] == [1, 0]
    assert jobs() == [("send_notice", "todo", f"notice {notice.pk}")]


def test_the_growing_waits_of_a_retry_are_not_cut_short(notice: Notice, dead_server: None) -> None:
    work_off()
    [retry] = ProcrastinateJob.objects.all()
    assert (retry.status, retry.attempts, retry.queueing_lock) == ("todo", 1, f"notice {notice.pk}")
    assert retry.scheduled_at and retry.scheduled_at > timezone.now() + timedelta(seconds=20)
    notices.wake(notice.pk)  # refused by the lock that the retry holds
    apart(housekeeping.make)
    work_off()
    [there] = ProcrastinateJob.objects.all()
    assert (there.pk, there.scheduled_at) == (retry.pk, retry.scheduled_at)
    notice.refresh_from_db()
    assert (notice.state, notice.tries) == (MailState.WAITING, 1)


def test_a_mail_that_ends_each_worker_is_given_up(notice: Notice) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    Notice.objects.update(tries=outbox.TRIES)
    assert notices.sweep() == 0
    notice.refresh_from_db()
    assert notice.state == MailState.UNDELIVERED and notice.trouble
    assert not ProcrastinateJob.objects.exists()


def test_finished_jobs_and_those_of_dead_workers_don_t_pile_up(integration: Integration) -> None:
    requests.request(integration, trigger=Trigger.PERSON)
    fetched_by_a_worker_that_dies(silent=timedelta(minutes=1))
    apart(queue.sweep)
    assert not ProcrastinateJob.objects.exists()
    assert ProcrastinateWorker.objects.count() == 1  # the next worker that starts forgets it


def test_a_part_that_fails_keeps_neither_the_others_nor_tells_values(
    notice: Notice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    value = "Maria"

    def broken() -> None:
        raise ValueError(value)

    monkeypatch.setattr(housekeeping, "PARTS", (broken, notices.sweep))
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    apart(housekeeping.make)
    assert len(jobs()) == 1
    assert "broken not done: ValueError" in caplog.text and value not in caplog.text
