"""Backups: writing all tables to one file, and restoring it into an empty database.

A backup is a zip with one member for each table, as PostgreSQL's COPY writes it, all read in one
snapshot, and a manifest with columns, rows and checksums. It leaves out the encryption keys, which
must not be stored beside what they open, sessions, and the queue, whose jobs workers make anew.
"""

import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, LiteralString

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from rollbook import scope

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
PIECE: Final = 1 << 20
# Made by migrating, or useless in another database.
LEFT_OUT: Final = ("django_migrations", "django_content_type", "auth_permission", "django_session")
LEFT_OUT_PREFIX: Final = "procrastinate_"
NOT_INCLUDED: Final = (
    "the encryption keys (ROLLBOOK_ENCRYPTION_KEYS): "
    "without them the stored credentials can't be read",
    "the other settings of the environment",
    "sessions: everybody signs in again",
    "queued jobs: workers queue them anew",
)

Manifest = dict[str, Any]


class Unusable(Exception):
    """A backup can't be restored. `code` is stable, `what` is the reason, `remedy` what to do."""

    def __init__(self, code: str, what: str, remedy: str) -> None:
        super().__init__(what)
        self.code, self.what, self.remedy = code, what, remedy


def write(file: Path) -> Manifest:
    """Write a backup, which gets its name only when it is complete. Raises FileExistsError."""
    if file.exists():
        raise FileExistsError(file)
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        opened = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "wb") as target:
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
                manifest = _dump(connections["default"], archive)
                archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
            target.flush()
            os.fsync(target.fileno())
        os.link(scratch, file)
    finally:
        scratch.unlink(missing_ok=True)
    return manifest


def _dump(connection: BaseDatabaseWrapper, archive: zipfile.ZipFile) -> Manifest:
    tables: dict[str, Any] = {}
    with scope.of_installation(scope.Across.BACKUP), connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # sends the scope, which the transaction's first line may not
        with transaction.atomic(using=connection.alias):
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for table, columns in _tables(cursor).items():
                tables[table] = _dump_table(cursor, archive, table, columns)
            migrations = _migrations(connection)
    return {
        "format": FORMAT,
        "rollbook": _version(),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "migrations": migrations,
        "tables": tables,
        "not_included": NOT_INCLUDED,
    }


def _dump_table(
    cursor: Any, archive: zipfile.ZipFile, table: str, columns: list[str]
) -> dict[str, Any]:
    """Write the rows of a table into the archive, and return its part of the manifest."""
    digest, rows, size = sha256(), 0, 0
    with (
        archive.open(f"{table}.copy", "w", force_zip64=True) as member,
        cursor.copy(_copy(table, columns, "TO STDOUT")) as copy,
    ):
        for block in copy:
            piece = bytes(block)
            member.write(piece)
            digest.update(piece)
            rows += piece.count(b"\n")  # COPY writes a line break in a value as two characters
            size += len(piece)
    return {"columns": columns, "rows": rows, "bytes": size, "sha256": digest.hexdigest()}


def _version() -> str:
    try:
        return version("rollbook")
    except PackageNotFoundError:  # run from a clone, without being installed
        return ""


def restore(file: Path) -> Manifest:
    """Load a backup into an empty database of the same version: all of it, or nothing.

    Raises Unusable.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _checked(archive)
            _load(connections["owner"], archive, manifest)
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise Unusable(
            "not_a_backup",
            f"{file.name} is not a whole backup of Rollbook.",
            "Take another copy of the file.",
        ) from error
    return manifest


def _checked(archive: zipfile.ZipFile) -> Manifest:
    """Return the manifest, after checking every table's checksum.

    Raises Unusable, or what reading a broken file raises.
    """
    manifest: Manifest = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT:
        what = f"The backup has format {manifest['format']}, this version reads {FORMAT}."
        raise Unusable(
            "backup_of_another_version",
            what,
            "Restore it with the version of Rollbook that made it, then upgrade.",
        )
    for table, about in manifest["tables"].items():
        digest = sha256()
        for piece in _pieces(archive, table):
            digest.update(piece)
        if digest.hexdigest() != about["sha256"]:
            raise Unusable(
                "backup_damaged",
                f"The backup is damaged: {table} has changed since it was written.",
                "Take another copy of the file.",
            )
    return manifest


def _load(connection: BaseDatabaseWrapper, archive: zipfile.ZipFile, manifest: Manifest) -> None:
    if _migrations(connection) != manifest["migrations"]:
        made_by = manifest["rollbook"] or "unknown"
        what = f"The backup was made by another version of Rollbook ({made_by})."
        remedy = (
            "Install that version, `rollbook migrate` an empty database, restore there, "
            "then upgrade and migrate again."
        )
        raise Unusable("backup_of_another_version", what, remedy)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        tables = _tables(cursor)
        if {name: about["columns"] for name, about in manifest["tables"].items()} != tables:
            raise Unusable(
                "backup_of_another_version",
                "The backup's tables are not those of this database.",
                "Run `rollbook migrate` first.",
            )
        for table in tables:
            has_rows = sql.SQL("SELECT EXISTS (SELECT 1 FROM {})").format(sql.Identifier(table))
            cursor.execute(has_rows)
            if cursor.fetchone()[0]:
                raise Unusable(
                    "database_not_empty",
                    "The database is not empty. A backup is only restored into an empty one.",
                    "Name an empty database in DATABASE_URL, run `rollbook migrate`, "
                    "and restore there.",
                )
        with _open_to_copy(cursor):
            for table, columns in tables.items():
                with cursor.copy(_copy(table, columns, "FROM STDIN")) as copy:
                    for piece in _pieces(archive, table):
                        copy.write(piece)
                _continue_sequence(cursor, table, columns)


@contextmanager
def _open_to_copy(cursor: Any) -> Iterator[None]:
    """Let the owner load tables by COPY, which row-level security forbids, in this transaction."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relforcerowsecurity"
        " AND relnamespace = 'public'::regnamespace"
    )
    walled = [sql.Identifier(name) for (name,) in cursor.fetchall()]
    for table in walled:
        cursor.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(table))
    yield
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table is altered with checks to come
    for table in walled:
        cursor.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(table))


def _pieces(archive: zipfile.ZipFile, table: str) -> Iterator[bytes]:
    with archive.open(f"{table}.copy") as member:
        while piece := member.read(PIECE):
            yield piece


def _continue_sequence(cursor: Any, table: str, columns: list[str]) -> None:
    """Set the sequence of a table's id to the highest id, so that new ids are new."""
    if "id" in columns:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [f'"{table}"'])
        if (sequence := cursor.fetchone()[0]) is not None:
            highest = sql.SQL(
                "SELECT setval(%s, coalesce(max(id), 1), max(id) IS NOT NULL) FROM {}"
            ).format(sql.Identifier(table))
            cursor.execute(highest, [sequence])


def _tables(cursor: Any) -> dict[str, list[str]]:
    """Return the tables of a backup, with the columns that aren't computed from others."""
    cursor.execute(
        """
        SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position)
        FROM information_schema.columns
        JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER'
        GROUP BY table_name ORDER BY table_name
        """
    )
    return {
        name: columns
        for name, columns in cursor.fetchall()
        if name not in LEFT_OUT and not name.startswith(LEFT_OUT_PREFIX)
    }


def _copy(table: str, columns: list[str], way: LiteralString) -> sql.Composed:
    """Return a COPY statement with names from the database's catalogue, never from the file."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) " + way).format(sql.Identifier(table), names)


def _migrations(connection: BaseDatabaseWrapper) -> list[str]:
    return sorted(
        f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()
    )
