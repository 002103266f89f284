"""Leaves erased students out of a plan: no row and no problem says anything about them."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from rollbook.roster.planning import erased
from rollbook.roster.planning.erased import ErasedStudents
from rollbook.roster.planning.identity import key_of, person_key
from rollbook.roster.planning.mapping import MappedRecord, RecordMapper
from rollbook.roster.planning.matching import Matcher
from rollbook.roster.sheets.rows import SheetRow
from rollbook.roster.values.parsing import email_key
from rollbook.students.models import StudentAccount
from rollbook.students.tombstones import erased_students
from rollbook.sync.models import Run


class ErasedRecords:
    """Tells the records and rows of erased students. `number` counts them.

    A record of an account is never one: somebody else may have got the e-mail or the SIS ID.
    """

    def __init__(
        self, run: Run, matcher: Matcher | None = None, mapper: RecordMapper | None = None
    ) -> None:
        self.number = 0
        self._school_id: UUID = run.school_id
        self._source, self._matcher, self._mapper = run.link_source, matcher, mapper
        self._students: ErasedStudents = erased_students(run.school_id)

    def __bool__(self) -> bool:
        return bool(self._students)

    def has_record(self, mapped: MappedRecord, sent: Callable[[], Mapping[str, Any]]) -> bool:
        """Return whether a record is about an erased student, and count it."""
        students = self._students
        assert self._matcher is not None
        if not students or mapped.sis_id in self._matcher.known:
            return False
        is_erased = students.has_sis_id(self._source, mapped.sis_id)
        if not is_erased and mapped.record is not None:
            is_erased = self._has_email(mapped.record.email_key) or students.has_person(
                person_key(mapped.record)
            )
        elif not is_erased:
            is_erased = self._has_raw(sent())
        self.number += is_erased
        return is_erased

    def has_row(self, row: SheetRow) -> bool:
        """Return whether a row of a spreadsheet is about an erased student, and count it."""
        students = self._students
        if not students:
            return False
        sis_id, address = row.values.get("sis_id"), row.email_key
        by_id = students.has_sis_id("", sis_id) and not self._has_account(sis_id=sis_id)
        is_erased = by_id or self._has_email(address) or students.has_person(row.person_key)
        self.number += is_erased
        return is_erased

    def _has_raw(self, raw: Mapping[str, Any]) -> bool:
        """Return whether a record that can't be read has values of an erased student."""
        texts = [str(value) for value in raw.values() if isinstance(value, str)]
        if any(self._has_email(email_key(text)) for text in texts if "@" in text):
            return True
        assert self._mapper is not None
        sources = map(self._mapper.source_of, ("first_name", "last_name", "birth_date"))
        first, last, birth = (str(raw.get(source or "") or "") for source in sources)
        return self._students.has_person(key_of(first, last, birth[:10]))

    def _has_email(self, address: str | None) -> bool:
        is_known = self._students.has(erased.EMAIL, address)
        return is_known and not self._has_account(email_key=address)

    def _has_account(self, **values: Any) -> bool:
        """Return whether somebody of the school has this SIS ID or e-mail now."""
        return StudentAccount.objects.filter(school_id=self._school_id, **values).exists()
