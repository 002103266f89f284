"""`rollbook migrate`: sets up the database."""

import click
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from rollbook.cli.output import Document, Output, prints


def _show_migrated(document: Document) -> None:
    applied = document["applied"]
    click.echo(f"Applied {len(applied)} migrations." if applied else "The database is up to date.")


@click.command()
@prints(_show_migrated)
def migrate() -> Output:
    """Set up the database, or bring it up to date. Uses DATABASE_OWNER_URL if that is set."""
    waiting = unapplied()
    if waiting:
        call_command("migrate", database="owner", verbosity=0, interactive=False)
    return Output({"applied": waiting})


def unapplied(alias: str = "owner") -> list[str]:
    """Return the migrations that are not applied yet, such as `schools.0001_roles`."""
    executor = MigrationExecutor(connections[alias])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
