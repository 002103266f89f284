"""The connections to PostgreSQL, from the addresses in the settings."""

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from rollbook.config import Config
from rollbook.production import Unsafe

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

ROLE_REMEDY: Final = (
    "Let DATABASE_URL sign in as a role that owns nothing and is a member of no such role, such as "
    "rollbook_app. DATABASE_OWNER_URL names the owner; only `rollbook migrate` uses it. See "
    "docs/operations.md, Database roles."
)
# The first power of a role that the session can reach, its own before those of others. Until
# PostgreSQL 15 a role that may create roles can make itself a member of any but a superuser.
POWERS: Final = """
    SELECT session_user, role.rolname, power.what
    FROM pg_roles AS role
    CROSS JOIN LATERAL (VALUES
        (1, role.rolsuper, 'is a superuser'),
        (2, role.rolbypassrls, 'is above all access rules'),
        (3, EXISTS (
            SELECT FROM pg_class
            WHERE relowner = role.oid AND relnamespace = 'public'::regnamespace
              AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        ) OR EXISTS (
            SELECT FROM pg_proc
            WHERE proowner = role.oid AND pronamespace = 'public'::regnamespace
        ), 'owns the tables'),
        (4, EXISTS (
            SELECT FROM pg_database WHERE datname = current_database() AND datdba = role.oid
        ) OR EXISTS (
            SELECT FROM pg_namespace WHERE nspname = 'public' AND nspowner = role.oid
        ), 'owns the database'),
        (5, role.rolcreaterole AND current_setting('server_version_num')::int < 160000,
            'may make itself a member of other roles'),
        (6, role.rolname IN (
            'pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files'
        ), 'may reach files and programs of the database server')
    ) AS power (rank, has, what)
    WHERE power.has AND pg_has_role(session_user, role.oid, 'MEMBER')
    ORDER BY role.rolname <> session_user, power.rank, role.rolname
    LIMIT 1
"""


def connections(config: Config, embedded_url: str = "") -> dict[str, dict[str, Any]]:
    """Return Django's DATABASES, on the embedded server where DATABASE_URL is not set.

    `default` works as the app role, which owns nothing; `owner` migrates and does nothing else.
    """
    if config.database_url is None:
        app = owner = embedded_url
    else:
        app = config.database_url.get_secret_value()
        owner = config.database_owner_url.get_secret_value() if config.database_owner_url else app
    app_settings = from_url(app)
    if app_settings["USER"] != config.database_app_role:
        app_settings["OPTIONS"]["options"] = f"-c role={config.database_app_role}"
    return {"default": app_settings, "owner": from_url(owner)}


def refuse_powerful_role(connection: "BaseDatabaseWrapper") -> None:
    """Raise Unsafe where the role that signed in has too much power for web and workers."""
    power = power_of_role(connection)
    if power:
        raise Unsafe(f"Rollbook does not start in production:\n* {power} {ROLE_REMEDY}")


def power_of_role(connection: "BaseDatabaseWrapper") -> str:
    """Return why the role that signed in has too much power, as a sentence; "" if it hasn't.

    `SET ROLE` hides who signed in, and anybody can undo it. So this looks at the role that signed
    in, and at every role that it is a member of and could become.
    """
    with connection.cursor() as cursor:
        cursor.execute(POWERS)
        row = cursor.fetchone()
    if row is None:
        return ""
    role, reached, power = row
    if role == reached:
        return f"The database role {role} {power}."
    return f"The database role {role} can become {reached}, which {power}."


def from_url(url: str) -> dict[str, Any]:
    """Return Django's settings for a PostgreSQL address; libpq gets the query parameters."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SystemExit(
            "DATABASE_URL has to begin with postgresql://. Rollbook works on PostgreSQL only."
        )
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "rollbook.engine",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or options.pop("host", "")),
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
    }
