"""`rollbook check`: whether this installation is ready, and what to do if it isn't."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import click
from django.db import connection
from django.db.models import Min

from rollbook import database
from rollbook.cli.exit_codes import Exit
from rollbook.cli.operate.migrate import unapplied
from rollbook.cli.output import Document, Output, Refusal, prints, refusals
from rollbook.config import config, unknown_variables
from rollbook.schools import clock
from rollbook.sync import queue
from rollbook.sync.mail import outbox
from rollbook.sync.models import Schedule
from rollbook.sync.setup import credentials
from rollbook.sync.worker import metrics

# Due times, leases and ends of sessions go by the database's clock. Tokens of a SIS, Django's table
# of sessions and log lines don't.
MOST_CLOCK_SECONDS = 10.0
MOST_WAITING_SECONDS = 300
# Integrations of one school run one after the other.
MOST_LATE_SECONDS = 3_600


class Check(NamedTuple):
    """One thing that was checked. `remedy` is for when it isn't ok."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def _show(document: Document) -> None:
    for each in document["checks"]:
        mark = "ok     " if each["ok"] else "PROBLEM"
        click.echo(f"{mark}  {each['name']}: {each['detail']}")
        if not each["ok"]:
            click.echo(f"         {each['remedy']}")


@click.command()
@prints(_show)
def check() -> Output:
    """Check whether this installation is ready. Exit code 7 if it isn't.

    It checks settings, database, mail, keys, worker, schedules and clock. It connects to the
    mail server without sending anything, and decrypts stored credentials without showing them.
    """
    checks: list[Check] = []
    for run_check in CHECKS:
        checks.append(_checked(run_check))
        if run_check in {_database, _migrations} and not checks[-1].ok:
            break  # the other checks need the database
    ok = all(each.ok for each in checks)
    listed = [each._asdict() | {"remedy": None if each.ok else each.remedy} for each in checks]
    return Output({"ok": ok, "checks": listed}, Exit.DONE if ok else Exit.NOT_READY)


def _checked(run_check: Callable[[], Check]) -> Check:
    """Run a check; a refusal makes it one that isn't ok."""
    try:
        with refusals():
            return run_check()
    except Refusal as refusal:
        return Check(run_check.__name__.strip("_"), False, refusal.what, refusal.remedy)


def _settings() -> Check:
    """Check what the settings alone don't show.

    Settings that production refuses have ended this process before.
    """
    if config.ca_file is not None and not config.ca_file.is_file():
        return Check(
            "settings",
            False,
            "ROLLBOOK_CA_FILE is not a file",
            "Give the path of the PEM file, or remove the setting.",
        )
    if unknown := unknown_variables(os.environ):
        return Check(
            "settings", False, " ".join(unknown), "Correct the name, or remove the variable."
        )
    if config.production:
        return Check("settings", True, "production")
    return Check("settings", True, "development: fine for trying out, not for a school")


def _database() -> Check:
    """Check the version, and in production that no role gets around the rules of the database."""
    connection.ensure_connection()
    version = cast(Any, connection).pg_version // 10_000
    power = database.power_of_role(connection) if config.production else ""
    if power:
        return Check("database", False, power, database.ROLE_REMEDY)
    remedy = "Rollbook needs PostgreSQL 15 or later."
    return Check("database", version >= 15, f"PostgreSQL {version}", remedy)


def _migrations() -> Check:
    waiting = unapplied("default")
    detail = f"{len(waiting)} not applied yet" if waiting else "up to date"
    return Check("migrations", not waiting, detail, "Run `rollbook migrate`.")


def _mail() -> Check:
    if not config.email_url:
        return Check(
            "mail",
            not config.production,
            "no mail server: mail is written to the log",
            "Set ROLLBOOK_EMAIL_URL. Without it nobody is told about failed runs.",
        )
    trouble = outbox.mail_trouble()
    if not trouble:
        return Check("mail", True, "signed in to the mail server")
    return Check(
        "mail",
        False,
        f"the mail server can't be used: {trouble}",
        "Check ROLLBOOK_EMAIL_URL and the network. Waiting mail is sent when it works again.",
    )


def _keys() -> Check:
    if {len(key) for key in config.keys.values()} != {32}:
        return Check(
            "keys",
            False,
            "a key has the wrong length",
            "Each key is 32 bytes in base64. `rollbook keys` prints one.",
        )
    readability = credentials.readability()
    if readability.unreadable:
        affected = ", ".join(readability.integrations[:5])
        return Check(
            "keys",
            False,
            f"{readability.unreadable} stored credentials can't be read with these keys",
            "Add the key they were stored with to ROLLBOOK_ENCRYPTION_KEYS, after the newest. Or "
            f"enter the credentials again in Step 1.1 for: {affected}.",
        )
    made_up = ", made up, fine for trying out" if config.encryption_keys is None else ""
    number = len(config.keys)
    keys = f"{number} encryption key{'s' if number != 1 else ''}{made_up}"
    return Check("keys", True, f"{keys}; {readability.readable} stored values can be read")


def _worker() -> Check:
    alive = queue.workers_alive()
    return Check("worker", alive > 0, f"{alive} running", "Start one: rollbook worker")


def _waiting() -> Check:
    """Check that no run waits for minutes, as it does when all workers are busy."""
    seconds = metrics.oldest_waiting_seconds()
    detail = f"a run has been waiting for {seconds:.0f} s" if seconds else "no run is waiting"
    remedy = "Start more workers, or raise ROLLBOOK_WORKER_CONCURRENCY."
    return Check("waiting", seconds < MOST_WAITING_SECONDS, detail, remedy)


def _clock() -> Check:
    seconds = clock.seconds_ahead()
    side = "ahead of" if seconds > 0 else "behind"
    return Check(
        "clock",
        abs(seconds) <= MOST_CLOCK_SECONDS,
        f"{abs(seconds):.1f} s {side} the database's clock",
        "Set the clocks of this machine and of the database's by NTP.",
    )


def _schedules() -> Check:
    """Check that a worker starts what is due."""
    enabled = Schedule.objects.filter(enabled=True, integration__active=True)
    first = enabled.aggregate(at=Min("next_due_at"))["at"]
    if first is None:
        return Check("schedules", True, "no run is planned")
    detail = f"the next run is due {first:%Y-%m-%d %H:%M} UTC"
    late = (clock.now() - first).total_seconds()
    remedy = "Start a worker, or look at its log: it starts what is due three times a minute."
    return Check("schedules", late < MOST_LATE_SECONDS, detail, remedy)


CHECKS = (
    *(_settings, _database, _migrations, _mail, _keys),
    *(_worker, _waiting, _schedules, _clock),
)
