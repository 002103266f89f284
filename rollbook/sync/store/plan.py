"""Stop 5: the accounts that a plan is made against, and the plan on its way into the database."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import chain
from operator import itemgetter
from os import urandom
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection

from rollbook.roster.planning.changes import Change
from rollbook.roster.planning.guards import ErrorCause
from rollbook.roster.planning.lookalikes import Student
from rollbook.roster.planning.packed_table import PackedTable
from rollbook.roster.planning.rekeying import PlannedAccount
from rollbook.roster.records import Account, AccountKey, Issue, SisLink
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Run
from rollbook.sync.store.statements import (
    copying,
    each_row_of,
    end_if_frozen,
    execute,
    in_chunks,
    rows_of,
    sql,
    whole_tables,
)

_json = msgspec.json.Encoder()


def load_accounts(school_id: UUID, ids: Iterable[bytes]) -> dict[bytes, Account]:
    """Return the full rows of these accounts, by id."""
    asked = [UUID(bytes=account_id) for account_id in ids]
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(sql("load_accounts"), {"school": school_id, "ids": asked})
        # By name: the columns may come in any order, and one that is missing fails at once.
        columns = [column.name for column in cursor.description]
        in_order = itemgetter(*(columns.index(field) for field in Account._fields))
        accounts = [Account._make(in_order(row)) for row in cursor.fetchall()]
    loaded = {account.id: account for account in accounts}
    for account in accounts:
        if account.further_links:
            links = further_links(account.further_links)
            loaded[account.id] = account._replace(further_links=links)
    return loaded


def further_links(rows: Iterable[Sequence[Any]]) -> tuple[SisLink, ...]:
    """Return further links from their rows: source, SIS ID, missing runs and since when, as text.

    The database can only put values of one type into an array.
    """
    return tuple(
        SisLink(source, sis_id, int(runs), since and date.fromisoformat(since))
        for source, sis_id, runs, since in rows
    )


def load_closed_accounts(run: Run, email_keys: Iterable[str], days: int) -> list[Account]:
    """Return the accounts with these addresses that left or graduated `days` before the run."""
    rows = rows_of("load_closed_accounts", run, email_keys=list(email_keys), days=days)
    ids = (bytes(account_id) for (account_id,) in rows)
    return list(load_accounts(run.school_id, ids).values())


def planned_emails(run: Run, email_keys: Iterable[str]) -> list[str]:
    """Return which of these addresses the plan gives to somebody."""
    return [key for (key,) in rows_of("planned_emails", run, email_keys=list(email_keys))]


def open_sis_ids(school_id: UUID, keys: Iterable[AccountKey]) -> list[str]:
    """Return the SIS IDs of those accounts that are active."""
    active = StudentAccount.objects.filter(school_id=school_id, status="active")
    sis_ids: list[str] = []
    for chunk in in_chunks(keys):
        by_id = {UUID(bytes=key.id): key.sis_id for key in chunk}
        ids = active.filter(pk__in=list(by_id)).values_list("pk", flat=True)
        sis_ids += [sis_id for each in ids if (sis_id := by_id[each]) is not None]
    return sis_ids


def clear_plan(run: Run) -> None:
    """Forget what an earlier try of this run has planned."""
    execute("clear_changes", run)
    execute("clear_issues", run)
    execute("clear_missing", run)


def save_plan(run: Run, changes: Iterable[Change], issues: Iterable[Issue]) -> None:
    """Add changes and issues to a run's plan by COPY, inside the caller's transaction.

    A new student gets the id of the account to be made here. Neither iterable may ask the database:
    a connection that is in the middle of a COPY answers no query. Where both are empty, as in most
    weeks, nothing is sent.
    """
    school, run_id = str(run.school_id), str(run.pk)
    changes, issues = iter(changes), iter(issues)
    first_change, first_issue = next(changes, None), next(issues, None)
    if first_change is None and first_issue is None:
        return
    # No wait for the disk: should the machine lose power, the state "planned", which comes later in
    # the same log, is lost with it.
    end_if_frozen(run, "synchronous_commit TO off")
    with connection.cursor() as cursor:
        if first_change is not None:
            with copying(cursor, "changes") as copy:
                for change in chain((first_change,), changes):
                    copy.write_row((school, run_id, *_change_columns(change)))
        if first_issue is not None:
            with copying(cursor, "issues") as copy:
                for issue in chain((first_issue,), issues):
                    copy.write_row((school, run_id, *_issue_columns(issue)))


def _change_columns(change: Change) -> tuple[Any, ...]:
    return (
        change.kind,
        change.sis_id,
        (change.account_id or fresh_id()).hex(),
        change.account_version,
        change.first_name,
        change.last_name,
        change.email,
        _json.encode(change.before).decode() if change.before else "{}",
        _json.encode(change.after).decode() if change.after else "{}",
        change.row_number,
        change.fingerprint,
        change.reason,
        _json.encode(change.sis_answer._asdict()).decode() if change.sis_answer else None,
        "",
    )


def _issue_columns(issue: Issue) -> tuple[Any, ...]:
    return (
        issue.severity,
        issue.code,
        issue.sis_id,
        issue.name,
        issue.field,
        issue.source_field,
        issue.value,
        issue.row_number,
        issue.column_index,
        issue.other,
        issue.fingerprint,
    )


def load_rejected(run: Run) -> PackedTable:
    """Return the fingerprints of the records that the last run of this source skipped, by SIS ID.

    The last run that was done: the open problems are those that it found.
    """
    rejected = PackedTable()
    for sis_id, fingerprint in rows_of("load_rejected", run):
        rejected.enter(sis_id, bytes(fingerprint))
    return rejected


def carry_problems(run: Run, sis_ids: Sequence[str]) -> None:
    """Store the open problems of these students in the plan: their records are skipped again."""
    if sis_ids:
        with whole_tables():
            execute("carry_problems", run, sis_ids=sis_ids)


def fresh_id() -> bytes:
    """Return the 16 bytes of a random UUID (RFC 9562, version 4).

    `uuid4` takes four times as long, which counts for 100,000 new students.
    """
    random = bytearray(urandom(16))
    random[6] = random[6] & 0x0F | 0x40
    random[8] = random[8] & 0x3F | 0x80
    return bytes(random)


def withdraw(run: Run, sis_ids: Iterable[str]) -> dict[str, str]:
    """Take planned changes back; return the names of the students concerned, by SIS ID."""
    asked = list(sis_ids)
    return dict(rows_of("withdraw_changes", run, sis_ids=asked)) if asked else {}


def split_emails(run: Run, rows: Sequence[int]) -> int:
    """Part these planned rows, so that all is applied but their e-mail. Return how many.

    The e-mail stays in the plan as a row of its own that is left out. The rows lose their
    fingerprint: the next run compares the students again, and plans the e-mail again.
    """
    return execute("split_emails", run, rows=list(rows)) if rows else 0


def names_of(school_id: UUID, source: str, sis_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of linked students, by SIS ID."""
    sis_ids = list(sis_ids)
    if not sis_ids:  # most often: asked for nobody, the database goes through all accounts
        return {}
    with connection.cursor() as cursor:
        cursor.execute(sql("names_of"), {"school": school_id, "source": source, "sis_ids": sis_ids})
        return dict(cursor.fetchall())


