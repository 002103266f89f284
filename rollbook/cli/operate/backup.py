"""`rollbook backup` and `rollbook restore`: one file with everything except the keys."""

from pathlib import Path

import click

from rollbook import backup as backups
from rollbook.cli import audit_log
from rollbook.cli.exit_codes import Exit
from rollbook.cli.operate.migrate import refuse_unmigrated
from rollbook.cli.output import Document, Output, Refusal, prints, say
from rollbook.sync.setup import credentials


def _show_backup(document: Document) -> None:
    made = document["backup"]
    rows = sum(made["rows"].values())
    click.echo(
        f"{made['file']}: {made['bytes']:,} bytes, {rows:,} rows of {len(made['rows'])} tables."
    )
    click.echo("Not included:")
    for part in made["not_included"]:
        click.echo(f"  {part}")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@prints(_show_backup)
def backup(file: Path) -> Output:
    """Write everything but the keys to one file. Rollbook keeps working meanwhile.

    The file is a snapshot of one moment. It holds students' data, and only its owner can read
    it. Keep the encryption keys in another place.

    \b
    Example:
      rollbook backup /backups/rollbook-monday.zip
    """
    refuse_unmigrated()
    try:
        manifest = backups.write(file)
    except FileExistsError as error:
        raise Refusal(
            Exit.REFUSED,
            "file_exists",
            f"{file} exists already. It was not changed.",
            "Choose another name.",
        ) from error
    except OSError as error:
        raise Refusal(
            Exit.REFUSED,
            "file_refused",
            f"{file} can't be written: {error.strerror}.",
            "Choose a file in an existing folder that you may write to.",
        ) from error
    rows = _rows(manifest)
    audit_log.record("backup.made", None, file.name[:100], rows=sum(rows.values()))
    made = {
        "file": str(file),
        "bytes": file.stat().st_size,
        "rows": rows,
        "made_at": manifest["made_at"],
        "not_included": list(backups.NOT_INCLUDED),
    }
    return Output({"backup": made})


def _rows(manifest: Document) -> dict[str, int]:
    """Return the number of rows of each table in a backup."""
    return {table: content["rows"] for table, content in manifest["tables"].items()}


def _show_restored(document: Document) -> None:
    restored = document["restored"]
    rows = sum(restored["rows"].values())
    click.echo(
        f"Restored {rows:,} rows of {len(restored['rows'])} tables, as of {restored['made_at']}."
    )
    click.echo(
        f"{restored['credentials_readable']} stored credentials can be read with these keys."
    )
    if restored["credentials_unreadable"]:
        say(
            f"{restored['credentials_unreadable']} can't be read, and their schools don't run. "
            "Add the key they were stored with to ROLLBOOK_ENCRYPTION_KEYS, "
            "or enter the credentials again."
        )
    say("Start web and worker. Runs that were active start again.")
    say("Each schedule that was due meanwhile makes one run.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@prints(_show_restored)
def restore(file: Path) -> Output:
    """Load a backup into an empty, migrated database. Everything is loaded, or nothing.

    Like `rollbook migrate` it works as the owner of the tables. Stop the old installation
    first, or both will sync.

    \b
    Example:
      rollbook migrate && rollbook restore /backups/rollbook-monday.zip
    """
    try:
        manifest = backups.restore(file)
    except backups.Unusable as unusable:
        raise Refusal(Exit.REFUSED, unusable.code, unusable.what, unusable.remedy) from unusable
    rows = _rows(manifest)
    audit_log.record("backup.restored", None, file.name[:100], rows=sum(rows.values()))
    keys = credentials.readability()
    restored = {
        "rows": rows,
        "made_at": manifest["made_at"],
        "credentials_readable": keys.readable,
        "credentials_unreadable": keys.unreadable,
    }
    return Output({"restored": restored})
