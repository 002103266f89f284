"""Finding and changing the rows in an answer, so that one fault fits every list a SIS gives."""

from collections.abc import Iterable, Sequence
from typing import Any

ITEM_KEYS = ("student", "record", "school", "staff", "course", "section", "term")
_IDS = ("id", "_id", "dcid", "person_pk")


class Rows(list[Any]):
    """The rows of a document; `replace` puts others in their place. Empty when it isn't a list answer.

    `whole` is the list itself where it is there also without rows, as at Veracross.
    """

    def __init__(
        self, rows: Iterable[Any], holder: dict[str, Any], key: str, whole: list[Any] | None = None
    ) -> None:
        super().__init__(rows)
        self._holder, self._key, self._whole = holder, key, whole

    def replace(self, rows: Sequence[Any]) -> None:
        """Put these in, or take the key out when there are none, as the SIS does."""
        if self._whole is not None:
            self._whole[:] = rows
        elif rows:
            self._holder[self._key] = list(rows)
        else:
            self._holder.pop(self._key, None)


def rows_of(document: Any) -> Rows:
    """The rows, wherever this answer keeps them; a lone object counts as one row."""
    whole = document.get("data") if isinstance(document, dict) else document
    if isinstance(whole, list):
        return Rows(whole, {}, "", whole)
    if not isinstance(document, dict):
        return Rows([], {}, "")
    for holder in (*[value for value in document.values() if isinstance(value, dict)], document):
        for key in ITEM_KEYS:
            if key in holder and (
                holder is not document or isinstance(holder[key], list) or len(document) == 1
            ):
                found = holder[key]
                return Rows(found if isinstance(found, list) else [found], holder, key)
    return Rows([], {}, "")


def parts_of(row: Any) -> list[dict[str, Any]]:
    """The objects in a row that may hold columns: the row itself, its name, its tables."""
    tables = row.get("tables")
    return [
        row,
        *(tables.values() if isinstance(tables, dict) else ()),
        *([row["name"]] if _is_named(row) else ()),
    ]


def drop_field(row: Any, path: Sequence[str]) -> None:
    """Take a dotted field out of a row; for table rows the column name alone is enough."""
    for part in parts_of(row):
        holder: Any = part
        for key in path[:-1]:
            holder = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder.pop(path[-1], None)


def renumber(rows: Iterable[Any], add: int) -> None:
    """Give every row another id, number or text as it was."""
    for row in rows:
        for part in parts_of(row):
            for key in _IDS:
                if key in part:
                    part[key] = type(part[key])(int(part[key]) + add)


def set_last_name(rows: Iterable[Any], last_name: str) -> None:
    for row in rows:
        for part in parts_of(row):
            if "last_name" in part:
                part["last_name"] = last_name


def _is_named(row: Any) -> bool:
    return isinstance(row.get("name"), dict)
