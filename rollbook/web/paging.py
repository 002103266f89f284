"""Cuts a lazy list of rows into pages and says where one is; the page number and the search stay in the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest

T_co = TypeVar("T_co", covariant=True)
PER_PAGE = 25
KEPT = (
    "tab",
    "q",
    "only",
    "class",
    "state",
    "severity",
    "who",
)  # what belongs to the list; anything else in the address is about this one request


class Rows(Protocol[T_co]):
    """What the sync layer gives: counted and sliced without being loaded whole."""

    def count(self) -> int: ...
    def __getitem__(self, part: slice, /) -> Any: ...


@dataclass(frozen=True)
class Pages(Generic[T_co]):
    """One page of rows, and the addresses of the pages beside it."""

    rows: Sequence[T_co]
    number: int
    count: int
    total: int
    first: int
    previous: str
    next: str

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def page_of(rows: Rows[T_co], request: HttpRequest) -> Pages[T_co]:
    """The page that the address asks for; the nearest one that exists for any other number."""
    total = rows.count()
    count = max(1, -(-total // PER_PAGE))
    asked = request.GET.get("page", "1")
    number = min(max(int(asked) if asked.isdecimal() and len(asked) < 9 else 1, 1), count)
    start = (number - 1) * PER_PAGE
    return Pages(
        rows=list(rows[start : start + PER_PAGE]),
        number=number,
        count=count,
        total=total,
        first=start + 1,
        previous=_address(request, number - 1) if number > 1 else "",
        next=_address(request, number + 1) if number < count else "",
    )


def _address(request: HttpRequest, number: int) -> str:
    kept = {key: value for key, value in request.GET.items() if key in KEPT}
    return f"?{urlencode(kept | {'page': number})}"
