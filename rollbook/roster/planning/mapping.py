"""Stop 2: a raw record → a StudentRecord, or the issues that say why not."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from hashlib import blake2b
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.roster.planning.packed_table import PackedTable
from rollbook.roster.planning.selecting import Choice, Selector
from rollbook.roster.records import (
    ISSUE_NAME_LIMIT,
    ISSUE_VALUE_LIMIT,
    AccountKey,
    Issue,
    Severity,
    StudentRecord,
)
from rollbook.roster.values.dates import is_unlikely_birth_date
from rollbook.roster.values.identifiers import PLACEHOLDER
from rollbook.roster.values.parsers import PARSERS
from rollbook.roster.values.parsing import MAX_NUMBER_BITS, Unreadable, email_key

FINGERPRINT_BYTES: Final = 16
# Raise it when a parser reads a value differently: then the next run compares everybody again.
PARSERS_VERSION: Final = 3

_POSITION: Final = {name: index for index, name in enumerate(StudentRecord._fields)}
_SIS_ID, _EMAIL, _EMAIL_KEY = _POSITION["sis_id"], _POSITION["email"], _POSITION["email_key"]
_FINGERPRINT, _BLANKS = _POSITION["fingerprint"], _POSITION["blanks"]
_NO_VALUES: Final[tuple[Any, ...]] = (*(None,) * (len(StudentRecord._fields) - 1), ())
# A bad optional value of these codes is left out; any other bad value rejects the record.
_ISSUE_OF_DROPPED: Final = {
    "email_invalid": "personal_email_invalid",
    "email_characters": "personal_email_invalid",
    "email_lookalike": "personal_email_invalid",
    "date_ambiguous": "date_ambiguous",
}
_OUTSIDE: Final = b"outside"
_ABSENT: Final = "\0absent"


class MappedRecord(NamedTuple):
    """The result for one raw record.

    `record` is None for one that is outside the selection, has an error, or is `unchanged`: equal
    to what the source sent last time. Two records of one SIS ID are equal where their `digest` is.
    A record is `rejected_again` where it is as it was when the last run skipped it: then its issues
    are the open problems of the student.
    """

    sis_id: str | None
    record: StudentRecord | None
    digest: bytes
    issues: tuple[Issue, ...] = ()
    unchanged: bool = False
    rejected_again: bool = False

    @property
    def selected(self) -> bool:
        return self.digest is not _OUTSIDE


class RecordMapper:
    """Maps the raw records of one run.

    `mapping` is a list of (source field, our field). `version` is part of every fingerprint, so
    that a changed mapping compares everybody again. `selector` says which records are imported.
    `known` are the linked accounts by SIS ID. `clears` are optional fields that a blank clears.

    A fingerprint is taken from the mapped values as the source wrote them, before they are parsed.
    On the usual run nearly all records are unchanged, and not parsing them halves its time. A
    record with another spelling of the same values is parsed, compared field by field and found
    unchanged.

    `today` is the day on which a student has an age; None where only the graduation year tells it.
    `rejected` are the fingerprints of the records that the last run skipped, by SIS ID.
    """

    today: date | None = None
    rejected: PackedTable | None = None

    def __init__(
        self,
        mapping: list[tuple[str, str]],
        version: int | str,
        selector: Selector,
        known: Mapping[str, AccountKey] = MappingProxyType({}),
        clears: frozenset[str] = frozenset(),
    ) -> None:
        self.source_fields = frozenset(source for source, _ in mapping) | selector.source_fields
        self.fields = tuple(field for _, field in mapping)
        self._source_of = {field: source for source, field in mapping}
        missing = [field for field in REQUIRED_FIELDS if field not in self._source_of]
        if missing:
            raise ValueError(f"The mapping lacks {', '.join(missing)}.")
        self._rows = [
            (source, field, _POSITION[field], *_parser_of(field))
            for source, field in mapping
            if field != "sis_id"
        ]
        self.id_field = self._source_of["sis_id"]
        # The source field of each of `fields`.
        self.sources = tuple(source for source, _ in mapping)
        self._mapped_values = itemgetter(*self.sources)
        self.selector = selector
        self._grade_field = selector.grade_field
        self._known = known
        self.clears = clears.difference(REQUIRED_FIELDS)
        self._unseen = set(self.sources)  # source fields that no record had so far
        self._has_records = False
        seed = f"{PARSERS_VERSION}:{version}:{','.join(self.fields)}"
        self._seed = blake2b(seed.encode(), digest_size=FINGERPRINT_BYTES).digest()
        self._hash = blake2b(self._seed, digest_size=FINGERPRINT_BYTES)

    def source_of(self, field: str) -> str | None:
        """Return the source field that fills one of our fields, None where none does."""
        return self._source_of.get(field)

    @property
    def not_mapped(self) -> frozenset[str]:
        """The source fields that are read and are no part of a fingerprint."""
        return self.source_fields.difference(self.sources)

    def observe_fields(self, has_field: Callable[[str], bool]) -> None:
        """Note which fields come at all in records that are about to be mapped.

        `has_field` returns whether any of them has a field. A SIS leaves a blank field out of a
        record. A field that no record has is not blank but absent, and clears nothing.
        """
        self._has_records = True
        if self._unseen:
            self._unseen = {field for field in self._unseen if not has_field(field)}

    def fingerprints(self, contents: Iterable[bytes | None]) -> list[bytes | None]:
        """Return the fingerprints of records whose mapped values are packed as `contents`.

        None for a record that has no content.
        """
        fingerprints: list[bytes | None] = []
        for content in contents:
            if content is None:
                fingerprints.append(None)
                continue
            digest = self._hash.copy()
            digest.update(content)
            fingerprints.append(digest.digest())
        return fingerprints

    def map(
        self, raw: Any, fingerprint: bytes | None = None, choice: Choice | None = None
    ) -> MappedRecord:
        """Map one raw record.

        Never raises, whatever JSON it is given: what can't be read becomes an issue. Without its
        `fingerprint` it is taken from the mapped values, without its `choice` the selector is
        asked.
        """
        if not isinstance(raw, dict):
            return self._without_id("wrong_type", {}, raw)
        if self._unseen:
            self._unseen.difference_update(raw)
            self._has_records = True
        if choice is None:
            choice = self.selector.choose(raw)
        is_outside = choice is Choice.OUTSIDE
        raw_id = raw.get(self.id_field)
        try:
            sis_id = PARSERS["sis_id"](raw_id, STUDENT_FIELDS["sis_id"].limit)
        except Unreadable as unreadable:
            if is_outside:
                return MappedRecord(None, None, _OUTSIDE)
            return self._without_id(unreadable.code, raw, raw_id)
        if is_outside:
            return MappedRecord(sis_id, None, _OUTSIDE)
        if sis_id is None:
            return self._without_id("id_missing", raw, None)
        digest = fingerprint or self._digest(raw)
        if choice is not Choice.IMPORTED:
            return self._without_grade(sis_id, raw, digest, choice)
        key = self._known.get(sis_id)
        if key is not None and key.fingerprint == digest:
            return MappedRecord(sis_id, None, digest, unchanged=True)
        return self._map_values(sis_id, raw, digest)

    def rejected_again(self, raw_id: Any, fingerprint: bytes) -> MappedRecord | None:
        """Return the result for a record in the selection that the last run skipped as it is.

        None for any other record. The same values are rejected again, so they aren't parsed: of
        100,000 students 5,000 had no e-mail, and mapping them took a fifth of an unchanged run.
        """
        if not self.rejected or (type(raw_id) is not int and type(raw_id) is not str):
            return None
        sis_id = str(raw_id)
        if self.rejected.get(sis_id) != fingerprint:
            return None
        return MappedRecord(sis_id, None, fingerprint, rejected_again=True)

    def vanished_fields(self) -> list[tuple[str, str]]:
        """Return the mapping's rows (source field, our field) whose field no record had.

        Then a right was taken away, rather than every student's value. A roster without any record
        tells nothing about its fields.
        """
        if not self._has_records:
            return []
        return [
            (source, field) for field, source in self._source_of.items() if source in self._unseen
        ]

    def _digest(self, raw: dict[str, Any]) -> bytes:
        try:
            values = self._mapped_values(raw)
        except KeyError:
            values = tuple(raw.get(source, _ABSENT) for source in self.sources)
        try:
            written = repr(values)
        except (RecursionError, ValueError):
            # Nested too deeply, or a number with more digits than Python writes: unreadable anyway.
            written = repr(tuple(map(_visible, values)))
        content = self._seed + written.encode("utf-8", "surrogatepass")
        return blake2b(content, digest_size=FINGERPRINT_BYTES).digest()

    def _without_id(self, code: str, raw: dict[str, Any], value: Any) -> MappedRecord:
        issue = self._issue(code, None, raw, "sis_id", value)
        return MappedRecord(None, None, b"", (issue,))

    def _without_grade(
        self, sis_id: str, raw: dict[str, Any], digest: bytes, choice: Choice
    ) -> MappedRecord:
        is_undecided = choice is Choice.UNDECIDED
        code = "grade_undecided" if is_undecided else "grade_unknown"
        value = raw.get(self._grade_field)
        issue = self._issue(code, sis_id, raw, "grade_level", value)
        issue = issue._replace(source_field=self._grade_field)
        if is_undecided:
            issue = issue._replace(severity=Severity.NOTE)
        return MappedRecord(sis_id, None, digest, (issue,))

    def _map_values(self, sis_id: str, raw: dict[str, Any], digest: bytes) -> MappedRecord:
        """Parse the mapped fields of a record in the selection.

        A value that can't be read rejects the record, except for the values that are left out.
        """
        values = list(_NO_VALUES)
        issues: list[Issue] = []
        may_vanish = False  # whether a field that a blank clears was not in any record so far
        for source, field, position, parse, limit in self._rows:
            raw_value = raw.get(source)
            try:
                value = parse(raw_value, limit)
            except Unreadable as unreadable:
                # A placeholder for a student number is as good as a blank.
                if unreadable.code != PLACEHOLDER:
                    issues.append(self._unreadable(unreadable.code, sis_id, raw, field, raw_value))
                continue
            values[position] = value
            if value is not None:
                continue
            if field in REQUIRED_FIELDS:
                issues.append(self._issue("required_empty", sis_id, raw, field, raw_value))
            elif field in self.clears and source in self._unseen:
                may_vanish = True
            elif field in self.clears:
                values[_BLANKS] += (field,)
        if any(issue.severity is Severity.ERROR for issue in issues):
            rejecting = tuple(issue._replace(fingerprint=digest) for issue in issues)
            return MappedRecord(sis_id, None, digest, rejecting)
        if self._has_unlikely_birth_date(values):
            value = raw.get(self._source_of["birth_date"])
            issue = self._issue("birth_date_unlikely", sis_id, raw, "birth_date", value)
            issues.append(issue._replace(severity=Severity.WARNING))
        values[_SIS_ID] = sis_id
        values[_EMAIL_KEY] = email_key(values[_EMAIL])
        # Without a fingerprint the next run maps the record again, so that its issue stays until
        # the value is corrected.
        if not issues and not may_vanish:
            values[_FINGERPRINT] = digest
        return MappedRecord(sis_id, StudentRecord._make(values), digest, tuple(issues))

    def _has_unlikely_birth_date(self, values: list[Any]) -> bool:
        born = values[_POSITION["birth_date"]]
        if born is None:
            return False
        return is_unlikely_birth_date(born, values[_POSITION["graduation_year"]], self.today)

    def _unreadable(
        self, code: str, sis_id: str, raw: dict[str, Any], field: str, value: Any
    ) -> Issue:
        issue = self._issue(code, sis_id, raw, field, value)
        if field not in REQUIRED_FIELDS and code in _ISSUE_OF_DROPPED:
            issue = issue._replace(code=_ISSUE_OF_DROPPED[code], severity=Severity.WARNING)
        return issue

    def _issue(
        self, code: str, sis_id: str | None, raw: dict[str, Any], field: str, value: Any
    ) -> Issue:
        names = [
            _visible(raw.get(self._source_of["first_name"])),
            _visible(raw.get(self._source_of["last_name"])),
        ]
        return Issue(
            code=code,
            severity=Severity.ERROR,
            sis_id=sis_id,
            name=" ".join(filter(None, names))[:ISSUE_NAME_LIMIT],
            field=field,
            source_field=self._source_of.get(field, ""),
            value=_visible(value)[:ISSUE_VALUE_LIMIT],
        )


def _parser_of(field: str) -> tuple[Callable[[Any, int], Any], int]:
    """Return the parser of a field and the field's limit."""
    return PARSERS[field], STUDENT_FIELDS[field].limit


def _visible(value: Any) -> str:
    """Return a raw value as text that can be stored and shown.

    What can't be seen is shown as a box; of a list or an object only its kind.
    """
    if value is None:
        return ""
    if isinstance(value, int) and value.bit_length() > MAX_NUMBER_BITS:
        return "(a number)"
    if isinstance(value, dict):
        return "(an object)"
    if isinstance(value, (list, tuple)):
        return "(a list)"
    return "".join(map(_visible_letter, str(value)[:1000]))


def _visible_letter(letter: str) -> str:
    if letter.isprintable():
        return letter
    return " " if letter.isspace() else "\ufffd"
