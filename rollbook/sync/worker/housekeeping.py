"""What each worker does a few times a minute: start due runs, wake what waits, remove old rows."""

import logging
import traceback
from collections.abc import Callable
from typing import Any, Final

from django.db import DatabaseError, connection
from procrastinate.exceptions import ConnectorException

from rollbook import scope
from rollbook.schools import audit_chain, devices, slow_down, staff_sessions
from rollbook.sync import deleting, erasing, queue, retention, store
from rollbook.sync.mail import account, invitations, notices, staff
from rollbook.sync.report import files
from rollbook.sync.runs import claims
from rollbook.sync.uploads import drafts
from rollbook.sync.worker import due

log = logging.getLogger(__name__)

PARTS: Final[tuple[Callable[[], Any], ...]] = (
    due.run_due,
    queue.sweep,
    store.end_frozen_sessions,
    claims.sweep,
    files.sweep_reports,
    drafts.sweep_uploads,
    notices.sweep,
    invitations.sweep,
    staff.sweep_invitations,
    staff.sweep_notices,
    account.sweep_account_mails,
    slow_down.sweep,
    audit_chain.seal,
    devices.sweep,
    staff_sessions.sweep,
    deleting.sweep,
    erasing.sweep,
    erasing.sweep_leavers,
    retention.sweep,
)


def make() -> None:
    """Make one round. Any number of workers may do so at the same time.

    Where one part fails, the others and the next round go on.
    """
    for part in PARTS:
        name = f"{part.__module__.rpartition('.')[2]}.{part.__name__}"
        try:
            with scope.of_installation(scope.Across.HOUSEKEEPING):
                part()
        except (DatabaseError, ConnectorException) as error:
            log.warning("%s not done: %s", name, type(error).__name__)
            connection.close()
        except Exception as error:  # noqa: BLE001 - without its rounds a worker starts no due run
            # Only the lines of code: the message could hold a student's value.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s not done: %s\n%s", name, type(error).__name__, where)
