"""How changes that commands make are noted in the audit log."""

from typing import Any

from rollbook.schools import audit
from rollbook.schools.models import School

VIA = "command line"


def record(action: str, school: School | None, subject: str = "", **detail: Any) -> None:
    """Note what a command did. It has no actor: whoever may run commands may do everything."""
    audit.record(action, school=school, actor=None, subject=subject, via=VIA, **detail)
