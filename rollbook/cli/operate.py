"""Commands that set up and serve: `migrate` and `web`."""

from typing import Any

import click

from rollbook.cli.answers import Answer, Document, Refusal, answers, refusals, say, set_up


def _show_migrated(document: Document) -> None:
    applied = document["applied"]
    click.echo(f"Applied {len(applied)} migrations." if applied else "The database is up to date.")


@click.command()
@answers(_show_migrated)
def migrate() -> Answer:
    """Set up the database, or bring it up to this version. Uses DATABASE_OWNER_URL where that is set."""
    from django.core.management import call_command

    waiting = unapplied()
    if waiting:
        call_command("migrate", database="owner", verbosity=0, interactive=False)
    return Answer({"applied": waiting})


def unapplied(alias: str = "owner") -> list[str]:
    """The migrations that wait."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections[alias])
    return [
        f"{step.app_label}.{step.name}"
        for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())
    ]


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="0.0.0.0 listens on every network of this machine.",
)
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65_535),
    help="Where it listens.",
)
@click.option(
    "--processes",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many, beside the one that starts them.",
)
@click.option(
    "--threads",
    default=8,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Requests that one process answers side by side.",
)
def web(host: str, port: int, processes: int, threads: int) -> None:
    """Serve the screens until stopped. Run `rollbook migrate` first: this command migrates nothing.

    \b
    Example:
      rollbook web --host 0.0.0.0 --port 8000
    """
    import os

    from gunicorn.app.base import BaseApplication

    try:
        with refusals():
            set_up()
            _settle()
    except Refusal as refusal:
        raise click.ClickException(f"{refusal.what} {refusal.remedy}") from refusal

    class Served(BaseApplication):  # type: ignore[misc]
        """gunicorn with our settings; each process loads Django for itself."""

        def load_config(self) -> None:
            options = {
                "bind": f"{host}:{port}",
                "workers": processes,
                "threads": threads,
                "worker_class": "gthread",
                "graceful_timeout": 25,
                "timeout": 60,
                "control_socket_disable": True,
                "proc_name": "rollbook web",
                "logconfig_dict": _logging(),
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            from rollbook.wsgi import application

            return application

    say(f"Rollbook serves http://{host}:{port} in process {os.getpid()}. Stop it with Ctrl-C.")
    Served().run()


def _logging() -> dict[str, Any]:
    """gunicorn's own few lines in the form of all others; no line for each request."""
    from django.conf import settings

    own = {"handlers": ["console"], "propagate": False}
    return settings.LOGGING | {
        "loggers": {
            "gunicorn.error": own | {"level": "INFO"},
            "gunicorn.access": own | {"level": "ERROR"},
        }
    }


def _settle() -> None:
    """What all web processes share: the address of the database where it is embedded, and in production the collected static files."""
    import os

    from django.core.management import call_command
    from django.db import connections

    from rollbook import database
    from rollbook.config import config

    if config.production:
        database.refuse_owner(connections["default"])
    if config.database_url is None:  # this process holds the embedded server for its children
        from rollbook.embedded import server

        os.environ["DATABASE_URL"] = server.url_of(config.data_dir)
    if config.production:
        call_command("collectstatic", interactive=False, verbosity=0)
    connections.close_all()  # a connection must not be shared with the processes that are forked from here
