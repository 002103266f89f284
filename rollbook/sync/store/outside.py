"""The list of SIS IDs that the last plan left out for their grade, kept as digests only."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final
from uuid import UUID

from rollbook.sync.models import OutsideList, Run

DIGEST_BYTES: Final = 8


def digests(school_id: UUID, sis_ids: Iterable[str]) -> bytes:
    """Return the digests of these SIS IDs, DIGEST_BYTES each; they differ between schools."""
    key = school_id.bytes
    return b"".join(
        blake2b(sis_id.encode(), digest_size=DIGEST_BYTES, key=key).digest() for sis_id in sis_ids
    )


def save_outside(run: Run, sis_id_digests: bytes) -> None:
    """Replace the list of this source by that of a complete plan."""
    OutsideList.objects.update_or_create(
        school_id=run.school_id,
        source=run.source,
        defaults={"run": run, "digests": sis_id_digests},
    )
