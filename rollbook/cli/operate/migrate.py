"""`rollbook migrate`: sets up the database."""

import click
from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.exceptions import MigrationSchemaMissing
from django.db.migrations.executor import MigrationExecutor
from psycopg import errors

from rollbook.cli.exit_codes import Exit
from rollbook.cli.output import Document, Output, Refusal, not_migrated, prints
from rollbook.config import config


def _show_migrated(document: Document) -> None:
    applied = document["applied"]
    click.echo(f"Applied {len(applied)} migrations." if applied else "The database is up to date.")


@click.command()
@prints(_show_migrated)
def migrate() -> Output:
    """Set up the database, or bring it up to date. Uses DATABASE_OWNER_URL if that is set."""
    waiting = unapplied()
    if waiting:
        try:
            call_command("migrate", database="owner", verbosity=0, interactive=False)
        except (DatabaseError, MigrationSchemaMissing) as error:
            refusal = _refusal_of(error)
            if refusal is None:
                raise
            raise refusal from error
    return Output({"applied": waiting})


def refuse_unmigrated() -> None:
    """Raise a Refusal if the database is not set up for this version."""
    if unapplied("default"):
        raise not_migrated()


def unapplied(alias: str = "owner") -> list[str]:
    """Return the migrations that are not applied yet, such as `schools.0001_roles`."""
    executor = MigrationExecutor(connections[alias])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _refusal_of(error: BaseException | None) -> Refusal | None:
    """Return what the operator has to change in the database or its roles, if that is the cause."""
    while error is not None:
        if isinstance(error, errors.InsufficientPrivilege):
            return _right_missing(error)
        if isinstance(error, errors.FeatureNotSupported) and "extension" in str(error):
            return Refusal(
                Exit.NOT_READY,
                "extension_missing",
                f"PostgreSQL lacks an extension: {_reason(error)}.",
                "Install it on the database server (often the package postgresql-contrib), and run "
                "`rollbook migrate` again.",
            )
        error = error.__cause__ or error.__context__
    return None


def _right_missing(error: errors.InsufficientPrivilege) -> Refusal:
    role, app_role = connections["owner"].settings_dict["USER"], config.database_app_role
    reason = _reason(error)
    if "create role" in reason:
        remedy = (
            f"As a superuser run CREATE ROLE {app_role} LOGIN PASSWORD '…'. Let DATABASE_URL sign "
            f"in as {app_role}, and DATABASE_OWNER_URL as {role}."
        )
    elif "grant role" in reason:
        remedy = (
            f"Let DATABASE_URL sign in as {app_role}, and set DATABASE_OWNER_URL to the address "
            f"that signs in as {role}."
        )
    elif config.database_owner_url is None:
        remedy = (
            "Set DATABASE_OWNER_URL to the address that signs in as the owner of the database. "
            "Only `rollbook migrate` needs it."
        )
    else:
        remedy = (
            "Let DATABASE_OWNER_URL sign in as the owner of the database and of its tables, or as "
            f"a superuser run ALTER DATABASE … OWNER TO {role}."
        )
    what = f"The role {role} may not set up the database: {reason}."
    return Refusal(Exit.NOT_READY, "right_missing", what, f"{remedy} Then migrate again.")


def _reason(error: errors.Error) -> str:
    return (error.diag.message_primary or str(error)).splitlines()[0]
