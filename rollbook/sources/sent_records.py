"""The records of a page as they came. One becomes a dict only where it is looked into."""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any, TypeAlias, overload

from msgspec import UNSET

from rollbook.roster.values.doubled import Doubled
from rollbook.sources.doubled_keys import DoubledKeys
from rollbook.sources.record_types import Record, RecordType

Records: TypeAlias = Sequence[Record]


class SentRecords(Sequence[Record]):
    """The records of a page, as a sequence of flat dicts that are made when they are asked for.

    `structs` are of `record_type`. `finish` puts into a flat record what only its source knows.
    `size` is that of the page in bytes.
    """

    def __init__(
        self,
        structs: list[Any],
        record_type: RecordType,
        doubled_keys: DoubledKeys | None = None,
        size: int = 0,
        finish: Callable[[Record], object] | None = None,
    ) -> None:
        self._structs, self._type = structs, record_type
        self._doubled_keys, self.size, self._finish = doubled_keys, size, finish
        self._positions: Sequence[int] = range(len(self._structs))  # in the page
        self._dicts: list[Record] | None = None  # once they are all flat
        self._removed: dict[str, list[Any]] = {}
        self._number_of_values: int | None = None

    @classmethod
    def of_dicts(cls, records: Iterable[Record]) -> "SentRecords":
        """Return records that are dicts already."""
        page = cls([], RecordType({}, ""))
        page._dicts = list(records)
        page._positions = range(len(page._dicts))
        return page

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> list[Record]: ...
    def __getitem__(self, place: int | slice) -> Record | list[Record]:
        if isinstance(place, slice):
            return [self._record(each) for each in range(len(self))[place]]
        return self._record(range(len(self))[place])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return id(self)

    @property
    def most_values(self) -> int:
        """The number of values that all records have, or could have."""
        if self._dicts is not None:
            return sum(map(len, self._dicts))
        return len(self) * self._type.width

    def values(self, field: str) -> list[Any]:
        """Return the value of one field in each record; None where it is absent."""
        if self._dicts is not None or field not in self._type:
            return [record.get(field) for record in self]
        values = self._removed.get(field) or self._type.values(self._structs, field)
        return _without_unset(values)

    def columns(self, fields: Sequence[str], places: Sequence[int]) -> list[list[Any]]:
        """Return the values of each of these fields in the records at `places`; None for absent."""
        in_structs = self._dicts is None and self._finish is None
        if in_structs and all(field in self._type for field in fields):
            columns = self._type.columns([self._structs[place] for place in places], fields)
            return [_without_unset(values) for values in columns]
        chosen = [self._record(place) for place in places]
        return [[record.get(field) for record in chosen] for field in fields]

    def has(self, field: str) -> bool:
        """Return whether any record has this field."""
        if self._dicts is not None or field not in self._type:
            return any(field in record for record in self)
        values = self._removed.get(field) or self._type.values(self._structs, field)
        return any(value is not UNSET for value in values)

    def contents(self, without: Iterable[str]) -> list[bytes | None]:
        """Return what each record says, but for the fields in `without`.

        Equal records have equal contents. None for a record that can't be compared in this form.
        """
        if self._dicts is not None:
            return [None] * len(self)
        for field in without:
            if field not in self._removed and field in self._type:
                self._removed[field] = self._type.values(self._structs, field)
                self._type.remove(self._structs, field)
        return list(map(self._type.content, self._structs))

    def expect_doubled(self, number: int) -> bool:
        """Prepare for calls of `doubled` for so many records; return whether any is needed."""
        if self._doubled_keys is None:
            return False
        return self._doubled_keys.expect(number, self._count_values)

    def doubled(self, place: int) -> dict[str, Doubled]:
        """Return the fields that a record has twice, with different values."""
        if self._doubled_keys is None:
            return {}
        return self._doubled_keys.of(self._positions[place], self._count_values)

    def flattened(self) -> list[Record]:
        """Return all records as dicts. What is changed in them is changed in the page."""
        if self._dicts is None:
            self._count_values()
            self._dicts = [self._record(place) for place in range(len(self))]
            self._structs = []
        return self._dicts

    def chosen(self, places: Sequence[int]) -> "SentRecords":
        """Return the records at these places."""
        chosen = copy(self)
        chosen._positions = [self._positions[place] for place in places]
        if self._dicts is not None:
            chosen._dicts = [self._dicts[place] for place in places]
        else:
            chosen._structs = [self._structs[place] for place in places]
        chosen._removed = {
            field: [values[place] for place in places] for field, values in self._removed.items()
        }
        return chosen

    def release(self) -> None:
        """Give back the memory of records that are stored. Their number stays."""
        if self._doubled_keys is not None:
            self._doubled_keys.release()
        self._structs, self._removed = [], {}
        self._dicts = [{}] * len(self)

    def _record(self, place: int) -> Record:
        if self._dicts is not None:
            return self._dicts[place]
        record = self._type.flat(self._structs[place])
        for field, values in self._removed.items():
            if values[place] is not UNSET:
                record[field] = values[place]
        if self._finish is not None:
            self._finish(record)
        return record

    def _count_values(self) -> int:
        """Return how many values the records of the page have as they were sent."""
        if self._number_of_values is None:
            self._number_of_values = self._type.count_values(self._structs)
            for values in self._removed.values():
                self._number_of_values += len(values) - values.count(UNSET)
        return self._number_of_values


def _without_unset(values: list[Any]) -> list[Any]:
    if UNSET in values:
        return [None if value is UNSET else value for value in values]
    return values


def sent_records(records: Records) -> SentRecords:
    """Return records, which may be a list of dicts, as those of a page."""
    if isinstance(records, SentRecords):
        return records
    return SentRecords.of_dicts(records)
