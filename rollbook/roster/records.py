"""The values that travel: a record (what the source says), an account (what we hold), an issue, and which records are wanted."""

from collections import namedtuple
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from struct import Struct
from typing import Any, Final, NamedTuple

from rollbook.roster.fields import STUDENT_FIELDS

# Of an account key: id, fingerprint, length of the SIS ID, the latter two each after whether there is one. SIS ID and e-mail follow.
_HEAD: Final = Struct(">16s?16s?H")
ISSUE_NAME_LIMIT: Final = 300  # characters of a student's full name that an issue keeps
ISSUE_VALUE_LIMIT: Final = 120  # characters of a bad value that an issue keeps


class Severity(StrEnum):
    """How bad an issue is: the record was skipped, one value was dropped, or it is only worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Issue(NamedTuple):
    """A problem with one record. `code` is a key of `problems.PROBLEMS`; `value` is an excerpt of what the source sent; `other` names
    whom else it concerns.

    `row_number` and `column_index` are the place in a spreadsheet: the row as its program numbers it, the column from 0.
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


def _tuple_type(name: str, fields: Sequence[str], defaults: Sequence[Any]) -> Any:
    return namedtuple(name, fields, defaults=defaults)


# The two tuples below get a value for each of STUDENT_FIELDS, so that no field can be forgotten. Their
# bodies name for the type checker the fields that the rules use by name.
_RECORD_TYPE = _tuple_type(
    "StudentRecord", (*STUDENT_FIELDS, "email_key", "fingerprint", "blanks"), defaults=((),)
)
_ACCOUNT_TYPE = _tuple_type(
    "Account",
    (
        *("id", "version", "status", "source", *STUDENT_FIELDS, "email_key"),
        *("locked", "protected", "missing_runs", "missing_since"),
    ),
    defaults=((), False, 0, None),
)


class StudentRecord(_RECORD_TYPE):  # type: ignore[misc, valid-type]
    """What the source says about one student, in canonical form: a value for each of STUDENT_FIELDS.

    None means that the source says nothing: unmapped, absent or blank. `blanks` are the fields that it
    sent empty where the mapping says that this clears them; an absent field is never among them.
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


class Account(_ACCOUNT_TYPE):  # type: ignore[misc, valid-type]
    """What we hold about one student: a full row, loaded only where the record differs.

    It has a value for each of STUDENT_FIELDS. `locked` are fields whose value a person keeps; `protected`
    says that no sync writes to the account now. `missing_runs` counts the complete live runs in a row
    that lacked it, since `missing_since`.
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


class AccountKey(bytes):
    """The light form of an account, held for all accounts of a school during a run; packed, which takes a third of a tuple's memory.

    `id` are the 16 bytes of its UUID. Of `fingerprint` and `sis_id` there may be none.
    """

    __slots__ = ()

    def __new__(
        cls, id: bytes, fingerprint: bytes | None, email_key: str, sis_id: str | None
    ) -> "AccountKey":
        said = (sis_id or "").encode()
        head = _HEAD.pack(
            id, fingerprint is not None, fingerprint or b"", sis_id is not None, len(said)
        )
        return super().__new__(cls, head + said + email_key.encode())

    @property
    def id(self) -> bytes:
        return bytes(self[:16])

    @property
    def fingerprint(self) -> bytes | None:
        return bytes(self[17:33]) if self[16] else None

    @property
    def sis_id(self) -> str | None:
        return self[_HEAD.size : self._address].decode() if self[33] else None

    @property
    def email_key(self) -> str:
        return self[self._address :].decode()

    @property
    def _address(self) -> int:
        return _HEAD.size + int.from_bytes(self[34:36])

    def with_link(self, sis_id: str) -> "AccountKey":
        """The same with a link that a person made, as if it had never been read."""
        return AccountKey(self.id, None, self.email_key, sis_id)


class Completeness(StrEnum):
    """Whether a roster was read whole. Leavers are planned from complete readings only."""

    COMPLETE = "complete"  # as many students as were stated; where no total is stated, nothing new came when it was read once more
    SHORT = "short"  # fewer than stated, pages that repeat, or students who change each time they are read
    UNSTATED = "unstated"  # what was read says nothing of who is missing from it


class Proof(NamedTuple):
    """What shows whether a roster was read whole. `stated` is the source's own total, None where it states none.

    `students` are the different ones that came, in `pages` pages; `repeats` are records of students who had come before. Of several
    `readings`, these are the numbers of the last one.
    """

    completeness: Completeness
    stated: int | None
    students: int
    pages: int
    repeats: int = 0
    readings: int = 1

    def plus(self, other: "Proof") -> "Proof":
        """Of two rosters that are read one after the other: complete where both are."""
        return Proof(
            other.completeness if self.completeness is Completeness.COMPLETE else self.completeness,
            None if self.stated is None or other.stated is None else self.stated + other.stated,
            self.students + other.students,
            self.pages + other.pages,
            self.repeats + other.repeats,
            max(self.readings, other.readings),
        )


class Selection(NamedTuple):
    """Which grade levels are pulled in: -1 and below pre-kindergarten, 0 kindergarten, 1 to 12."""

    grades: frozenset[int]
