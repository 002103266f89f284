"""The values that the rules take and return.

A record is what the source says about a student, an account what we have, an issue a problem with
one record; a selection says which records are imported.
"""

from collections import namedtuple
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from struct import Struct
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from rollbook.roster.fields import STUDENT_FIELDS

# The head of a packed account key: the id, whether there is a fingerprint, the fingerprint, whether
# there is a SIS ID, its length in bytes. The SIS ID and the e-mail follow.
_HEAD: Final = Struct(">16s?16s?H")
FINGERPRINT_AT: Final = 16  # whether there is one, and the fingerprint
SIS_ID_AT: Final = 34  # its length, and the SIS ID; the byte before says whether there is one
ISSUE_NAME_LIMIT: Final = 300  # characters of a student's full name that an issue keeps
ISSUE_VALUE_LIMIT: Final = 120  # characters of a bad value that an issue keeps
# In the before and after of a change: the SIS ID of a further link. The source follows.
LINK_KEY: Final = "link:"


class Severity(StrEnum):
    """ERROR: the record is skipped. WARNING: one value is left out. NOTE: it is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Issue(NamedTuple):
    """A problem with one record. `code` is a key of `problems.PROBLEMS`.

    `name` is the student's, `value` the start of what the source sent, and `other` names who else
    has the problem, or the name that one with broken letters may be. `row_number` and
    `column_index` are the place in a spreadsheet: the row as its program counts it, and the column
    from 0. `fingerprint` is that of a record of a SIS that is skipped for what its values are.
    """

    code: str
    severity: Severity
    sis_id: str | None
    name: str
    field: str = ""
    source_field: str = ""
    value: str = ""
    row_number: int | None = None
    column_index: int | None = None
    other: str = ""
    fingerprint: bytes | None = None


def _tuple_type(name: str, fields: Sequence[str], defaults: Sequence[Any]) -> Any:
    return namedtuple(name, fields, defaults=defaults)


# The two tuples below have a value for each of STUDENT_FIELDS, so that no field can be forgotten.
# Their bodies name the fields that the rules use by name, for the type checker.
_RECORD_TYPE = _tuple_type(
    "StudentRecord", (*STUDENT_FIELDS, "email_key", "fingerprint", "blanks"), defaults=((),)
)
_ACCOUNT_TYPE = _tuple_type(
    "Account",
    (
        *("id", "version", "status", "source", *STUDENT_FIELDS, "email_key"),
        *("locked", "protected", "missing_runs", "missing_since", "further_links"),
    ),
    defaults=((), False, 0, None, ()),
)


class StudentRecord(_RECORD_TYPE):  # type: ignore[misc, valid-type]
    """What the source says about one student: a value in canonical form for each of STUDENT_FIELDS.

    None means that the source says nothing: the field is unmapped, absent or blank. `blanks` are
    the fields that it sent empty and that a blank clears; an absent field is never among them.
    """

    __slots__ = ()
    sis_id: str
    email: str
    email_key: str
    first_name: str
    last_name: str
    graduation_year: int
    student_number: str | None
    grade_level: str | None
    birth_date: date | None
    gender: str | None
    fingerprint: bytes | None
    blanks: tuple[str, ...]


class SisLink(NamedTuple):
    """One SIS that has the student of an account, and the SIS ID there.

    `missing_runs` counts the complete live runs in a row of this SIS that lacked the student, since
    `missing_since`.
    """

    source: str
    sis_id: str | None
    missing_runs: int = 0
    missing_since: date | None = None


class Account(_ACCOUNT_TYPE):  # type: ignore[misc, valid-type]
    """What we have about one student: a full row, loaded only where the record differs.

    It has a value for each of STUDENT_FIELDS. `locked` are the fields that a run doesn't change;
    `protected` is True where no run writes to the account now. `source` and `sis_id` are the first
    link, with `missing_runs` and `missing_since`; `further_links` are those of other SISs.
    """

    __slots__ = ()
    id: bytes
    version: int
    status: str
    source: str
    sis_id: str | None
    email: str
    email_key: str
    first_name: str
    last_name: str
    graduation_year: int | None
    student_number: str | None
    grade_level: str | None
    birth_date: date | None
    gender: str | None
    locked: tuple[str, ...]
    protected: bool
    missing_runs: int
    missing_since: date | None
    further_links: Sequence[SisLink]

    @property
    def links(self) -> tuple[SisLink, ...]:
        """All links of the account, the first one first."""
        if not self.source or self.sis_id is None:
            return ()
        first = SisLink(self.source, self.sis_id, self.missing_runs, self.missing_since)
        return (first, *self.further_links)

    def link_to(self, source: str) -> SisLink | None:
        """Return the link of the account to this source."""
        for link in self.links:
            if link.source == source:
                return link
        return None


class AccountKey(bytes):
    """The light form of an account; a run has those of all accounts of a school in memory.

    It is packed, which takes a third of a tuple's memory. `id` are the 16 bytes of its UUID.
    """

    __slots__ = ()

    def __new__(
        cls, id: bytes, fingerprint: bytes | None, email_key: str, sis_id: str | None
    ) -> "AccountKey":
        sis_id_bytes = (sis_id or "").encode()
        head = _HEAD.pack(
            id, fingerprint is not None, fingerprint or b"", sis_id is not None, len(sis_id_bytes)
        )
        return super().__new__(cls, head + sis_id_bytes + email_key.encode())

    @classmethod
    def unpacked(cls, packed: bytes | bytearray) -> "AccountKey":
        """Return the key with these bytes."""
        return super().__new__(cls, packed)

    @property
    def id(self) -> bytes:
        return bytes(self[:16])

    @property
    def fingerprint(self) -> bytes | None:
        return bytes(self[17:33]) if self[16] else None

    @property
    def sis_id(self) -> str | None:
        return self[_HEAD.size : self._email_start].decode() if self[33] else None

    @property
    def email_key(self) -> str:
        return self[self._email_start :].decode()

    @property
    def _email_start(self) -> int:
        return _HEAD.size + int.from_bytes(self[34:36])

    def with_link(self, sis_id: str) -> "AccountKey":
        """Return the key with a link that a person made. Without a fingerprint it is compared."""
        return AccountKey(self.id, None, self.email_key, sis_id)


class Completeness(StrEnum):
    """Whether a roster was read whole. Leavers are planned from complete readings only."""

    # As many students came as the source stated; where it states no total, a second reading had no
    # new ones. And for each missing student the source said that he has left, or two readings had
    # the same students.
    COMPLETE = "complete"
    # Fewer came than stated, pages repeat, the students change each time they are read, or nothing
    # proves that the missing ones have left.
    SHORT = "short"
    # The source doesn't say who is missing from it, as a file.
    UNSTATED = "unstated"


class Proof(NamedTuple):
    """The numbers that show whether a roster was read whole.

    `stated` is the source's own total, None where it states none. `students` different ones came,
    in `pages` pages; `repeats` are records of students who had come before. Of several `readings`
    these are the numbers of the last one.

    Missing students are those with an open account whom no page had. `asked` of them were asked for
    one by one; `left` have left or don't exist in the source, `there` are there all the same, and
    about the others the answer was not clear. `agreed` is True where two readings in a row had the
    same students, which proves that whoever both lack has left. `by_key` is True where the students
    were read in the order of their IDs, which proves the same.
    """

    completeness: Completeness
    stated: int | None
    students: int
    pages: int
    repeats: int = 0
    readings: int = 1
    asked: int = 0
    left: int = 0
    there: int = 0
    agreed: bool = False
    by_key: bool = False

    def plus(self, other: "Proof") -> "Proof":
        """Return the proof of two rosters read one after the other: complete where both are."""
        completeness, stated = self.completeness, None
        if completeness is Completeness.COMPLETE:
            completeness = other.completeness
        if self.stated is not None and other.stated is not None:
            stated = self.stated + other.stated
        return Proof(
            completeness=completeness,
            stated=stated,
            students=self.students + other.students,
            pages=self.pages + other.pages,
            repeats=self.repeats + other.repeats,
            readings=max(self.readings, other.readings),
        )


class SisAnswer(NamedTuple):
    """What the SIS answered when it was asked for one missing student, who isn't there any more.

    `status` is the SIS's own word for the enrollment, such as "Transferred Out", and `exit_date` a
    date as year-month-day; "" where it states none. `exists` is False where it has no student with
    this SIS ID.
    """

    sis_id: str
    status: str = ""
    exit_date: str = ""
    exists: bool = True


class Selection(NamedTuple):
    """Which students are imported.

    `names` says of the SIS's own names of grades, in lower case, whether their students are
    imported. Any other name counts as the level that it means, and is imported where `grades` has
    that level: pre-kindergarten -1 and below, kindergarten 0, then 1 to 13. `schools` are the keys
    of the chosen schools; it is empty where the SIS has one school, or all of them are imported.
    `doubted` are levels that a name was guessed to mean and a person corrected: another name of
    such a level is not certain either.
    """

    grades: frozenset[int]
    names: Mapping[str, bool] = MappingProxyType({})
    schools: frozenset[str] = frozenset()
    doubted: frozenset[int] = frozenset()
