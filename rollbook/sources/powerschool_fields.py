"""Source fields of PowerSchool that aren't one key of a student's record.

They are a user name with a domain (`student_username@school.example`), a field of an extension
(`u_students_extension.student_email`), and a graduation year that is reckoned from the grade.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from rollbook.sources.base import EXTENSION_FIELD
from rollbook.sources.reckoned_year import YearReckoner
from rollbook.sources.record_types import Record

USER_NAME: Final = "student_username"
SCHOOL: Final = "school_number"
EXTENSION_DATA: Final = "_extension_data"
_NO_DATA: Final = b""


class FurtherFields:
    """Those of the source fields of one run, and how they are put into a record.

    `read` are the usual fields that they are made from; those in `fields` stay in the record.
    `extensions` names the tables that have to be asked for, with commas between. `meanings` are
    the levels of names of grades, as in `base.Connection`.
    """

    def __init__(
        self,
        fields: Iterable[str],
        meanings: Mapping[str, int | None] = MappingProxyType({}),
    ) -> None:
        names = frozenset(fields)
        self._fields = names
        self._domains = {
            name: name.removeprefix(USER_NAME) for name in names if name.startswith(f"{USER_NAME}@")
        }
        self._years = YearReckoner(names, meanings)
        self._tables: dict[str, dict[str, str]] = {}
        for name in sorted(names):
            if EXTENSION_FIELD.fullmatch(name):
                table, _dot, column = name.partition(".")
                self._tables.setdefault(table, {})[column] = name
        self.extensions = ",".join(self._tables)
        self.read = frozenset({USER_NAME} if self._domains else ()) | frozenset(
            {"grade_level", "exit_date"} if self._years.names else ()
        )
        if self._years.needs_school:
            self.read |= {SCHOOL}

    def parts(self, expansions: Iterable[str]) -> str:
        """Return the part of a query that asks for these objects and for the extensions."""
        extensions = f"&extensions={self.extensions}" if self.extensions else ""
        return f"expansions={','.join(expansions)}{extensions}"

    @property
    def depends_on_grade(self) -> bool:
        return bool(self._years.names)

    def __bool__(self) -> bool:
        return bool(self._domains or self._years.names or self._tables)

    def finish(self, record: Record) -> None:
        """Put the further fields into a flat record."""
        data = record.pop(EXTENSION_DATA, _NO_DATA)
        if self._tables and data:
            self._put_extensions(record, bytes(data))
        self.finish_made(record)

    def finish_made(self, record: Record) -> None:
        """Put the fields that are made from others into a flat record."""
        user_name = record.get(USER_NAME)
        for name, domain in self._domains.items():
            if user_name not in (None, ""):
                record[name] = f"{user_name}{domain}"
        if self._years.names:
            ends = str(record.get("exit_date", ""))
            school = record.get(SCHOOL)
            self._years.put_years(record, record.get("grade_level"), ends, school)
        for name in self.read - self._fields - {"grade_level"}:
            record.pop(name, None)

    def _put_extensions(self, record: Record, data: bytes) -> None:
        try:
            content = msgspec.json.decode(data)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return
        for table, column, value in extension_values(content):
            name = self._tables.get(table, {}).get(column)
            if name is not None:
                record[name] = value


def extension_values(content: Any) -> Iterable[tuple[str, str, Any]]:
    """Yield table, column and value of each extension field of a student.

    One table comes as an object, several as a list. A table may have fields although it says that
    no record was found (live).
    """
    if not isinstance(content, dict):
        return
    for table in listed(content.get("_table_extension")):
        for entry in listed(table.get("_field")):
            value = entry.get("value")
            if isinstance(value, str | int | float):
                name = str(table.get("name")).lower(), str(entry.get("name")).lower()
                yield *name, value


def listed(content: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; PowerSchool sends a list of one as its element (live)."""
    entries = content if isinstance(content, list) else [content]
    return [entry for entry in entries if isinstance(entry, dict)]
