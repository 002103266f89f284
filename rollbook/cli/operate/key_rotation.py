"""`rollbook keys rotate`: encrypts the stored credentials with the newest key."""

import click

from rollbook.cli import audit_log
from rollbook.cli.exit_codes import Exit
from rollbook.cli.output import Document, Output, prints
from rollbook.schools import digest_key, second_factors
from rollbook.sync.setup import credentials


def _show_rotated(document: Document) -> None:
    rotated = document["rotated"]
    click.echo(
        f"Key {rotated['key']}: {rotated['changed']} stored secrets were encrypted again, "
        f"{rotated['already']} used this key already."
    )
    if rotated["unreadable"]:
        click.echo(
            f"{rotated['unreadable']} can't be read with these keys and were not changed. "
            "Keep the old keys. `rollbook check` names the schools."
        )
    else:
        click.echo(
            "Only older backups still need the other keys. "
            "You can remove those keys from ROLLBOOK_ENCRYPTION_KEYS."
        )


@click.command()
@prints(_show_rotated)
def rotate() -> Output:
    """Encrypt all stored credentials and second factors with the newest key.

    That is the first of ROLLBOOK_ENCRYPTION_KEYS.

    Put the new key in front of the old one for web and workers, restart them, then run this.
    If it is interrupted, run it again.

    \b
    Example:
      ROLLBOOK_ENCRYPTION_KEYS=k2:…,k1:… rollbook keys rotate
    """
    rotated = credentials.rotate()
    factors = second_factors.seal_again()
    rotated = rotated._replace(
        changed=rotated.changed + factors.changed,
        already=rotated.already + factors.already,
        unreadable=rotated.unreadable + factors.unreadable,
    )
    digest_key.rotate()
    audit_log.record(
        "keys.rotated", None, rotated.key, changed=rotated.changed, unreadable=rotated.unreadable
    )
    exit_code = Exit.NOT_READY if rotated.unreadable else Exit.DONE
    return Output({"rotated": rotated._asdict()}, exit_code)