class RecycledEmail(NamedTuple):
    """A student who gets an e-mail that another one had not long ago, and that other one."""

    sis_id: str | None
    name: str
    email: str
    earlier_name: str
    earlier_sis_id: str | None


def recycled_emails(run: Run) -> list[RecycledEmail]:
    """Return whom the plan gives an e-mail that was another student's not long ago."""
    with whole_tables():
        return [RecycledEmail(*row) for row in rows_of("recycled_emails", run)]


def count_plan(run: Run) -> dict[str, int]:
    """Return how many rows the plan has, by change kind and by severity."""
    counts: dict[str, int] = {}
    for name in ("count_changes", "count_emails", "count_names", "count_years", "count_issues"):
        counts.update(rows_of(name, run))
    return counts


def plan_classes(run: Run) -> dict[str, list[str]]:
    """Return the classes of the students in a plan, as `Run.classes` has them: by tab.

    A class is "grade 12" or "year 2027". A tab has grade levels, or years where no student of it
    has a grade level.
    """
    names: dict[str, dict[str, set[str]]] = {
        tab: {"grade": set(), "year": set()} for tab in ("new", "updated")
    }
    for is_new, grade, year in rows_of("plan_classes", run):
        of_tab = names["new" if is_new else "updated"]
        of_tab["grade"].add(grade)
        of_tab["year"].add(year)
    classes = {}
    for tab, of_tab in names.items():
        kind = "grade" if of_tab["grade"] - {None} else "year"
        classes[tab] = [f"{kind} {name}" for name in of_tab[kind] if name is not None]
    return classes


