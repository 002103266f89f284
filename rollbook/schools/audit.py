"""Writes the audit log: one call per deed, in the same transaction as the deed."""

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
    """Note a deed. `action` is a dotted name such as `run.requested`; `detail` holds ids and counts, never a student's values."""
    AuditEntry.objects.create(
        school=school, actor=actor, action=action, subject=subject, via=via, detail=detail
    )
