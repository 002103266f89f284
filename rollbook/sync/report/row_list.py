"""RowList: rows of a table as they are shown, loaded only as far as they are asked for."""

from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model, QuerySet

FETCHED_AT_A_TIME: Final = 2_000  # rows that a server-side cursor hands over
M = TypeVar("M", bound=Model)
R = TypeVar("R")


class RowList(Generic[R]):
    """The rows of a query, each turned into what is shown: counted, sliced or read to the end."""

    def __init__(self, query: QuerySet[M], show: Callable[[M], R]) -> None:
        self._query: QuerySet[Any] = query
        self._show: Callable[[Any], R] = show

    def count(self) -> int:
        return self._query.count()

    def __getitem__(self, part: slice) -> list[R]:
        return [self._show(row) for row in self._query[part]]

    def __iter__(self) -> Iterator[R]:
        return map(self._show, self._query.iterator(chunk_size=FETCHED_AT_A_TIME))