def count_moved(run: Run) -> int:
    """Return how many accounts the plan moves here from another source."""
    return int(rows_of("count_moved", run)[0][0])


def count_expected(run: Run) -> int:
    """Return how many accounts the roster of this run should have."""
    with whole_tables():
        return int(rows_of("count_expected", run)[0][0])


def count_known_errors(run: Run) -> tuple[int, ErrorCause | None]:
    """Return how many active accounts have a record with an error, and the most frequent cause."""
    with whole_tables():
        rows = rows_of("count_known_errors", run)
    total = 0
    causes = []
    for code, field, number in rows:
        if code is None:
            total = number
        else:
            causes.append(ErrorCause(code, field, number))
    return total, causes[0] if causes else None


def expected_groups(run: Run) -> dict[tuple[str, str], int]:
    """Return how many accounts of each grade level and graduation year the roster should have.

    The keys are ("grade" or "year", its name).
    """
    with whole_tables():
        rows = rows_of("count_expected_groups", run)
    return {(kind, name): number for kind, name, number in rows}


def planned_new(run: Run, sis_ids: Iterable[str]) -> Iterator[PlannedAccount]:
    """Yield the new accounts that were planned for these SIS IDs."""
    yield from _planned(rows_of("planned_new", run, sis_ids=list(sis_ids)))


def planned_like(run: Run, days: list[str], email_keys: list[str]) -> list[PlannedAccount]:
    """Return the new accounts planned for people born on these days, or with these addresses."""
    return list(_planned(rows_of("planned_like", run, days=days, email_keys=email_keys)))


def people_alike(run: Run, among: Collection[bytes] | None = None) -> list[Student]:
    """Return who may be alike once the plan is applied, with the values after it.

    The date of birth and the first letters of both names are the same, and the plan makes, renames
    or opens one of them. Only students in `among` are looked at, where it is given.
    """
    if not rows_of("any_touched", run):  # the usual run: then nothing is compared
        return []
    with whole_tables():
        ids = None if among is None else [UUID(bytes=account_id) for account_id in among]
        # Of 200,000 new students these are 50,000: a list of their rows besides takes 10 MB.
        rows = each_row_of("people_alike", run, among=ids)
        return [Student(bytes(account_id), *values) for account_id, *values in rows]


def withdraw_rows(run: Run, numbers: Iterable[int]) -> None:
    """Take the planned changes of these rows of a file back."""
    execute("withdraw_rows", run, numbers=list(numbers))


def withdraw_accounts(run: Run, ids: Iterable[bytes]) -> None:
    """Take back the planned changes of these accounts."""
    asked = [UUID(bytes=account_id) for account_id in ids]
    if asked:
        execute("withdraw_accounts", run, ids=asked)


def _planned(rows: Iterable[tuple[Any, ...]]) -> Iterator[PlannedAccount]:
    for sis_id, after, fingerprint in rows:
        values = after if isinstance(after, dict) else msgspec.json.decode(after)
        yield PlannedAccount(sis_id, values, fingerprint and bytes(fingerprint))
