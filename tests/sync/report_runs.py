"""Runs with a stored plan, as the pipeline leaves them, for the tests of the report."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from rollbook.roster.planning.changes import Change, ChangeKind
from rollbook.roster.records import Issue, Severity
from rollbook.schools.models import School
from rollbook.sync import store
from rollbook.sync.models import Mode, Run, RunState, Trigger

MAPPING = [
    ["id", "sis_id"],
    ["email", "email"],
    ["first_name", "first_name"],
    ["last_name", "last_name"],
    ["projected_graduation_year", "graduation_year"],
    ["birth_date", "birth_date"],
]


def a_run(
    school: School, changes: Iterable[Change] = (), issues: Iterable[Issue] = (), **columns: Any
) -> Run:
    """A run of this school with these rows; finished and live unless said otherwise."""
    told: dict[str, Any] = {
        "source": "powerschool",
        "mode": Mode.LIVE,
        "trigger": Trigger.SCHEDULE,
        "state": RunState.DONE,
        "settings": {
            "grades": [9, 10, 11, 12],
            "mapping": [list(row) for row in MAPPING],
            "variant": "",
            "choices": {},
        },
        "started_at": datetime(2026, 7, 4, 18, 0, 0, tzinfo=UTC),
        "finished_at": datetime(2026, 7, 4, 18, 3, 5, tzinfo=UTC),
        "pages_done": 4,
        "students_done": 321,
    }
    run = Run.objects.create(school=school, **told | columns)
    for chunk in store.in_chunks(changes):
        store.save_plan(run, chunk, [])
    store.save_plan(run, [], issues)
    if "counts" not in columns:
        run.counts = {"read": 321, "unchanged": 7, **store.count_plan(run)}
        run.save(update_fields=["counts"])
    return run


def new(
    sis_id: str = "0001",
    first: str = "Ada",
    last: str = "Lovelace",
    email: str = "ada@lincoln.example",
    **fields: Any,
) -> Change:
    after: dict[str, Any] = {
        "sis_id": sis_id,
        "email": email,
        "email_key": email.lower(),
        "first_name": first,
        "last_name": last,
    }
    after |= {"graduation_year": 2027, "birth_date": date(2009, 2, 28), **fields}
    return Change(
        ChangeKind.NEW,
        sis_id,
        None,
        None,
        first,
        last,
        email,
        {},
        after,
        b"f" * 16,
        "sis_id_unknown",
    )


def updated(
    before: dict[str, Any],
    after: dict[str, Any],
    kind: ChangeKind = ChangeKind.UPDATED,
    sis_id: str = "0007",
) -> Change:
    return Change(
        kind,
        sis_id,
        uuid4().bytes,
        1,
        "Grace",
        "Hopper",
        "grace@lincoln.example",
        before,
        after,
        None,
        "fields_differ",
    )


def linked(sis_id: str = "0008") -> Change:
    before = {"source": "", "sis_id": None, "first_name": "Al"}
    after = {"source": "powerschool", "sis_id": sis_id, "first_name": "Alan"}
    return Change(
        ChangeKind.LINKED,
        sis_id,
        uuid4().bytes,
        1,
        "Alan",
        "Turing",
        "alan@lincoln.example",
        before,
        after,
        None,
        "same_email_and_name",
    )


def returning(sis_id: str = "0009") -> Change:
    before, after = {"status": "left"}, {"status": "active"}
    return Change(
        ChangeKind.RETURNING,
        sis_id,
        uuid4().bytes,
        1,
        "Mary",
        "Shelley",
        "mary@lincoln.example",
        before,
        after,
        None,
        "sis_id_is_back",
    )


def listed(kind: ChangeKind, reason: str, sis_id: str = "0010") -> Change:
    return Change(
        kind,
        sis_id,
        UUID(int=1).bytes,
        1,
        "Lise",
        "Meitner",
        "lise@lincoln.example",
        {},
        {},
        None,
        reason,
    )


def problem(
    code: str = "required_empty",
    severity: Severity = Severity.ERROR,
    sis_id: str | None = "0042",
    **parts: str,
) -> Issue:
    told = {
        "name": "Emmy Noether",
        "field": "graduation_year",
        "source_field": "projected_graduation_year",
        "value": "",
    } | parts
    return Issue(
        code, severity, sis_id, told["name"], told["field"], told["source_field"], told["value"]
    )
