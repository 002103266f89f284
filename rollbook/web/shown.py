"""Notes in the audit log which students a page showed: one entry for each page."""

from collections.abc import Iterable
from uuid import UUID

from rollbook.schools import audit
from rollbook.students.models import StudentAccount
from rollbook.web.access import SchoolRequest


def note_shown(
    request: SchoolRequest,
    action: str,
    account_ids: Iterable[UUID | None] = (),
    *,
    subject: object = "",
    **detail: int,
) -> None:
    """Note that a person saw these accounts on a page about `subject`."""
    audit.record_shown(
        action,
        account_ids,
        school=request.school,
        actor=request.person,
        subject=str(subject),
        detail=detail,
    )


def ids_by_sis_id(request: SchoolRequest, source: str, sis_ids: Iterable[str | None]) -> list[UUID]:
    """Return the ids of the accounts that are linked to these SIS IDs of a source."""
    asked = {sis_id for sis_id in sis_ids if sis_id}
    if not asked:
        return []
    accounts = StudentAccount.objects.filter(school=request.school, source=source, sis_id__in=asked)
    return list(accounts.values_list("pk", flat=True))
