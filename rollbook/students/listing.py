"""The list of a school's students: filtered, ordered, and cut into pages.

Every page takes the same time, anywhere in the list.
"""

from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import F, OrderBy, Q, QuerySet
from django.db.models.functions import Coalesce

from rollbook.schools.models import School
from rollbook.students.inviting import with_registration
from rollbook.students.models import AccountStatus, FurtherLink, StudentAccount
from rollbook.students.models.account import YEAR_OR_NONE
from rollbook.students.searching import accounts_having

COUNTED: Final = 10_000  # a longer list isn't counted to its end
FEW: Final = 500  # ids that a statement names; of more, the filter is applied again
MOST_YEARS: Final = 100
BY_HAND: Final = "none"
YEAR: Final = YEAR_OR_NONE
NAME: Final = ("last_name", "first_name", "pk")
# Each order ends in something unique, so that a page begins exactly where the one before it ended.
ORDERS: Final[dict[str, tuple[str, ...]]] = {
    "name": NAME,
    "email": ("email_key", "pk"),
    "year": ("year", *NAME),
}


class StudentQuery(NamedTuple):
    """Which students to list, and in which order.

    `BY_HAND` is the source of accounts without a link. A minus in front reverses the order.
    """

    search: str = ""
    year: int | None = None
    status: str = ""
    source: str = ""
    registration: str = ""
    order: str = "name"


class Part(NamedTuple):
    """One page, and whether there are more before and after. `total` is COUNTED + 1 at most."""

    rows: list[StudentAccount]
    total: int
    more_before: bool
    more_after: bool


def students(school: School, query: StudentQuery) -> QuerySet[StudentAccount]:
    """Return the students that pass the filter, in no order yet."""
    accounts = StudentAccount.objects.filter(school=school).alias(year=YEAR)
    if query.year is not None:
        accounts = accounts.filter(year=query.year)
    if query.status in AccountStatus.values:
        accounts = accounts.filter(status=query.status)
    if query.source:
        further = FurtherLink.objects.filter(school=school, source=query.source)
        is_linked = Q(source=query.source) | Q(pk__in=further.values("account_id"))
        accounts = accounts.filter(Q(source="") if query.source == BY_HAND else is_linked)
    return accounts_having(with_registration(accounts, query.registration), school, query.search)


def ordered(
    accounts: QuerySet[StudentAccount],
    order: str,
    *,
    backwards: bool = False,
    by_index: bool = True,
) -> QuerySet[StudentAccount]:
    """Return the accounts in this order; `backwards` for the page before.

    Without `by_index` the database sorts them in place of going along the index of the order.
    """
    columns, reverse = _columns(order)
    descending = reverse != backwards
    keys: list[F | Coalesce] = [F(column) for column in columns]
    if not by_index:
        keys[0] = Coalesce(keys[0], keys[0])  # an expression that no index has
    return accounts.order_by(*(OrderBy(key, descending=descending) for key in keys))


def part_of(
    school: School,
    accounts: QuerySet[StudentAccount],
    order: str,
    size: int,
    *,
    after: UUID | None = None,
    before: UUID | None = None,
) -> Part:
    """Return the page after, or before, an account; the first one if that account is gone."""
    matches = _matches(accounts, most=COUNTED)
    backwards = before is not None
    edge = _values_of(school, order, before if backwards else after)
    if edge is not None:
        beyond = matches.accounts.filter(_beyond(order, edge, backwards))
        matches = matches._replace(accounts=beyond)
    # One row more than the page has, which tells whether there are more.
    rows = list(matches.ordered(order, backwards=backwards and edge is not None)[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if edge is None:
        return Part(rows, matches.total, more_before=False, more_after=more)
    if backwards:
        return Part(rows[::-1], matches.total, more_before=more, more_after=True)
    return Part(rows, matches.total, more_before=True, more_after=more)


class _Matches(NamedTuple):
    """How many accounts pass a filter, counted to a limit, and how to get a page of them soon."""

    total: int
    accounts: QuerySet[StudentAccount]

    def ordered(self, order: str, *, backwards: bool = False) -> QuerySet[StudentAccount]:
        """Return the accounts in this order, by its index only if that is the quickest way.

        The database takes a word for more frequent than it is, and goes along the index of the
        order until a page is full: for a rare word past every student, which took five times as
        long as to read the table and sort what matches.
        """
        by_index = self.total > COUNTED
        return ordered(self.accounts, order, backwards=backwards, by_index=by_index)


def first_of(accounts: QuerySet[StudentAccount], number: int) -> list[StudentAccount]:
    """Return the first by name of the accounts that a search finds."""
    matches = _matches(accounts, most=FEW)
    return list(ordered(matches.accounts, "name", by_index=False)[:number])


def _matches(accounts: QuerySet[StudentAccount], most: int) -> _Matches:
    """Return these accounts, counted up to `most` and one more."""
    some = accounts.order_by().values_list("pk", flat=True)[: most + 1]
    ids = list(some)
    if len(ids) <= FEW:
        accounts = StudentAccount.objects.alias(year=YEAR).filter(pk__in=ids)
    return _Matches(len(ids), accounts)


def years(school: School) -> list[int]:
    """Return the graduation years of a school.

    Each is found by one step along the index: 200,000 students cost no more than twenty.
    """
    accounts = StudentAccount.objects.filter(school=school).annotate(year=YEAR).order_by("year")
    occurring: list[int] = []
    last = 0
    while len(occurring) < MOST_YEARS:
        row = accounts.filter(year__gt=last).values_list("year", flat=True).first()
        if row is None:
            break
        last = row
        occurring.append(last)
    return occurring


def _columns(order: str) -> tuple[tuple[str, ...], bool]:
    """Return the columns of an order, and whether it is reversed."""
    return ORDERS.get(order.removeprefix("-"), NAME), order.startswith("-")


def _values_of(school: School, order: str, account_id: UUID | None) -> list[Any] | None:
    """Return the values by which an account is ordered.

    They are looked up, so that no student's value has to be in an address.
    """
    if account_id is None:
        return None
    columns, _reverse = _columns(order)
    account = StudentAccount.objects.filter(school=school, pk=account_id)
    row = account.annotate(year=YEAR).values_list(*columns).first()
    return list(row) if row else None


def _beyond(order: str, edge: list[Any], backwards: bool) -> Q:
    """Return the condition for all that comes after the edge, column by column.

    The first condition alone lets the database begin at the right place.
    """
    columns, reverse = _columns(order)
    sign = "lt" if reverse != backwards else "gt"
    beyond, same = Q(), Q()
    for column, value in zip(columns, edge, strict=True):
        beyond |= same & Q((f"{column}__{sign}", value))
        same &= Q((column, value))
    return Q((f"{columns[0]}__{sign}e", edge[0])) & beyond
