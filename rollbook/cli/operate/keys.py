"""`rollbook keys`: makes the keys that a production installation needs."""

import base64
import secrets

import click

from rollbook.cli.commands import KEYS_COMMANDS
from rollbook.cli.lazy import LazyGroup
from rollbook.cli.output import Document, Output, json_option, prints, say


def _show_keys(document: Document) -> None:
    for name, value in document["keys"].items():
        click.echo(f"{name}={value}")
    say("Set both in the environment of web and worker.")
    say("Keep a copy of them, but not beside the backups of the database.")


@prints(_show_keys)
def _new_keys() -> Output:
    encryption_key = base64.b64encode(secrets.token_bytes(32)).decode()
    keys = {
        "ROLLBOOK_SECRET_KEY": secrets.token_urlsafe(48),
        "ROLLBOOK_ENCRYPTION_KEYS": f"k{secrets.token_hex(3)}:{encryption_key}",
    }
    return Output({"keys": keys})


@click.group(cls=LazyGroup, lazy=KEYS_COMMANDS, invoke_without_command=True)
@json_option
@click.pass_context
def keys(context: click.Context, as_json: bool) -> None:
    """Print a new secret key and encryption key. They are not stored anywhere."""
    if context.invoked_subcommand is None:
        _new_keys(as_json=as_json)
