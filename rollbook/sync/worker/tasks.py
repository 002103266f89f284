"""The tasks of the queue: each gets the id of a row and works on that row if it still has to."""

from collections.abc import Iterator
from contextlib import contextmanager
from smtplib import SMTPException
from uuid import UUID

from django.db import close_old_connections
from django.db.models import Model
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from rollbook import scope
from rollbook.students.models import Invitation
from rollbook.sync import deleting, queue
from rollbook.sync.mail import account, invitations, notices, outbox, staff
from rollbook.sync.models import Notice, ReportFile
from rollbook.sync.report import files
from rollbook.sync.worker import places

# Waits grow by five minutes: 24 tries take about a day.
A_DAY = RetryStrategy(
    max_attempts=outbox.TRIES, wait=30, linear_wait=300, retry_exceptions={OSError, SMTPException}
)


@app.task(name=queue.LOOK_AT_RUN, queue="runs")
def look_at_run(run_id: str) -> None:
    """Let this worker take the run, if it still has to be worked on and a place is free."""
    with _fresh_connection(), scope.closed():
        places.look_at(UUID(run_id))


@app.task(name=queue.MAKE_REPORT, queue="reports")
def make_report(report_id: str) -> None:
    """Make this report file if it still has to be made."""
    with _scope_of(ReportFile, report_id):
        files.make(UUID(report_id))


@app.task(name=queue.SEND_NOTICE, queue="mail", retry=A_DAY)
def send_notice(notice_id: str) -> None:
    """Send this mail to staff if it still waits."""
    with _scope_of(Notice, notice_id):
        notices.send(UUID(notice_id))


@app.task(name=queue.SEND_INVITATION, queue="mail", retry=A_DAY)
def send_invitation(invitation_id: str) -> None:
    """Send this invitation if it still waits."""
    with _scope_of(Invitation, invitation_id):
        invitations.OUTBOX.send(UUID(invitation_id))


@app.task(name=queue.WRITE_STUDENT_LINK, queue="mail")
def write_student_link(sealed_address: str) -> None:
    """Write new links for the registered students with this address, if there are any."""
    with _fresh_connection(), scope.of_installation(scope.Across.STUDENTS_DOOR):
        invitations.write_links(sealed_address)


@app.task(name=queue.SEND_STAFF_INVITATION, queue="mail", retry=A_DAY)
def send_staff_invitation(staff_invitation_id: str) -> None:
    """Send this invitation of staff if it still waits."""
    with _fresh_connection():
        staff.send_invitation(UUID(staff_invitation_id))


@app.task(name=queue.SEND_EMERGENCY_NOTICE, queue="mail", retry=A_DAY)
def send_emergency_notice(emergency_notice_id: str) -> None:
    """Send this mail about an operator's access if it still waits."""
    with _fresh_connection():
        staff.send_notice(UUID(emergency_notice_id))


@app.task(name=queue.SEND_ACCOUNT_MAIL, queue="mail", retry=A_DAY)
def send_account_mail(account_mail_id: str) -> None:
    """Send this mail about somebody's own account if it still waits."""
    with _fresh_connection():
        account.send(UUID(account_mail_id))


@app.task(name=queue.DELETE_SCHOOL, queue="deletions")
def delete_school(school_id: str) -> None:
    """Delete the rows of this school if somebody has asked for it."""
    with _fresh_connection(), scope.of_school(UUID(school_id)):
        deleting.delete_rows(UUID(school_id))


@contextmanager
def _scope_of(rows: type[Model], row_id: str) -> Iterator[None]:
    """Work on a row in the scope of its school; of a row that is gone, in none."""
    with _fresh_connection(), queue.scope_of_row(rows, UUID(row_id)):
        yield


@contextmanager
def _fresh_connection() -> Iterator[None]:
    """Close a database connection that broke or grew old, before the task and after it."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
