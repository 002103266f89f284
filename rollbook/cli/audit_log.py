"""How changes that commands make are noted in the audit log."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from rollbook.schools import audit
from rollbook.schools.models import School

VIA = "command line"


def record(action: str, school: School | None, subject: str = "", **detail: Any) -> None:
    """Note what a command did. It has no actor: whoever may run commands may do everything."""
    audit.record(action, school=school, actor=None, subject=subject, via=VIA, **detail)


def record_shown(action: str, school: School, account_ids: Iterable[UUID], **detail: Any) -> None:
    """Note which students a command listed or wrote to a file."""
    audit.record_shown(action, account_ids, school=school, actor=None, detail=detail, via=VIA)
