"""The list of students, with its filter in the address.

A search is recorded in the audit log by its number of results, never by its words.
"""

from typing import Final, NamedTuple
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from rollbook.students import listing
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.sync.report import work_list
from rollbook.sync.words.sources import sources_label
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.badge import Badge
from rollbook.web.paging import PER_PAGE, page_of_students
from rollbook.web.shown import note_shown
from rollbook.web.students.columns import Cell, cells, chosen_columns, headings
from rollbook.web.students.student_filter import StudentFilter

STATUS_BADGES: Final = {
    AccountStatus.ACTIVE: ("circle-check", "good"),
    AccountStatus.DEACTIVATED: ("circle-slash", ""),
    AccountStatus.LEFT: ("log-out", "look"),
    AccountStatus.GRADUATED: ("school", "info"),
    AccountStatus.MERGED: ("users", ""),
}


class Line(NamedTuple):
    """One student as the list shows them."""

    account: StudentAccount
    badge: Badge
    cells: list[Cell]
    has_problem: bool


@school_required()
def students(request: SchoolRequest) -> HttpResponse:
    """Show the whole page, or the rows alone while a search is typed."""
    filters = StudentFilter(request.GET, request.school)
    after, before = _student_in(request, "after"), _student_in(request, "before")
    part = listing.part_of(
        request.school,
        filters.qs,
        filters.value("order"),
        PER_PAGE,
        after=after,
        before=before,
    )
    is_search = bool(filters.value("q")) and not (after or before)
    action = "students.searched" if is_search else "students.listed"
    note_shown(request, action, [account.pk for account in part.rows], results=part.total)
    parameters = filters.parameters
    context = {
        "filters": filters,
        "parameters": parameters,
        "query": urlencode(parameters),
        "pages": page_of_students(part, parameters),
        "lines": _lines(request, part.rows),
        "headings": headings(request.membership, filters.value("order"), parameters),
    }
    if request.htmx:
        return render(request, "web/students/students_rows.html", context | {"searched": True})
    filters.offer_all()
    return render(request, "web/students/students.html", context)


def badge_of(account: StudentAccount) -> Badge:
    """Return the badge of an account's status."""
    status = AccountStatus(account.status)
    return Badge(str(status.label), *STATUS_BADGES[status])


def _lines(request: SchoolRequest, accounts: list[StudentAccount]) -> list[Line]:
    these = StudentAccount.objects.filter(
        school=request.school, pk__in=[account.pk for account in accounts]
    )
    with_problems = work_list.ids_with_open_problem(these) if accounts else set()
    columns = chosen_columns(request.membership)
    prefetch_related_objects(accounts, "further_links")
    lines = []
    for account in accounts:
        further = [link.source for link in account.further_links.all()]
        source = sources_label([account.source, *further])
        lines.append(
            Line(
                account=account,
                badge=badge_of(account),
                cells=cells(account, columns, source),
                has_problem=account.pk in with_problems,
            )
        )
    return lines


def _student_in(request: SchoolRequest, name: str) -> UUID | None:
    """Return the id in a parameter of the address, or None where there is none."""
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        return None
