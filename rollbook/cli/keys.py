"""`rollbook keys`: fresh keys for an installation, and credentials from an old key to the newest."""

import base64
import secrets

import click

from rollbook.cli.answers import Answer, Document, Exit, answers, say
from rollbook.cli.people import VIA


def _show_keys(document: Document) -> None:
    for name, value in document["keys"].items():
        click.echo(f"{name}={value}")
    say(
        "Put these into the environment of web and worker, and keep a copy apart from the database's backups."
    )


@answers(_show_keys, django=False)
def _fresh() -> Answer:
    encryption = f"k{secrets.token_hex(3)}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    return Answer(
        {
            "keys": {
                "ROLLBOOK_SECRET_KEY": secrets.token_urlsafe(48),
                "ROLLBOOK_ENCRYPTION_KEYS": encryption,
            }
        }
    )


@click.group(invoke_without_command=True)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON document on standard output and nothing else.",
)
@click.pass_context
def keys(context: click.Context, as_json: bool) -> None:
    """Print a fresh secret key and encryption key for a production installation. Nothing is stored."""
    if context.invoked_subcommand is None:
        _fresh(as_json=as_json)


def _show_rotated(document: Document) -> None:
    told = document["rotated"]
    click.echo(
        f"Key {told['key']}: {told['changed']} stored values encrypted anew, {told['already']} were already."
    )
    if told["unreadable"]:
        click.echo(
            f"{told['unreadable']} can't be read with these keys and were left as they are: keep the old keys, and see `rollbook check`."
        )
    else:
        click.echo(
            "The other keys are needed by nothing but older backups: they can go from ROLLBOOK_ENCRYPTION_KEYS."
        )


@keys.command()
@answers(_show_rotated)
def rotate() -> Answer:
    """Encrypt every stored credential anew with the first of ROLLBOOK_ENCRYPTION_KEYS.

    Put the new key in front of the old one for web and workers, restart them, then run this. It may be interrupted and run again.

    \b
    Example:
      ROLLBOOK_ENCRYPTION_KEYS=k2:…,k1:… rollbook keys rotate
    """
    from rollbook.schools import audit
    from rollbook.sync.setup import credentials

    told = credentials.rotate()
    audit.record(
        "keys.rotated",
        school=None,
        actor=None,
        subject=told.key,
        via=VIA,
        changed=told.changed,
        unreadable=told.unreadable,
    )
    return Answer({"rotated": told._asdict()}, Exit.NOT_READY if told.unreadable else Exit.DONE)
