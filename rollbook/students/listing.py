"""The list of a school's students: filters, search and order as one value, and pages that take the same time anywhere in the list."""

from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import F, OrderBy, Q, QuerySet
from django.db.models.functions import Coalesce

from rollbook.schools.models import School
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.students.registration import with_registration
from rollbook.students.searching import having_words

COUNTED: Final = 10_000  # a longer list isn't counted to its end
BY_HAND: Final = "none"
NAME: Final = ("last_name", "first_name", "pk")
# Each order ends in something unique, so that a page begins exactly where the one before it ended.
ORDERS: Final[dict[str, tuple[str, ...]]] = {
    "name": NAME,
    "email": ("email_key", "pk"),
    "year": ("year", *NAME),
}


class Filter(NamedTuple):
    """What is listed. `BY_HAND` is the source of accounts without a link; a minus before the order turns it round."""

    search: str = ""
    year: int | None = None
    status: str = ""
    source: str = ""
    registration: str = ""
    order: str = "name"

    @property
    def narrows(self) -> bool:
        return bool(self.search or self.year or self.status or self.source or self.registration)


def students(school: School, wanted: Filter) -> QuerySet[StudentAccount]:
    """The students that the filter lets through, in no order yet."""
    found = StudentAccount.objects.filter(school=school).alias(year=Coalesce("graduation_year", 0))
    if wanted.year is not None:
        found = found.filter(year=wanted.year)
    if wanted.status in AccountStatus.values:
        found = found.filter(status=wanted.status)
    if wanted.source:
        found = found.filter(source="" if wanted.source == BY_HAND else wanted.source)
    return having_words(with_registration(found, wanted.registration), wanted.search)


def ordered(
    found: QuerySet[StudentAccount], order: str, *, backwards: bool = False
) -> QuerySet[StudentAccount]:
    """In this order; `backwards` for the page before."""
    columns, turned = _order(order)
    down = turned != backwards
    return found.order_by(*(OrderBy(F(column), descending=down) for column in columns))


class Part(NamedTuple):
    """One page: its rows, and whether there are more before and after it. `total` stops at COUNTED + 1."""

    rows: list[StudentAccount]
    total: int
    more_before: bool
    more_after: bool


def part_of(
    school: School,
    found: QuerySet[StudentAccount],
    order: str,
    size: int,
    *,
    after: UUID | None = None,
    before: UUID | None = None,
) -> Part:
    """The page after, or before, an account; the first one where that account is gone. No page costs more than the first."""
    total = found[: COUNTED + 1].count()
    backwards = before is not None
    edge = _values_of(school, order, before if backwards else after)
    if edge is None:
        rows = list(ordered(found, order)[: size + 1])
        return Part(rows[:size], total, False, len(rows) > size)
    rows = list(
        ordered(found.filter(_beyond(order, edge, backwards)), order, backwards=backwards)[
            : size + 1
        ]
    )
    more = len(rows) > size
    if backwards:
        return Part(rows[:size][::-1], total, more, True)
    return Part(rows[:size], total, True, more)


def years(school: School) -> list[int]:
    """Graduation years that occur, each found by one step along the index: 200,000 students cost no more than twenty."""
    accounts = (
        StudentAccount.objects.filter(school=school)
        .annotate(year=Coalesce("graduation_year", 0))
        .order_by("year")
    )
    found: list[int] = []
    while len(found) < 100 and (
        year := accounts.filter(year__gt=found[-1] if found else 0)
        .values_list("year", flat=True)
        .first()
    ):
        found.append(year)
    return found


def _order(order: str) -> tuple[tuple[str, ...], bool]:
    return ORDERS.get(order.removeprefix("-"), NAME), order.startswith("-")


def _values_of(school: School, order: str, account_id: UUID | None) -> list[Any] | None:
    """Where an account stands in the order. Looked up, so that no student's value has to be in an address."""
    if account_id is None:
        return None
    columns, _turned = _order(order)
    account = StudentAccount.objects.filter(school=school, pk=account_id)
    row = account.annotate(year=Coalesce("graduation_year", 0)).values_list(*columns).first()
    return list(row) if row else None


def _beyond(order: str, edge: list[Any], backwards: bool) -> Q:
    """Whatever comes after the edge, column by column; the first condition alone lets the database begin at the right place."""
    columns, turned = _order(order)
    sign = "lt" if turned != backwards else "gt"
    beyond, same = Q(), Q()
    for column, value in zip(columns, edge, strict=True):
        beyond |= same & Q((f"{column}__{sign}", value))
        same &= Q((column, value))
    return Q((f"{columns[0]}__{sign}e", edge[0])) & beyond
