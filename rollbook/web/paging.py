"""Cuts a list into pages. The page number and the filter stay in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest

from rollbook.students.listing import COUNTED, Part
from rollbook.students.models import StudentAccount
from rollbook.sync.report.row_list import PagedRows

T_co = TypeVar("T_co", covariant=True)
PER_PAGE = 25


class Rows(Protocol[T_co]):
    """A list that can be counted and sliced without being loaded whole."""

    def count(self) -> int: ...
    def __getitem__(self, part: slice, /) -> Any: ...


@dataclass(frozen=True)
class Pages(Generic[T_co]):
    """One page of rows, and links to the pages before and after it.

    A page has a `number`, or is known by the row it begins after: then `number` is 0.
    With `more` the list is longer than `total`; it was not counted to its end.
    """

    rows: Sequence[T_co]
    total: int
    previous: str
    next: str
    number: int = 0
    count: int = 0
    beginning: str = ""
    more: bool = False

    @property
    def first(self) -> int:
        """The number of the first row of this page, counted from 1."""
        return (self.number - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        """The number of the last row of this page."""
        return self.first + len(self.rows) - 1


def page_of(
    rows: Rows[T_co],
    request: HttpRequest,
    parameters: Mapping[str, str] | None = None,
    total: int | None = None,
) -> Pages[T_co]:
    """Return the page that the address asks for, or the nearest one that exists.

    `parameters` are those of the filter; the links carry them on. `total` is the number of rows
    where that is known already.
    """
    if total is None:
        total = rows.count()
    count = max(1, -(-total // PER_PAGE))
    number = min(max(_page_number(request), 1), count)
    start = (number - 1) * PER_PAGE
    return Pages(
        rows=list(rows[start : start + PER_PAGE]),
        total=total,
        previous=_link(parameters, page=number - 1) if number > 1 else "",
        next=_link(parameters, page=number + 1) if number < count else "",
        number=number,
        count=count,
        more=isinstance(rows, PagedRows) and rows.more,
    )


def page_of_students(part: Part, parameters: Mapping[str, str]) -> Pages[StudentAccount]:
    """Return a part of the list of students as a page.

    Its links hold the id of the student at its edge, never a student's value. A page far down
    in 200,000 students takes no longer than the first one; by number it would.
    """
    before = part.rows[0].pk if part.rows and part.more_before else None
    after = part.rows[-1].pk if part.rows and part.more_after else None
    return Pages(
        rows=part.rows,
        total=min(part.total, COUNTED),
        more=part.total > COUNTED,
        beginning=_link(parameters) if before else "",
        previous=_link(parameters, before=before) if before else "",
        next=_link(parameters, after=after) if after else "",
    )


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return int(text) if text.isdecimal() and len(text) < 9 else 1


def _link(parameters: Mapping[str, str] | None, **place: Any) -> str:
    return f"?{urlencode({**(parameters or {}), **place})}"
