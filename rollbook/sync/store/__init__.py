"""Stops 5 and 7: the plan into the database, and from there onto the accounts. With `sync.store_undo` the only hand-written SQL."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from os import urandom
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import IntegrityError, connection, transaction

from rollbook.config import config
from rollbook.roster.planning import Change
from rollbook.roster.records import Account, AccountKey, Issue
from rollbook.roster.rekeying import PlannedAccount
from rollbook.roster.sheet_matching import SheetKey
from rollbook.sync.models import Run

CHUNK = 5_000  # rows that travel at a time
FROZEN_SECONDS = (
    30  # the longest a worker may say nothing inside a transaction before the database ends it
)
_json = msgspec.json.Encoder()


class AccountKeys(NamedTuple):
    """The accounts of a school as the matcher takes them."""

    linked: list[AccountKey]
    unlinked: list[AccountKey]
    elsewhere: list[str]


def load_account_keys(school_id: UUID, source: str) -> AccountKeys:
    """The light form of all accounts of a school, parted by their link: to this source, to none, to another."""
    keys = AccountKeys([], [], [])
    with (
        transaction.atomic(),
        connection.chunked_cursor() as cursor,
    ):  # the server keeps what hasn't travelled yet
        cursor.execute(_sql("load_account_keys"), {"school": school_id})
        while rows := cursor.fetchmany(CHUNK):
            for account_id, fingerprint, email_key, sis_id, linked_to in rows:
                if (
                    sis_id is None or not linked_to
                ):  # an upload may have told a SIS ID without linking it
                    keys.unlinked.append(AccountKey(bytes(account_id), None, email_key, None))
                elif linked_to == source:
                    keys.linked.append(
                        AccountKey(
                            bytes(account_id), fingerprint and bytes(fingerprint), email_key, sis_id
                        )
                    )
                else:
                    keys.elsewhere.append(email_key)
    return keys


def load_sheet_keys(
    school_id: UUID, sis_ids: list[str], student_numbers: list[str], email_keys: list[str]
) -> list[SheetKey]:
    """The light form of every account that one of these ids or addresses leads to."""
    with connection.cursor() as cursor:
        wanted: dict[str, Any] = {
            "school": school_id,
            "sis_ids": sis_ids,
            "student_numbers": student_numbers,
            "email_keys": email_keys,
        }
        cursor.execute(_sql("load_sheet_keys"), wanted)
        return [SheetKey(bytes(account_id), *keys) for account_id, *keys in cursor.fetchall()]


def load_accounts(school_id: UUID, ids: Iterable[bytes]) -> dict[bytes, Account]:
    """The full rows of these accounts, by id."""
    wanted = [UUID(bytes=account_id) for account_id in ids]
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_sql("load_accounts"), {"school": school_id, "ids": wanted})
        return {bytes(row[0]): Account(bytes(row[0]), *row[1:]) for row in cursor.fetchall()}


def clear_plan(run: Run) -> None:
    """Forget what an earlier try of this run has planned."""
    for name in ("clear_changes", "clear_issues"):
        _execute(name, run)


def save_plan(run: Run, changes: Iterable[Change], issues: Iterable[Issue]) -> None:
    """Add changes and issues to a run's plan by COPY. A new student gets the id of the account to be made here."""
    school, run_id = str(run.school_id), str(run.pk)
    with connection.cursor() as cursor:
        # No wait for the disk: should the machine lose power, the state "planned", which comes later in the same log, is lost with it.
        cursor.execute("SET LOCAL synchronous_commit TO off")
        cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout TO '{FROZEN_SECONDS}s'")
        with cursor.copy(_sql("copy_changes")) as copy:
            for c in changes:
                account_id = (c.account_id or fresh_id()).hex()
                before = _json.encode(c.before).decode() if c.before else "{}"
                after = _json.encode(c.after).decode() if c.after else "{}"
                who = (c.sis_id, account_id, c.account_version, c.first_name, c.last_name, c.email)
                copy.write_row(
                    (
                        school,
                        run_id,
                        c.kind,
                        *who,
                        before,
                        after,
                        c.row_number,
                        c.fingerprint,
                        c.reason,
                        "",
                    )
                )
        with cursor.copy(_sql("copy_issues")) as copy:
            for i in issues:
                place = (i.row_number, i.column_index, i.other)
                copy.write_row(
                    (
                        school,
                        run_id,
                        i.severity,
                        i.code,
                        i.sis_id,
                        i.name,
                        i.field,
                        i.source_field,
                        i.value,
                        *place,
                    )
                )


def fresh_id() -> bytes:
    """The 16 bytes of a random UUID (RFC 9562, version 4); uuid4 takes four times as long, which counts for 100,000 new students."""
    random = bytearray(urandom(16))
    random[6] = random[6] & 0x0F | 0x40
    random[8] = random[8] & 0x3F | 0x80
    return bytes(random)


