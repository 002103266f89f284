"""`rollbook web`: serves the screens with gunicorn."""

import os
from typing import Any

import click
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from gunicorn.app.base import BaseApplication
from gunicorn.util import import_app

from rollbook import database
from rollbook.cli.operate.migrate import refuse_unmigrated
from rollbook.cli.output import plain_refusals, say
from rollbook.config import config


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on; 0.0.0.0 is every network of this machine.",
)
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65_535),
    help="The port to listen on.",
)
@click.option(
    "--processes",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes that serve, besides the one that starts them.",
)
@click.option(
    "--threads",
    default=8,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Requests that one process answers at the same time.",
)
def web(host: str, port: int, processes: int, threads: int) -> None:
    """Serve the screens until stopped. Run `rollbook migrate` first: this command does not.

    \b
    Example:
      rollbook web --host 0.0.0.0 --port 8000
    """
    with plain_refusals():
        _prepare()
    say(f"Rollbook serves http://{host}:{port} in process {os.getpid()}. Stop it with Ctrl-C.")
    options = {"bind": f"{host}:{port}", "workers": processes, "threads": threads}
    WebServer(options).run()


class WebServer(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings. Each process loads the application for itself."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        fixed = {
            "worker_class": "gthread",
            "graceful_timeout": 25,
            "timeout": 60,
            "control_socket_disable": True,
            "proc_name": "rollbook web",
            "logconfig_dict": _logging(),
        }
        for name, value in (fixed | self.options).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return import_app("rollbook.wsgi:application")


def _logging() -> dict[str, Any]:
    """Return the logging settings for gunicorn: its few lines in our form, none per request."""
    console = {"handlers": ["console"], "propagate": False}
    loggers = {
        "gunicorn.error": console | {"level": "INFO"},
        "gunicorn.access": console | {"level": "ERROR"},
    }
    return settings.LOGGING | {"loggers": loggers}


def _prepare() -> None:
    """Do once what all web processes share.

    That is the address of an embedded database and, in production, the static files.
    """
    refuse_unmigrated()
    if config.production:
        database.refuse_powerful_role(connections["default"])
    if config.database_url is None:  # this process keeps the embedded server running
        os.environ["DATABASE_URL"] = settings.EMBEDDED_URL
    if config.production:
        call_command("collectstatic", interactive=False, verbosity=0)
    # A connection must not be shared with the processes that are forked from here.
    connections.close_all()
