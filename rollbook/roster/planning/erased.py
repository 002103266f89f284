"""Students who were erased: keyed digests tell them, and nothing about them is stored."""

import hmac
from collections.abc import Mapping
from typing import Final, NamedTuple

from rollbook.roster.planning.identity import PersonKey

# What a digest is of: a SIS ID of one source, a SIS ID of any source, a sign-in e-mail, or a name
# with a date of birth.
SIS_ID: Final = "sis_id"
ANY_SIS_ID: Final = "any_sis_id"
EMAIL: Final = "email"
PERSON: Final = "person"


def digest(key: bytes, field: str, text: str) -> bytes:
    """Return the digest of a value, as tombstones and the never-import list store it."""
    return hmac.digest(key, f"{field}\0{text}".encode("utf-8", "surrogatepass"), "sha256")


def sis_id_text(source: str, sis_id: str) -> str:
    """Return what a digest of a SIS ID is of: two SISs may give one ID to two students."""
    return f"{source}\0{sis_id}"


def person_text(person: PersonKey) -> str:
    """Return what a digest of a name and a date of birth is of."""
    return "\0".join(person)


class ErasedStudents(NamedTuple):
    """The digests of a school's erased students, by field."""

    key: bytes = b""
    digests: Mapping[str, frozenset[bytes]] = {}

    def __bool__(self) -> bool:
        return bool(self.digests)

    def has(self, field: str, text: str | None) -> bool:
        """Return whether an erased student had this value."""
        known = self.digests.get(field)
        if not known or not text:
            return False
        return digest(self.key, field, text) in known

    def has_sis_id(self, source: str, sis_id: str | None) -> bool:
        """Return whether an erased student had this SIS ID of a source, or of any for ""."""
        if sis_id is None:
            return False
        if not source:
            return self.has(ANY_SIS_ID, sis_id)
        return self.has(SIS_ID, sis_id_text(source, sis_id))

    def has_person(self, person: PersonKey | None) -> bool:
        """Return whether an erased student had this name and date of birth."""
        return person is not None and self.has(PERSON, person_text(person))


NOBODY: Final = ErasedStudents()
