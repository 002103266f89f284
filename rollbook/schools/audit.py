"""Writes the audit log: one call for each action, in the transaction of the action."""

from typing import Any

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
