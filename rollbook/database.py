"""The connections to PostgreSQL, from the addresses in the settings."""

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from rollbook.config import Config
from rollbook.production import Unsafe

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


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


def refuse_owner(connection: "BaseDatabaseWrapper") -> None:
    """Raise Unsafe where this connection could rewrite the audit log.

    It could as a role that owns tables or that no access rule applies to.
    """
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT current_user, rolsuper OR rolbypassrls, EXISTS (
                SELECT 1 FROM pg_class
                WHERE relowner = pg_roles.oid
                  AND relnamespace = 'public'::regnamespace
                  AND relkind IN ('r', 'p')
            ) FROM pg_roles WHERE rolname = current_user""")
        role, is_unlimited, is_owner = cursor.fetchone()
    if is_unlimited or is_owner:
        why = "is above all access rules" if is_unlimited else "owns the tables"
        raise Unsafe(
            "Rollbook does not start in production:\n"
            f"* The database role {role} {why}. Let DATABASE_URL log in as another role, or unset "
            "ROLLBOOK_DATABASE_APP_ROLE. DATABASE_OWNER_URL names the owner; "
            "only `rollbook migrate` uses it."
        )


def from_url(url: str) -> dict[str, Any]:
    """Return Django's settings for a PostgreSQL address; libpq gets the query parameters."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SystemExit(
            "DATABASE_URL has to begin with postgresql://. Rollbook works on PostgreSQL only."
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