def withdraw(run: Run, sis_ids: Iterable[str]) -> dict[str, str]:
    """Take planned changes back; the names of those taken back, by SIS ID."""
    with connection.cursor() as cursor:
        cursor.execute(
            _sql("withdraw_changes"),
            {"school": run.school_id, "run": run.pk, "sis_ids": list(sis_ids)},
        )
        return dict(cursor.fetchall())


def names_of(school_id: UUID, source: str, sis_ids: Iterable[str]) -> dict[str, str]:
    """The names of linked students, by SIS ID."""
    with connection.cursor() as cursor:
        cursor.execute(
            _sql("names_of"), {"school": school_id, "source": source, "sis_ids": list(sis_ids)}
        )
        return dict(cursor.fetchall())


def recycled_emails(run: Run) -> list[tuple[str | None, str, str, str, str | None]]:
    """SIS ID, name and e-mail of those whom the plan gives an e-mail that was another's not long ago, and that one's name and SIS ID."""
    with whole_tables():
        return [
            (sis_id, name, email, earlier, its_id)
            for sis_id, name, email, earlier, its_id in _rows("recycled_emails", run)
        ]


def count_plan(run: Run) -> dict[str, int]:
    """How many rows the plan has, by change kind and by severity."""
    with connection.cursor() as cursor:
        counts: dict[str, int] = {}
        for name in ("count_changes", "count_emails", "count_issues"):
            cursor.execute(_sql(name), {"school": run.school_id, "run": run.pk})
            counts.update(cursor.fetchall())
        return counts


def keep_problems(run: Run) -> None:
    """Bring the work list up to what a finished run found: new ones open, known ones are seen again, those not found are gone."""
    _execute("keep_problems", run)
    _execute("fix_problems", run)


def count_expected(run: Run) -> int:
    """How many accounts the roster of this run should have."""
    with whole_tables():
        return int(_rows("count_expected", run)[0][0])


def expected_groups(run: Run) -> dict[tuple[str, str], int]:
    """How many accounts of each grade level and graduation year the roster should have, by ("grade" or "year", its name)."""
    with whole_tables():
        return {(kind, name): number for kind, name, number in _rows("count_expected_groups", run)}


def planned_new(run: Run, sis_ids: Iterable[str]) -> Iterator[PlannedAccount]:
    """The new accounts that were planned for these SIS IDs."""
    for sis_id, after, fingerprint in _rows("planned_new", run, sis_ids=list(sis_ids)):
        yield PlannedAccount(
            sis_id,
            after if isinstance(after, dict) else msgspec.json.decode(after),
            fingerprint and bytes(fingerprint),
        )


def apply_plan(run: Run) -> int:
    """Write the stored plan onto the accounts, inside the caller's transaction. Returns how many rows were overtaken.

    Rows whose account has changed since they were planned are left out and marked. Should an e-mail or SIS ID have been given to
    somebody else meanwhile, the database refuses the whole; then those rows are marked too, and the rest is applied.
    """
    with (
        connection.cursor() as cursor
    ):  # a worker that freezes in here must not keep the accounts locked
        cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout TO '{FROZEN_SECONDS}s'")
    with whole_tables():
        return _apply(run)


@contextmanager
def whole_tables() -> Iterator[None]:
    """Join by hashing, inside a transaction. Right after a large plan was stored or applied, the database's statistics know nothing of
    it: taking it for a few rows, it went through 50,000 accounts for each of 50,000 rows, for minutes.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop TO off")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop TO on")


def _apply(run: Run) -> int:
    _execute("lock_accounts", run)
    overtaken = _execute("mark_overtaken", run)
    if run.is_upload:
        overtaken += _execute("mark_arrived", run)
    elif not run.is_undo:
        for name in ("mark_missing", "mark_seen"):
            _execute(name, run)
    try:
        with transaction.atomic():
            _write_accounts(run)
    except IntegrityError:
        while marked := _execute("mark_collisions", run):
            overtaken += marked
        _write_accounts(run)
    return overtaken


def _write_accounts(run: Run) -> None:
    for name in ("keep_aliases", "apply_updates", "apply_new", "apply_fingerprints"):
        _execute(name, run)
    with connection.cursor() as cursor:  # deferred for swaps; now every address has its final owner
        cursor.execute("SET CONSTRAINTS one_account_per_email IMMEDIATE")
        cursor.execute("SET CONSTRAINTS one_account_per_email DEFERRED")


def _rows(name: str, run: Run, **more: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _sql(name), {"school": run.school_id, "run": run.pk, "source": run.link_source, **more}
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _execute(name: str, run: Run) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            _sql(name),
            {
                "school": run.school_id,
                "run": run.pk,
                "source": run.link_source,
                "alias_days": config.alias_days,
            },
        )
        return int(cursor.rowcount)


@cache
def _sql(name: str) -> Any:
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text()


def in_chunks(rows: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """Cut a long row of things into lists."""
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
