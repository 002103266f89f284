"""Tombstones: what is left of erased students, so that nobody brings them back."""

from collections.abc import Iterable
from uuid import UUID

from rollbook.roster.planning.erased import NOBODY, ErasedStudents, digest
from rollbook.schools import digest_key
from rollbook.schools.models import School, User
from rollbook.students.models import Erasure, Tombstone


def erased_students(school_id: UUID) -> ErasedStudents:
    """Return the digests of a school's erased students. Raises DigestKeyMissing."""
    digests: dict[str, set[bytes]] = {}
    rows = Tombstone.objects.filter(school_id=school_id).values_list("field", "digest")
    for field, stored in rows:
        digests.setdefault(field, set()).add(bytes(stored))
    if not digests:
        return NOBODY
    frozen = {field: frozenset(stored) for field, stored in digests.items()}
    return ErasedStudents(digest_key.of_school(school_id), frozen)


def bury(school: School, by: User | None, via: str, values: Iterable[tuple[str, str]]) -> Erasure:
    """Store the tombstones of a student, from pairs of a field and a value."""
    key = digest_key.of_school(school.pk)
    erasure = Erasure.objects.create(school=school, by=by, via=via)
    Tombstone.objects.bulk_create(
        Tombstone(school=school, erasure=erasure, field=field, digest=digest(key, field, value))
        for field, value in sorted(set(values))
    )
    return erasure
