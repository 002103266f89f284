"""Finding and changing the rows of an answer, so that a fault works on every list of a SIS."""

from collections.abc import Iterable, Sequence
from typing import Any

ITEM_KEYS = ("student", "record", "school", "staff", "course", "section", "term")
_IDS = ("id", "_id", "dcid", "person_pk")


class Rows(list[Any]):
    """The rows of a document; empty when the answer is no list.

    `whole` is the list itself where an answer without rows has an empty list, as in Veracross.
    """

    def __init__(
        self, rows: Iterable[Any], holder: dict[str, Any], key: str, whole: list[Any] | None = None
    ) -> None:
        super().__init__(rows)
        self._holder, self._key, self._whole = holder, key, whole

    def replace(self, rows: Sequence[Any]) -> None:
        """Replace the rows in the document; without rows the key is removed, as the SIS does."""
        if self._whole is not None:
            self._whole[:] = rows
        elif rows:
            self._holder[self._key] = list(rows)
        else:
            self._holder.pop(self._key, None)


def rows_of(document: Any) -> Rows:
    """Return the rows, wherever this answer has them; a single object counts as one row."""
    whole = document.get("data") if isinstance(document, dict) else document
    if isinstance(whole, list):
        return Rows(whole, {}, "", whole)
    if not isinstance(document, dict):
        return Rows([], {}, "")
    for holder in (*[value for value in document.values() if isinstance(value, dict)], document):
        for key in ITEM_KEYS:
            if key not in holder:
                continue
            rows = holder[key]
            if holder is not document or isinstance(rows, list) or len(document) == 1:
                return Rows(rows if isinstance(rows, list) else [rows], holder, key)
    return Rows([], {}, "")


def parts_of(row: Any) -> list[dict[str, Any]]:
    """Return the objects of a row that may have columns: the row, its name, its tables."""
    tables = row.get("tables")
    return [
        row,
        *(tables.values() if isinstance(tables, dict) else ()),
        *([row["name"]] if _is_named(row) else ()),
    ]


def drop_field(row: Any, path: Sequence[str]) -> None:
    """Remove a dotted field from a row; for rows of tables the column name is enough."""
    for part in parts_of(row):
        holder: Any = part
        for key in path[:-1]:
            holder = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder.pop(path[-1], None)


def renumber(rows: Iterable[Any], add: int) -> None:
    """Add a number to the ids of every row; text stays text."""
    for row in rows:
        for part in parts_of(row):
            for key in _IDS:
                if key in part:
                    part[key] = type(part[key])(int(part[key]) + add)


def set_last_name(rows: Iterable[Any], last_name: str) -> None:
    """Set the last name in every row that has one."""
    for row in rows:
        for part in parts_of(row):
            if "last_name" in part:
                part["last_name"] = last_name


def _is_named(row: Any) -> bool:
    return isinstance(row.get("name"), dict)
