"""`rollbook check`: is this installation ready, and if not, what to do about it."""

import time
from collections.abc import Callable
from typing import NamedTuple

import click
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models.functions import Now

from rollbook.cli.answers import Answer, Document, Refusal, answers, refusals
from rollbook.cli.exit_codes import Exit
from rollbook.cli.migrate import unapplied
from rollbook.config import config
from rollbook.sync import queue
from rollbook.sync.mail import outbox
from rollbook.sync.setup import credentials
from rollbook.sync.worker import metrics

FASTEST_CLOCK = 10.0  # seconds that a clock may be off: due times go by the workers' clocks, leases by the database's


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
    """Check whether this installation is ready. Exit code 7 where it isn't.

    Mail servers are connected to and sent nothing; stored credentials are decrypted and shown to nobody.
    """
    checks: list[Check] = []
    for look in (_settings, _database, _migrations, _mail, _keys, _worker, _waiting, _clock):
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


def _settings() -> Check:
    """Those that production refuses have ended this process already; here is what can't be seen from the settings alone."""
    if config.ca_file is not None and not config.ca_file.is_file():
        return Check(
            "settings", False, "ROLLBOOK_CA_FILE names no file", "Name the PEM file, or unset it."
        )
    what = (
        "production" if config.production else "development: fine for trying out, not for a school"
    )
    return Check("settings", True, what)


def _database() -> Check:
    connection.ensure_connection()
    version = connection.pg_version // 10_000  # type: ignore[attr-defined]
    return Check(
        "database", version >= 15, f"PostgreSQL {version}", "Rollbook needs PostgreSQL 15 or later."
    )


def _migrations() -> Check:
    waiting = unapplied("default")
    return Check(
        "migrations",
        not waiting,
        f"{len(waiting)} to apply" if waiting else "up to date",
        "Run `rollbook migrate`.",
    )


def _mail() -> Check:
    if not config.email_url:
        remedy = "Set ROLLBOOK_EMAIL_URL: nobody hears of failed runs."
        return Check(
            "mail", not config.production, "no mail server: mail is written to the log", remedy
        )
    trouble = outbox.mail_trouble()
    what = (
        f"the mail server can't be used: {trouble}"
        if trouble
        else "the mail server takes our sign-in"
    )
    return Check(
        "mail",
        not trouble,
        what,
        "Check ROLLBOOK_EMAIL_URL and the way to the mail server. Mail that waits is sent once it is back.",
    )


def _keys() -> Check:
    if {len(key) for key in config.keys.values()} != {32}:
        return Check(
            "keys",
            False,
            "a key has another length",
            "Each key is 32 bytes in base64: rollbook keys",
        )
    told = credentials.readability()
    made_up = ", made up, fine for trying out" if config.encryption_keys is None else ""
    plural = "s" if len(config.keys) != 1 else ""
    what = f"{len(config.keys)} encryption key{plural}{made_up}; {told.readable} stored values can be read"
    if not told.unreadable:
        return Check("keys", True, what)
    remedy = (
        "Put the key they were stored with into ROLLBOOK_ENCRYPTION_KEYS, behind the newest; or enter the credentials again in "
        f"Step 1.1 for: {', '.join(told.integrations[:5])}."
    )
    return Check(
        "keys", False, f"{told.unreadable} stored credentials can't be read with these keys", remedy
    )


def _worker() -> Check:
    alive = queue.workers_alive()
    return Check("worker", alive > 0, f"{alive} alive", "Start one: rollbook worker")


def _waiting() -> Check:
    """A run that waits for minutes although workers are alive: all their places are taken."""
    seconds = metrics.oldest_waiting_seconds()
    what = f"the oldest waiting run has waited for {seconds:.0f} s" if seconds else "no run waits"
    return Check(
        "waiting", seconds < 300, what, "Start more workers, or raise ROLLBOOK_WORKER_CONCURRENCY."
    )


def _clock() -> Check:
    before = time.time()
    told = ContentType.objects.annotate(now=Now()).values_list("now", flat=True)[:1].get()
    off = told.timestamp() - (before + time.time()) / 2
    what = f"{abs(off):.1f} s {'behind' if off > 0 else 'before'} the database's"
    return Check(
        "clock",
        abs(off) <= FASTEST_CLOCK,
        what,
        "Let this machine and the database's keep their clocks by NTP.",
    )
