"""Writes the audit log: one call for each action, in the transaction of the action."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from rollbook.schools.models import AuditEntry, School, User


def record(
    action: str,
    *,
    school: School | None,
    actor: User | None,
    subject: str = "",
    via: str = "web",
    **detail: Any,
) -> None:
    """Add an audit entry. `action` is a dotted name such as `run.requested`.

    `detail` has ids and counts, never a student's values.
    """
    AuditEntry.objects.create(
        school=school, actor=actor, action=action, subject=subject, via=via, detail=detail
    )


def record_shown(
    action: str,
    account_ids: Iterable[UUID | None],
    *,
    school: School,
    actor: User | None,
    **columns: Any,
) -> None:
    """Add an audit entry about several students who were shown or taken.

    `columns` are `subject`, `via` and `detail`, as in an entry.
    """
    AuditEntry.objects.create(
        school=school, actor=actor, action=action, students=packed(account_ids), **columns
    )


def packed(account_ids: Iterable[UUID | None]) -> bytes:
    """Return the ids of accounts in the form in which an entry stores them, each once."""
    return b"".join(each.bytes for each in dict.fromkeys(account_ids) if each is not None)
