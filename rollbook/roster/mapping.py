"""Stop 2: a raw record → a StudentRecord, or the issues that say why not."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from rollbook.roster import values
from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.roster.records import (
    ISSUE_NAME_LIMIT,
    ISSUE_VALUE_LIMIT,
    AccountKey,
    Issue,
    Selection,
    Severity,
    StudentRecord,
)
from rollbook.roster.values import Unreadable

FINGERPRINT_BYTES = 16
PARSERS_VERSION = (
    1  # raise it when a parser reads a value otherwise: then the next run compares everybody again
)

_POSITION = {name: index for index, name in enumerate(StudentRecord._fields)}
_NOTHING: tuple[Any, ...] = (*(None,) * (len(StudentRecord._fields) - 1), ())
_SIS_ID, _EMAIL, _EMAIL_KEY = _POSITION["sis_id"], _POSITION["email"], _POSITION["email_key"]
_FINGERPRINT, _BLANKS = _POSITION["fingerprint"], _POSITION["blanks"]
_DROPPED = {
    "email_invalid": "personal_email_invalid"
}  # what a bad optional value costs: itself only; the rest puts the record aside


_OUTSIDE = b"outside"
_ABSENT = "\0absent"


class MappedRecord(NamedTuple):
    """What became of one raw record.

    `record` is None for one that is outside the selection or has an error, and for one that says what it said last time (`unchanged`).
    `digest` tells whether two records of one SIS ID say the same.
    """

    sis_id: str | None
    record: StudentRecord | None
    digest: bytes
    issues: tuple[Issue, ...] = ()
    unchanged: bool = False

    @property
    def selected(self) -> bool:
        return self.digest is not _OUTSIDE


class RecordMapper:
    """Maps the raw records of one run.

    `mapping` is a list of (source field, our field); `version` is part of every fingerprint, so that a changed mapping compares everybody
    again. `grade_field` is the raw record's key that holds the grade level. `known` are the linked accounts by SIS ID. `clears` are
    optional fields
    that a blank of the source empties.

    A fingerprint is taken over the mapped values as the source wrote them, before they are parsed: on the usual run, where nearly all
    records say what they said last time, leaving the parsing out halves the time of the run. A record that is
    only spelled otherwise is parsed, compared field by field and found unchanged.
    """

    def __init__(
        self,
        mapping: list[tuple[str, str]],
        version: int,
        grade_field: str,
        selection: Selection,
        known: Mapping[str, AccountKey] = MappingProxyType({}),
        clears: frozenset[str] = frozenset(),
    ) -> None:
        self.source_fields = frozenset(source for source, _ in mapping) | {grade_field}
        self.fields = tuple(field for _, field in mapping)
        self._source_of = {field: source for source, field in mapping}
        missing = [field for field in REQUIRED_FIELDS if field not in self._source_of]
        if missing:
            raise ValueError(f"The mapping lacks {', '.join(missing)}.")
        self._rows = [
            (
                source,
                field,
                _POSITION[field],
                values.PARSERS[STUDENT_FIELDS[field].kind],
                STUDENT_FIELDS[field].limit,
            )
            for source, field in mapping
            if field != "sis_id"
        ]
        self._id_field = self._source_of["sis_id"]
        self._sources = tuple(source for source, _ in mapping)
        self._pick = itemgetter(*self._sources)
        self._grade_field = grade_field
        self._grades = selection.grades
        self._known = known
        self._clears = clears.difference(REQUIRED_FIELDS)
        self._unseen = {source for source, _ in mapping}
        self._met_any = False
        self._seed = blake2b(
            f"{PARSERS_VERSION}:{version}:{','.join(self.fields)}".encode(),
            digest_size=FINGERPRINT_BYTES,
        ).digest()

    def observe_fields(self, raws: Iterable[Any]) -> None:
        """Look which fields there are among records that are about to be mapped: SISs leave a blank one out of its record.

        A field that no record has is not blank, it is absent, and clears nothing.
        """
        if self._clears:
            for raw in raws:
                if isinstance(raw, dict):
                    self._unseen.difference_update(raw)

    def map(self, raw: Any) -> MappedRecord:
        """Map one raw record. Never raises, whatever JSON it is given: what can't be read becomes an issue."""
        if not isinstance(raw, dict):
            return MappedRecord(
                None,
                None,
                b"",
                (self._issue("wrong_type", Severity.ERROR, None, {}, "sis_id", raw),),
            )
        if self._unseen:
            self._unseen.difference_update(raw)
            self._met_any = True
        grade = values.grade(raw.get(self._grade_field))
        outside = grade is not None and grade not in self._grades
        try:
            sis_id = values.text(raw.get(self._id_field), STUDENT_FIELDS["sis_id"].limit)
        except Unreadable as bad:
            if outside:
                return MappedRecord(None, None, _OUTSIDE)
            return MappedRecord(
                None,
                None,
                b"",
                (
                    self._issue(
                        bad.code, Severity.ERROR, None, raw, "sis_id", raw.get(self._id_field)
                    ),
                ),
            )
        if outside:
            return MappedRecord(sis_id, None, _OUTSIDE)
        if sis_id is None:
            return MappedRecord(
                None,
                None,
                b"",
                (self._issue("id_missing", Severity.ERROR, None, raw, "sis_id", None),),
            )
        digest = self._digest(raw)
        if grade is None:
            issue = self._issue(
                "grade_unknown",
                Severity.ERROR,
                sis_id,
                raw,
                "grade_level",
                raw.get(self._grade_field),
            )
            return MappedRecord(
                sis_id, None, digest, (issue._replace(source_field=self._grade_field),)
            )
        known = self._known.get(sis_id)
        if known is not None and known.fingerprint == digest:
            return MappedRecord(sis_id, None, digest, (), True)
        return self._map_selected(sis_id, raw, digest)

    def _digest(self, raw: dict[str, Any]) -> bytes:
        try:
            said = self._pick(raw)
        except KeyError:
            said = tuple(raw.get(source, _ABSENT) for source in self._sources)
        try:
            written = repr(said)
        except (
            RecursionError,
            ValueError,
        ):  # nested too deeply, or a number of more digits than Python writes: none of it is readable
            written = repr(tuple(_shown(value) for value in said))
        return blake2b(
            self._seed + written.encode("utf-8", "surrogatepass"), digest_size=FINGERPRINT_BYTES
        ).digest()

    def vanished_fields(self) -> list[tuple[str, str]]:
        """The mapping's rows whose field no record had: a right was taken away, rather than every student's value.

        A roster without any record tells nothing of the kind.
        """
        if not self._met_any:
            return []
        return [
            (source, field) for field, source in self._source_of.items() if source in self._unseen
        ]

    def _map_selected(self, sis_id: str, raw: dict[str, Any], digest: bytes) -> MappedRecord:
        """Parse the mapped fields of a record in the selection. A value that can't be read rejects it, but for those that are dropped."""
        found = list(_NOTHING)
        issues: list[Issue] = []
        unsure = False  # whether a field that a blank would clear is blank, or not sent to us at all (any more)
        for source, field, position, parse, limit in self._rows:
            try:
                value = parse(raw.get(source), limit)
            except Unreadable as bad:
                issues.append(self._unreadable(bad.code, sis_id, raw, field, raw.get(source)))
            else:
                if value is None and field in REQUIRED_FIELDS:
                    issues.append(
                        self._issue(
                            "required_empty", Severity.ERROR, sis_id, raw, field, raw.get(source)
                        )
                    )
                elif value is None and field in self._clears:
                    if source in self._unseen:
                        unsure = True
                    else:
                        found[_BLANKS] += (field,)
                found[position] = value
        if any(issue.severity is Severity.ERROR for issue in issues):
            return MappedRecord(sis_id, None, digest, tuple(issues))
        found[_SIS_ID] = sis_id
        found[_EMAIL_KEY] = values.email_key(found[_EMAIL])
        if (
            not issues and not unsure
        ):  # one with a dropped value is looked at again each time: its issue stays until it is mended
            found[_FINGERPRINT] = digest
        return MappedRecord(sis_id, StudentRecord._make(found), digest, tuple(issues))

    def _unreadable(
        self, code: str, sis_id: str, raw: dict[str, Any], field: str, value: Any
    ) -> Issue:
        if field not in REQUIRED_FIELDS and code in _DROPPED:
            return self._issue(_DROPPED[code], Severity.WARNING, sis_id, raw, field, value)
        return self._issue(code, Severity.ERROR, sis_id, raw, field, value)

    def _issue(
        self,
        code: str,
        severity: Severity,
        sis_id: str | None,
        raw: dict[str, Any],
        field: str,
        value: Any,
    ) -> Issue:
        name = " ".join(
            filter(
                None,
                (_shown(raw.get(self._source_of[part])) for part in ("first_name", "last_name")),
            )
        )
        return Issue(
            code,
            severity,
            sis_id,
            name[:ISSUE_NAME_LIMIT],
            field,
            self._source_of.get(field, ""),
            _shown(value)[:ISSUE_VALUE_LIMIT],
        )


def _shown(value: Any) -> str:
    """A raw value as text that can be stored and shown: what can't be seen as a box, objects as their kind only."""
    if value is None:
        return ""
    if isinstance(value, int) and value.bit_length() > values.MAX_NUMBER_BITS:
        return "(a number)"
    if isinstance(value, (dict, list, tuple)):
        return "(a list)" if not isinstance(value, dict) else "(an object)"
    return "".join(
        letter if letter.isprintable() else " " if letter.isspace() else "\ufffd"
        for letter in str(value)[:1000]
    )
