"""Wake-up calls: jobs that carry an id and say "look at this". Correctness rests on the runs' own table, never on the queue."""

from smtplib import SMTPException
from uuid import UUID

from django.db import close_old_connections
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from rollbook.sync.mail import invitations, notices, outbox
from rollbook.sync.pipeline import run_sync
from rollbook.sync.report import files


@app.task(name="look_at_run", queue="runs")
def look_at_run(run_id: str) -> None:
    """Work on this run if it still needs it."""
    close_old_connections()
    try:
        run_sync(UUID(run_id))
    finally:
        close_old_connections()


make_report = files.make_report  # the queue looks for tasks in this module

# Waits grow by five minutes: 24 tries take about a day.
A_DAY = RetryStrategy(
    max_attempts=outbox.TRIES, wait=30, linear_wait=300, retry_exceptions={OSError, SMTPException}
)


@app.task(name="send_notice", queue="mail", retry=A_DAY)
def send_notice(notice_id: str) -> None:
    """Send this mail if it still waits."""
    close_old_connections()
    try:
        notices.send(UUID(notice_id))
    finally:
        close_old_connections()


@app.task(name="send_invitation", queue="mail", retry=A_DAY)
def send_invitation(invitation_id: str) -> None:
    """Send this invitation if it still waits."""
    close_old_connections()
    try:
        invitations.OUTBOX.send(UUID(invitation_id))
    finally:
        close_old_connections()
