"""Source fields of Veracross that aren't one key of a student's record.

They are the school (the school level, and the campus where a student has one), a user name with a
domain (`username@school.example`), and a graduation year that is reckoned from the grade. v2 sends
labels; v3 sends codes and, in its list, the campus as an object (spec).
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from rollbook.sources.reckoned_year import YearReckoner
from rollbook.sources.record_types import Record
from rollbook.sources.shapes import short_text
from rollbook.sources.veracross_answers import NO_LABEL, ValueLists

SCHOOL: Final = "school"
LEVEL: Final = "school_level"
CAMPUS: Final = "campus"
USER_NAME: Final = "username"
SEPARATOR: Final = " · "


class FurtherFields:
    """Those of the source fields of one run, and how they are put into a record.

    `read` are the fields to read instead, by v2's names. `meanings` are the levels of names of
    grades, as in `base.Connection`.
    """

    def __init__(
        self,
        fields: Iterable[str],
        meanings: Mapping[str, int | None] = MappingProxyType({}),
    ) -> None:
        self._fields = frozenset(fields)
        self._has_school = SCHOOL in self._fields
        self._domains = {
            name: name.removeprefix(USER_NAME)
            for name in self._fields
            if name.startswith(f"{USER_NAME}@")
        }
        self._years = YearReckoner(self._fields, meanings)
        self._puts_school = self._has_school or self._years.needs_school
        made = {SCHOOL, *self._domains, *self._years.names}
        sources = {LEVEL} if self._puts_school else set()
        if self._domains:
            sources.add(USER_NAME)
        self.read = frozenset((self._fields - made) | sources)

    def __bool__(self) -> bool:
        return bool(self._has_school or self._domains or self._years.names)

    def finish(
        self,
        records: Iterable[Record],
        campuses: Iterable[bytes],
        value_lists: ValueLists | None = None,
    ) -> None:
        """Put the further fields into records that have v2's names and labels."""
        for record, campus in zip(records, campuses, strict=True):
            if self._puts_school:
                _put_school(record, campus, value_lists)
            user_name = record.get(USER_NAME)
            if self._domains and USER_NAME not in self._fields:
                record.pop(USER_NAME, None)
            for name, domain in self._domains.items():
                if user_name not in (None, ""):
                    record[name] = f"{user_name}{domain}"
            self._years.put_years(record, record.get("current_grade"), school=record.get(SCHOOL))
            if not self._has_school:
                record.pop(SCHOOL, None)


def take_campuses(records: Iterable[Record]) -> list[bytes]:
    """Take the campus, as the JSON that was sent, out of each record."""
    return [bytes(record.pop(CAMPUS, b"")) for record in records]


def _put_school(record: Record, campus: bytes, value_lists: ValueLists | None) -> None:
    """Put the school of a student into his record: "Main Campus · Upper School"."""
    level = _label(record.pop(LEVEL, None), LEVEL, value_lists)
    parts = [_label(_decoded(campus), CAMPUS, value_lists), level]
    record[SCHOOL] = SEPARATOR.join(part for part in parts if part)


def _decoded(campus: bytes) -> Any:
    try:
        return msgspec.json.decode(campus)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _label(value: Any, field: str, value_lists: ValueLists | None) -> str:
    if isinstance(value, dict):
        value = value.get("description")
    elif value_lists is not None and value is not None:
        return value_lists.label(field, str(value)) or value_lists.label(f"{field}.id", str(value))
    label = short_text(value)
    return "" if label.casefold() in NO_LABEL else label
