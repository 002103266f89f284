"""Commands for whoever hosts Rollbook: `migrate`, `web`, `check`, `keys`."""

import base64
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

import click

from rollbook.cli.answers import Answer, Document, Exit, Refusal, answers, refusals, say, set_up


def _show_migrated(document: Document) -> None:
    applied = document["applied"]
    click.echo(f"Applied {len(applied)} migrations." if applied else "The database is up to date.")


@click.command()
@answers(_show_migrated)
def migrate() -> Answer:
    """Set up the database, or bring it up to this version. Uses DATABASE_OWNER_URL where that is set."""
    from django.core.management import call_command

    waiting = _unapplied()
    if waiting:
        call_command("migrate", database="owner", verbosity=0, interactive=False)
    return Answer({"applied": waiting})


def _unapplied(alias: str = "owner") -> list[str]:
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections[alias])
    return [f"{step.app_label}.{step.name}" for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 listens on every network of this machine.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535), help="Where it listens.")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 64), help="How many, beside the one that starts them.")
@click.option(
    "--threads", default=8, show_default=True, type=click.IntRange(1, 256), help="Requests that one process answers side by side."
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
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            from rollbook.wsgi import application

            return application

    say(f"Rollbook serves http://{host}:{port} in process {os.getpid()}. Stop it with Ctrl-C.")
    Served().run()


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
        os.environ["DATABASE_URL"] = database.embedded_url(config.data_dir)
    if config.production:
        call_command("collectstatic", interactive=False, verbosity=0)
    connections.close_all()  # a connection must not be shared with the processes that are forked from here


class Check(NamedTuple):
    name: str
    ok: bool
    detail: str
    remedy: str = ""


def _show_checks(document: Document) -> None:
    for each in document["checks"]:
        click.echo(f"{'ok     ' if each['ok'] else 'MISSING'}  {each['name']}: {each['detail']}")
        if not each["ok"]:
            click.echo(f"         {each['remedy']}")


@click.command()
@answers(_show_checks)
def check() -> Answer:
    """Tell whether this installation is ready: database, migrations, worker, keys. Exit code 7 where it isn't."""
    checks: list[Check] = []
    for look in (_database, _migrations, _worker, _keys):
        checks.append(_looked(look))
        if not checks[-1].ok and look in {_database, _migrations}:
            break
    ok = all(each.ok for each in checks)
    shown = [each._asdict() | {"remedy": None if each.ok else each.remedy} for each in checks]
    return Answer({"ok": ok, "checks": shown}, Exit.DONE if ok else Exit.NOT_READY)


def _looked(look: Callable[[], Check]) -> Check:
    try:
        with refusals():
            return look()
    except Refusal as refusal:
        return Check(look.__name__.strip("_"), False, refusal.what, refusal.remedy)


def _database() -> Check:
    from django.db import connection

    connection.ensure_connection()
    version = connection.pg_version // 10_000  # type: ignore[attr-defined]
    return Check("database", version >= 15, f"PostgreSQL {version}", "Rollbook needs PostgreSQL 15 or later.")


def _migrations() -> Check:
    waiting = _unapplied("default")
    return Check("migrations", not waiting, f"{len(waiting)} to apply" if waiting else "up to date", "Run `rollbook migrate`.")


def _worker() -> Check:
    from rollbook.sync import workers

    alive = workers.alive()
    return Check("worker", alive > 0, f"{alive} alive", "Start one: rollbook worker")


def _keys() -> Check:
    from rollbook.config import config

    sizes = {len(key) for key in config.keys.values()}
    made_up = " (made up, fine for trying out)" if config.encryption_keys is None else ""
    return Check("keys", sizes == {32}, f"{len(config.keys)} encryption key{made_up}", "Each key is 32 bytes in base64: rollbook keys")


def _show_keys(document: Document) -> None:
    for name, value in document["keys"].items():
        click.echo(f"{name}={value}")
    say("Put these into the environment of web and worker, and keep a copy apart from the database's backups.")


@click.command()
@answers(_show_keys, django=False)
def keys() -> Answer:
    """Print a fresh secret key and encryption key for a production installation. Nothing is stored."""
    encryption = f"k{secrets.token_hex(3)}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    return Answer({"keys": {"ROLLBOOK_SECRET_KEY": secrets.token_urlsafe(48), "ROLLBOOK_ENCRYPTION_KEYS": encryption}})
