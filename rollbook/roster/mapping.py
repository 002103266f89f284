"""Stop 2: a raw record → a StudentRecord, or the issues that say why not."""

from hashlib import blake2b
from typing import Any, NamedTuple

from rollbook.roster import values
from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.roster.records import Issue, Selection, Severity, StudentRecord
from rollbook.roster.values import Unreadable

FINGERPRINT_BYTES = 16
EXCERPT = 120  # characters of a bad value that an issue keeps

_POSITION = {name: index for index, name in enumerate(StudentRecord._fields)}
_NOTHING: tuple[Any, ...] = (None,) * len(StudentRecord._fields)
_ISSUE_OF_DROPPED = {"email_invalid": "personal_email_invalid", "text_too_long": "optional_text_too_long"}


_OUTSIDE = b"outside"


class Mapped(NamedTuple):
    """What became of one raw record.

    `record` is None for one that is outside the selection or has an error. `digest` tells whether two records of one SIS ID say the same.
    """

    sis_id: str | None
    record: StudentRecord | None
    digest: bytes
    issues: tuple[Issue, ...] = ()

    @property
    def selected(self) -> bool:
        return self.digest is not _OUTSIDE


class RecordMapper:
    """Maps the raw records of one run.

    `mapping` is a list of (source field, our field); `version` is part of every fingerprint, so that a changed mapping compares everybody
    again. `grade_field` is the raw record's key that holds the grade level.
    """

    def __init__(self, mapping: list[tuple[str, str]], version: int, grade_field: str, selection: Selection) -> None:
        self.source_fields = frozenset(source for source, _ in mapping) | {grade_field}
        self.fields = tuple(field for _, field in mapping)
        self._source_of = {field: source for source, field in mapping}
        missing = [field for field in REQUIRED_FIELDS if field not in self._source_of]
        if missing:
            raise ValueError(f"The mapping lacks {', '.join(missing)}.")
        self._rows = [
            (source, field, _POSITION[field], values.PARSERS[STUDENT_FIELDS[field].kind], STUDENT_FIELDS[field].limit)
            for source, field in mapping
            if field != "sis_id"
        ]
        self._id_field = self._source_of["sis_id"]
        self._grade_field = grade_field
        self._grades = selection.grades
        self._unseen = {source for source, _ in mapping}
        self._seed = blake2b(f"{version}:{','.join(self.fields)}".encode(), digest_size=FINGERPRINT_BYTES).digest()

    def map(self, raw: Any) -> Mapped:
        """Map one raw record. Never raises, whatever JSON it is given: what can't be read becomes an issue."""
        if not isinstance(raw, dict):
            return Mapped(None, None, b"", (self._issue("wrong_type", Severity.ERROR, None, {}, "sis_id", raw),))
        if self._unseen:
            self._unseen.difference_update(raw)
        try:
            sis_id = values.text(raw.get(self._id_field), STUDENT_FIELDS["sis_id"].limit)
        except Unreadable as bad:
            return Mapped(None, None, b"", (self._issue(bad.code, Severity.ERROR, None, raw, "sis_id", raw.get(self._id_field)),))
        grade = values.grade(raw.get(self._grade_field))
        if grade is not None and grade not in self._grades:
            return Mapped(sis_id, None, _OUTSIDE)
        if sis_id is None:
            return Mapped(None, None, b"", (self._issue("id_missing", Severity.ERROR, None, raw, "sis_id", None),))
        if grade is None:
            issue = self._issue("grade_unknown", Severity.ERROR, sis_id, raw, "grade_level", raw.get(self._grade_field))
            return Mapped(sis_id, None, self._digest(repr(sorted(raw.items(), key=str))), (issue._replace(source_field=self._grade_field),))
        return self._map_selected(sis_id, raw)

    def vanished(self) -> list[tuple[str, str]]:
        """The mapping's rows whose field no record had: a right was taken away, rather than every student's value."""
        return [(source, field) for field, source in self._source_of.items() if source in self._unseen]

    def _map_selected(self, sis_id: str, raw: dict[str, Any]) -> Mapped:
        """Parse the mapped fields of a record that is in the selection. A bad required field rejects it, a bad optional one is dropped."""
        found = list(_NOTHING)
        issues: list[Issue] = []
        for source, field, position, parse, limit in self._rows:
            try:
                value = parse(raw.get(source), limit)
            except Unreadable as bad:
                issues.append(self._unreadable(bad.code, sis_id, raw, field, raw.get(source)))
            else:
                if value is None and field in REQUIRED_FIELDS:
                    issues.append(self._issue("required_empty", Severity.ERROR, sis_id, raw, field, raw.get(source)))
                found[position] = value
        if any(issue.severity is Severity.ERROR for issue in issues):
            return Mapped(sis_id, None, self._digest(repr(sorted(raw.items(), key=str))), tuple(issues))
        found[0] = sis_id
        found[2] = key = values.email_key(found[1])
        digest = self._digest("\x1f".join([key, *["" if value is None else str(value) for value in found[3:-1]]]))
        if not issues:  # a record with a dropped value is looked at again each time, so that its issue stays until it is mended
            found[-1] = digest
        return Mapped(sis_id, StudentRecord._make(found), digest, tuple(issues))

    def _digest(self, said: str) -> bytes:
        return blake2b(said.encode(errors="surrogatepass"), digest_size=FINGERPRINT_BYTES, key=self._seed).digest()

    def _unreadable(self, code: str, sis_id: str, raw: dict[str, Any], field: str, value: Any) -> Issue:
        if field in REQUIRED_FIELDS or code == "control_characters":
            return self._issue(code, Severity.ERROR, sis_id, raw, field, value)
        return self._issue(_ISSUE_OF_DROPPED.get(code, code), Severity.WARNING, sis_id, raw, field, value)

    def _issue(self, code: str, severity: Severity, sis_id: str | None, raw: dict[str, Any], field: str, value: Any) -> Issue:
        name = " ".join(filter(None, (_shown(raw.get(self._source_of[part])) for part in ("first_name", "last_name"))))
        return Issue(code, severity, sis_id, name[:300], field, self._source_of.get(field, ""), _shown(value)[:EXCERPT])


def _shown(value: Any) -> str:
    """A raw value as text that can be stored and shown: control characters as their pictures, objects as their kind only."""
    if value is None:
        return ""
    if isinstance(value, (dict, list, tuple)):
        return "(a list)" if not isinstance(value, dict) else "(an object)"
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in str(value)[:1000])
