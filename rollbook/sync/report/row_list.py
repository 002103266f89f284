"""Lists of rows as they are shown, loaded only as far as they are asked for."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model, QuerySet

from rollbook.students.listing import COUNTED

FETCHED_AT_A_TIME: Final = 2_000  # rows that a server-side cursor hands over
M = TypeVar("M", bound=Model)
R = TypeVar("R")


class PagedRows:
    """The rows of a query: counted and sliced.

    With `one_pass` the database goes through them once, for the count and the page: for a search,
    which has no index. Then the list ends after COUNTED rows, and `more` says that it goes on.
    """

    def __init__(self, query: QuerySet[M], *, one_pass: bool) -> None:
        self._query: QuerySet[Any] = query
        self._one_pass = one_pass

    def count(self) -> int:
        return min(len(self._ids), COUNTED) if self._one_pass else self._query.count()

    @property
    def more(self) -> bool:
        return self._one_pass and len(self._ids) > COUNTED

    @cached_property
    def _ids(self) -> list[Any]:
        return list(self._query.values_list("pk", flat=True)[: COUNTED + 1])

    def part(self, part: slice) -> list[Any]:
        """Return the rows of a page as the database has them."""
        if not self._one_pass:
            return list(self._query[part])
        ids = self._ids[part]
        by_id = self._query.model._default_manager.in_bulk(ids)
        return [by_id[each] for each in ids if each in by_id]


class RowList(PagedRows, Generic[R]):
    """The rows of a query, each turned into what is shown: a page of them, or all."""

    def __init__(
        self, query: QuerySet[M], show: Callable[[M], R], *, one_pass: bool = False
    ) -> None:
        super().__init__(query, one_pass=one_pass)
        self._show: Callable[[Any], R] = show

    def __getitem__(self, part: slice) -> list[R]:
        return [self._show(row) for row in self.part(part)]

    def __iter__(self) -> Iterator[R]:
        return map(self._show, self._query.iterator(chunk_size=FETCHED_AT_A_TIME))
