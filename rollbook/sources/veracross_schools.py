"""The school of a Veracross student: his school level, and his campus where there are several.

v2 sends labels; v3 sends codes and, in its list, the campus as an object (spec).
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from rollbook.sources.record_types import Record
from rollbook.sources.shapes import short_text
from rollbook.sources.veracross_answers import NO_LABEL, ValueLists

SCHOOL: Final = "school"  # the field of a record
LEVEL: Final = "school_level"
CAMPUS: Final = "campus"
SEPARATOR: Final = " · "


def with_school(fields: Iterable[str]) -> frozenset[str]:
    """Return the fields to read where `fields` may have the school."""
    names = frozenset(fields)
    return names - {SCHOOL} | {LEVEL} if SCHOOL in names else names


def take_campuses(records: Iterable[Record]) -> list[bytes]:
    """Take the campus, as the JSON that was sent, out of each record."""
    return [bytes(record.pop(CAMPUS, b"")) for record in records]


def put_schools(
    records: Iterable[Record], campuses: Iterable[bytes], value_lists: ValueLists | None = None
) -> None:
    """Put the school of each student into his record: "Main Campus · Upper School"."""
    for record, campus in zip(records, campuses, strict=True):
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
