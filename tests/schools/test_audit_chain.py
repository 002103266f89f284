"""The chain of the audit log: every entry that was tampered with is named."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, transaction

from rollbook.schools import audit, audit_chain
from rollbook.schools.audit_chain import Anchor
from rollbook.schools.models import AuditEntry, AuditSeal, AuditStart, School, User

Sql = Callable[[str], None]


@pytest.fixture
def entries(transactional_db: None) -> list[int]:
    """The ids of ten sealed entries, sealed in two rounds."""
    school = School.objects.create(name="Lincoln High School")
    actor = User.objects.create_user("ada@lincoln.example", "Ada")
    for number in range(10):
        audit.record("run.requested", school=school, actor=actor, subject=str(number), number=3)
        if number == 4:
            assert audit_chain.seal() == 5
    assert audit_chain.seal() == 5
    assert audit_chain.verify().findings == []
    return list(AuditEntry.objects.order_by("pk").values_list("pk", flat=True))


@pytest.fixture
def as_owner() -> Iterator[Sql]:
    """Runs SQL as the owner of the tables, which may do everything."""
    values: Any = settings.DATABASES["owner"]
    with psycopg.connect(
        host=values["HOST"],
        port=values["PORT"] or None,
        user=values["USER"],
        password=values["PASSWORD"],
        dbname=values["NAME"],
        autocommit=True,
    ) as owner:

        def run(statement: str) -> None:
            owner.execute("SET timezone TO 'UTC'")
            owner.execute(statement.encode())

        yield run


TABLE = "schools_auditentry"
TAMPERING: dict[str, tuple[str, list[tuple[str, int | None]]]] = {
    "another subject": (f"UPDATE {TABLE} SET subject = 'x' WHERE id = {{2}}", [("changed", 2)]),
    "another person": (f"UPDATE {TABLE} SET actor_id = NULL WHERE id = {{2}}", [("changed", 2)]),
    "another detail": (
        f"UPDATE {TABLE} SET detail = '{{{{}}}}' WHERE id = {{9}}",
        [("changed", 9)],
    ),
    "students taken out": (
        f"UPDATE {TABLE} SET students = decode('00', 'hex') WHERE id = {{0}}",
        [("changed", 0)],
    ),
    "another moment": (
        f"UPDATE {TABLE} SET at = at - interval '3 days' WHERE id = {{7}}",
        [("changed", 7)],
    ),
    "removed": (f"DELETE FROM {TABLE} WHERE id = {{3}}", [("removed", 3)]),
    "first removed": (f"DELETE FROM {TABLE} WHERE id = {{0}}", [("removed", 0)]),
    "two swapped": (
        f"UPDATE {TABLE} SET id = -1 WHERE id = {{2}};"
        f"UPDATE {TABLE} SET id = {{2}} WHERE id = {{8}};"
        f"UPDATE {TABLE} SET id = {{8}} WHERE id = -1",
        [("swapped", 2), ("swapped", 8)],
    ),
    "back-dated": (
        f"INSERT INTO {TABLE} (at, via, action, subject, detail, students) VALUES "
        "(now() - interval '2 days', 'web', 'signed_in', '', '{{}}', '')",
        [("back_dated", None)],
    ),
    "removed with its seal": (
        f"DELETE FROM {TABLE} WHERE id = {{3}};"
        "DELETE FROM schools_auditseal WHERE entry_id = {3}",
        [("seal_removed", None)],
    ),
    "the first removed with their seals": (
        f"DELETE FROM {TABLE} WHERE id <= {{1}};"
        "DELETE FROM schools_auditseal WHERE entry_id <= {1}",
        [("seal_removed", None)],
    ),
    "changed with its seal": (
        "UPDATE schools_auditseal SET content = decode(repeat('00', 32), 'hex') "
        "WHERE entry_id = {4}",
        [("seal_changed", 4), ("changed", 4)],
    ),
    "sealed earlier": (
        "UPDATE schools_auditseal SET sealed_at = sealed_at + interval '1 minute' "
        "WHERE entry_id = {9}",
        [("seal_changed", 9)],
    ),
}


@pytest.mark.parametrize("variant", TAMPERING)
def test_verifying_names_what_was_tampered_with(
    variant: str, entries: list[int], as_owner: Sql
) -> None:
    statement, expected = TAMPERING[variant]
    as_owner(statement.format(*entries))
    audit_chain.seal()
    findings = [
        (finding.kind, entries.index(finding.entry_id) if finding.entry_id in entries else None)
        for finding in audit_chain.verify().findings
    ]
    assert set(findings) == set(expected)


def test_a_late_entry_of_a_long_transaction_is_sealed_and_nothing_to_report(
    entries: list[int], as_owner: Sql
) -> None:
    as_owner(
        f"INSERT INTO {TABLE} (id, at, via, action, subject, detail, students) VALUES "
        "(-5, now() - interval '10 minutes', 'web', 'signed_in', '', '{}', '')"
    )
    assert audit_chain.seal() == 1
    assert audit_chain.verify().findings == []


def test_a_log_that_was_cut_off_does_not_have_the_anchor(entries: list[int], as_owner: Sql) -> None:
    anchor = Anchor.read(str(audit_chain.anchor()))
    assert audit_chain.verify(anchor).findings == []
    as_owner(
        f"DELETE FROM {TABLE} WHERE id >= {entries[8]};"
        f"DELETE FROM schools_auditseal WHERE entry_id >= {entries[8]}"
    )
    assert audit_chain.verify().findings == []
    assert [finding.kind for finding in audit_chain.verify(anchor).findings] == ["anchor_removed"]
    audit.record("signed_in", school=None, actor=None)
    audit.record("signed_in", school=None, actor=None)
    audit_chain.seal()
    assert [finding.kind for finding in audit_chain.verify(anchor).findings] == ["anchor_differs"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE schools_auditseal SET entry_id = 0 WHERE number = 1",
        "DELETE FROM schools_auditseal",
        "TRUNCATE schools_auditseal",
        "INSERT INTO schools_auditstart (number, digest, removed) VALUES (10, '', 10)",
        "DELETE FROM schools_auditentry",
    ],
)
def test_the_app_role_can_only_add(entries: list[int], statement: str) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_says_when_an_entry_was_written(entries: list[int]) -> None:
    last = AuditEntry.objects.get(pk=entries[-1])
    late = AuditEntry.objects.create(action="signed_in", at="2020-01-01T00:00:00Z")
    late.refresh_from_db()
    assert late.at > last.at


def test_old_entries_go_and_the_rest_of_the_chain_holds(entries: list[int], as_owner: Sql) -> None:
    assert audit_chain.remove_old(1) == 0  # never younger than 18 months
    anchor = audit_chain.anchor()
    age = "interval '549 days'"
    as_owner(f"UPDATE {TABLE} SET at = at - {age} WHERE id <= {entries[4]}")
    _seal_again(as_owner, age)
    anchor = audit_chain.anchor()
    assert audit_chain.verify(anchor).findings == []
    assert audit_chain.remove_old(548) == 5
    assert AuditStart.objects.get().number == 5
    assert AuditEntry.objects.count() == AuditSeal.objects.count() == 5
    verified = audit_chain.verify(anchor)
    assert (verified.findings, verified.removed_by_age, verified.entries) == ([], 5, 5)
    as_owner(f"DELETE FROM {TABLE} WHERE id = {entries[5]}")
    assert [finding.kind for finding in audit_chain.verify().findings] == ["removed"]


def _seal_again(as_owner: Sql, age: str) -> None:
    """Seal everything again, the first round as long ago as `age`."""
    as_owner("DELETE FROM schools_auditseal")
    first = list(AuditEntry.objects.order_by("pk"))
    digest, seals = audit_chain.FIRST, []
    for number, entry in enumerate(first, 1):
        content, at = audit_chain.content_of(entry), entry.at
        digest = audit_chain.link(digest, number, entry.pk, content, at)
        seals.append(
            AuditSeal(
                number=number, entry_id=entry.pk, content=content, digest=digest, sealed_at=at
            )
        )
    AuditSeal.objects.bulk_create(seals)
