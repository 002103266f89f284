"""Sends the open scope (`rollbook.scope`) to the database before the first statement in it.

The setting lasts for the session, not for the transaction: pages and planning read outside of
transactions, and a transaction around each would keep locks while a SIS is waited for. No scope
outlives its place in the pool of connections: before each statement the connection compares what
it sent last with what is open now, and sends the difference. A rollback takes a setting back that
was sent inside of it, so after a rollback it is sent anew.
"""

from collections.abc import Callable
from typing import Any, Final

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from rollbook import scope

OWNER: Final = "owner"  # the alias that migrates: it has to see all rows
SET_SCOPE: Final = """
    SELECT set_config('rollbook.school', %s, false), set_config('rollbook.installation', %s, false)
"""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose session has the open scope whenever a statement begins."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sent: str | None = scope.NOBODY  # None: not known
        self.execute_wrappers.append(self._in_scope)

    def init_connection_state(self) -> None:
        """Begin a session: it shows no rows."""
        self._sent = scope.NOBODY
        super().init_connection_state()

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor in the open scope; COPY goes through it without `execute`."""
        self._send()
        return super().create_cursor(name)

    def _in_scope(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        self._send()
        return execute(sql, params, many, context)

    def _send(self) -> None:
        """Send the open scope, where the session has another one."""
        open_now = scope.INSTALLATION if self.alias == OWNER else scope.current()
        if open_now == self._sent or self.connection is None or self._is_broken():
            return
        across = open_now == scope.INSTALLATION
        school = scope.NOBODY if across else open_now
        self._sent = None
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(SET_SCOPE, [school, "on" if across else "off"])
        self._sent = open_now

    def _is_broken(self) -> bool:
        """Return whether a statement has failed: until the rollback none is carried out."""
        status = self.connection.info.transaction_status
        return bool(status == TransactionStatus.INERROR)

    def _commit(self) -> Any:
        if self.connection is not None and self._is_broken():
            self._sent = None  # PostgreSQL rolls back instead
        parent: Any = super()
        return parent._commit()

    def _rollback(self) -> Any:
        self._sent = None
        parent: Any = super()
        return parent._rollback()

    def _savepoint_rollback(self, sid: str) -> None:
        parent: Any = super()
        parent._savepoint_rollback(sid)
        self._sent = None
