"""`rollbook backup` and `rollbook restore`: one file with all that has to survive, but for the keys."""

from pathlib import Path

import click

from rollbook import backup as copies
from rollbook.cli.answers import Answer, Document, Refusal, answers, say
from rollbook.cli.exit_codes import Exit
from rollbook.cli.people import VIA
from rollbook.schools import audit
from rollbook.sync.setup import credentials


def _show_backup(document: Document) -> None:
    told = document["backup"]
    click.echo(
        f"{told['file']}: {told['bytes']:,} bytes, {sum(told['rows'].values()):,} rows of {len(told['rows'])} tables."
    )
    click.echo("Not in it:")
    for each in told["not_included"]:
        click.echo(f"  {each}")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@answers(_show_backup)
def backup(file: Path) -> Answer:
    """Write everything but the keys to one file.

    The file holds students' data, and is readable for its owner only. Keep the encryption keys elsewhere.

    \b
    Example:
      rollbook backup /backups/rollbook-monday.zip
    """
    try:
        manifest = copies.write(file)
    except FileExistsError as error:
        raise Refusal(
            Exit.REFUSED, "file_exists", f"{file} is there already.", "Name another file."
        ) from error
    except OSError as error:
        raise Refusal(
            Exit.REFUSED,
            "file_refused",
            f"{file} can't be written: {error.strerror}.",
            "Name a file in a folder that is there.",
        ) from error
    rows = {table: told["rows"] for table, told in manifest["tables"].items()}
    audit.record(
        "backup.made",
        school=None,
        actor=None,
        subject=file.name[:100],
        via=VIA,
        rows=sum(rows.values()),
    )
    told = {
        "file": str(file),
        "bytes": file.stat().st_size,
        "rows": rows,
        "made_at": manifest["made_at"],
    }
    return Answer({"backup": told | {"not_included": list(copies.NOT_INCLUDED)}})


def _show_restored(document: Document) -> None:
    told = document["restored"]
    click.echo(
        f"Restored {sum(told['rows'].values()):,} rows of {len(told['rows'])} tables, as of {told['made_at']}."
    )
    click.echo(f"{told['credentials_readable']} stored credentials can be read with these keys.")
    if told["credentials_unreadable"]:
        say(
            f"{told['credentials_unreadable']} can't be: bring the key they were stored with into ROLLBOOK_ENCRYPTION_KEYS, or enter them "
            "again. Until then their schools' runs don't start, and say so."
        )
    say(
        "Start web and worker. Runs that were active start over; each schedule that fell due meanwhile makes one catch-up run."
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@answers(_show_restored)
def restore(file: Path) -> Answer:
    """Load a backup into an empty, migrated database. Works as the owner of the tables, as `rollbook migrate` does.

    Stop the old installation first, or both will sync.

    \b
    Example:
      rollbook migrate && rollbook restore /backups/rollbook-monday.zip
    """
    try:
        manifest = copies.restore(file)
    except copies.Unusable as unusable:
        raise Refusal(Exit.REFUSED, unusable.code, unusable.what, unusable.remedy) from unusable
    rows = {table: told["rows"] for table, told in manifest["tables"].items()}
    audit.record(
        "backup.restored",
        school=None,
        actor=None,
        subject=file.name[:100],
        via=VIA,
        rows=sum(rows.values()),
    )
    keys = credentials.readability()
    told = {
        "rows": rows,
        "made_at": manifest["made_at"],
        "credentials_readable": keys.readable,
        "credentials_unreadable": keys.unreadable,
    }
    return Answer({"restored": told})
