"""Students: the list with its filters in the address, and its export. Searches are noted with their number of results, never the words."""

from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.schools import audit
from rollbook.schools.models import School
from rollbook.sources.registry import SOURCES
from rollbook.students import listing
from rollbook.students.listing import Filter, Part
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.sync.report import problems, student_list
from rollbook.sync.words.sources import source_label
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.runs.download import XLSX
from rollbook.web.runs.run_words import Badge
from rollbook.web.students.columns import KEPT, Cell, cells, chosen_columns, headings

PER_PAGE: Final = 25
STATUS_BADGES: Final = {
    AccountStatus.ACTIVE: ("circle-check", "good"),
    AccountStatus.DEACTIVATED: ("circle-slash", ""),
    AccountStatus.LEFT: ("log-out", "look"),
    AccountStatus.GRADUATED: ("school", "info"),
    AccountStatus.MERGED: ("users", ""),
}
ORDER_WORDS: Final = {
    "name": gettext_lazy("Last name, A to Z"),
    "-name": gettext_lazy("Last name, Z to A"),
    "email": gettext_lazy("E-mail, A to Z"),
    "-email": gettext_lazy("E-mail, Z to A"),
    "year": gettext_lazy("Graduation year, earliest first"),
    "-year": gettext_lazy("Graduation year, latest first"),
}


REGISTRATION_WORDS: Final = {
    "none": gettext_lazy("Not invited"),
    "invited": gettext_lazy("Invited"),
    "registered": gettext_lazy("Registered"),
}


class Line(NamedTuple):
    """One student as the list shows them."""

    account: StudentAccount
    badge: Badge
    cells: list[Cell]
    has_problem: bool


class Wanted(NamedTuple):
    """The filter of an address or a form, and the part of it that only the sync layer understands."""

    filter: Filter
    problem: bool

    @property
    def narrows(self) -> bool:
        return self.filter.narrows or self.problem


@school_required()
def students(request: SchoolRequest) -> HttpResponse:
    """The whole page; for a search as one types, the rows alone."""
    wanted = wanted_of(request.GET)
    after, before = _account_in(request, "after"), _account_in(request, "before")
    part = listing.part_of(
        request.school,
        found_by(request.school, wanted),
        wanted.filter.order,
        PER_PAGE,
        after=after,
        before=before,
    )
    if wanted.filter.search and not (after or before):
        audit.record(
            "students.searched", school=request.school, actor=request.person, results=part.total
        )
    context = {
        "wanted": wanted,
        "kept": kept_of(request.GET),
        "lines": _lines(request, part.rows),
        "headings": headings(request.membership, wanted.filter.order, kept_of(request.GET)),
        "total": min(part.total, listing.COUNTED),
        "more": part.total > listing.COUNTED,
        "previous": _address(request, "before", part) if part.more_before else "",
        "next": _address(request, "after", part) if part.more_after else "",
        "first": _address(request) if part.more_before else "",
        "export": urlencode(kept_of(request.GET)),
    }
    if request.htmx:
        return render(request, "web/students/students_rows.html", context | {"searched": True})
    return render(request, "web/students/students.html", context | _choices(request.school))


def wanted_of(told: Mapping[str, str]) -> Wanted:
    """What an address or form asks for; whatever makes no sense there is as if it weren't."""
    year, order, status = told.get("year", ""), told.get("order", ""), told.get("status", "")
    registration = told.get("registration", "")
    return Wanted(
        Filter(
            search=told.get("q", "").strip(),
            year=int(year) if year.isascii() and year.isdecimal() and len(year) == 4 else None,
            status=status if status in AccountStatus.values else "",
            source=told.get("source", "")[:40].replace("\0", ""),
            registration=registration if registration in REGISTRATION_WORDS else "",
            order=order if order in ORDER_WORDS else "name",
        ),
        problem=told.get("problem") == "open",
    )


def found_by(school: School, wanted: Wanted) -> QuerySet[StudentAccount]:
    """The students that are asked for, in no order yet."""
    found = listing.students(school, wanted.filter)
    return found.filter(problems.with_open_problem()) if wanted.problem else found


def kept_of(told: Mapping[str, str]) -> dict[str, str]:
    """The filter as it travels on, in addresses and hidden fields."""
    return {key: told[key] for key in KEPT if told.get(key)}


def badge_of(account: StudentAccount) -> Badge:
    status = AccountStatus(account.status)
    return Badge(str(status.label), *STATUS_BADGES[status])


@school_required()
def export_students(request: SchoolRequest, kind: str) -> HttpResponse:
    """The current filter as a file; a GET, because nothing changes but the audit log."""
    wanted = wanted_of(request.GET)
    found = listing.ordered(found_by(request.school, wanted), wanted.filter.order)
    number = found.count()
    name = f"students-{timezone.localdate():%Y-%m-%d}.{kind}"
    if kind == "xlsx" and number > student_list.MOST_IN_EXCEL:
        messages.warning(
            request,
            _(
                "That is too many students for one Excel file. Take the CSV file, or filter the list."
            ),
        )
        return redirect(
            f"{request.path.removesuffix('export.xlsx')}?{urlencode(kept_of(request.GET))}"
        )
    audit.record(
        "students.exported", school=request.school, actor=request.person, students=number, kind=kind
    )
    if kind == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        lines = student_list.csv_lines(found)
        return cast(
            HttpResponse,
            StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers),
        )
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    student_list.write_xlsx(found, file)
    file.seek(0)
    return cast(
        HttpResponse, FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)
    )


def _lines(request: SchoolRequest, accounts: list[StudentAccount]) -> list[Line]:
    these = StudentAccount.objects.filter(
        school=request.school, pk__in=[account.pk for account in accounts]
    )
    troubled = problems.having_problems(these) if accounts else set()
    columns, label = chosen_columns(request.membership), source_label
    return [
        Line(each, badge_of(each), cells(each, columns, label(each.source)), each.pk in troubled)
        for each in accounts
    ]


def _choices(school: School) -> dict[str, Any]:
    """What each filter offers."""
    sources = [source for source in SOURCES if school.integrations.filter(source=source).exists()]
    return {
        "years": listing.years(school),
        "statuses": AccountStatus.choices,
        "sources": [
            *((source, source_label(source)) for source in sources),
            (listing.BY_HAND, _("By hand")),
        ],
        "orders": ORDER_WORDS.items(),
        "registrations": REGISTRATION_WORDS.items(),
        "connected": bool(sources),
    }


def _account_in(request: SchoolRequest, key: str) -> UUID | None:
    try:
        return UUID(request.GET.get(key, ""))
    except ValueError:
        return None


def _address(request: SchoolRequest, side: str = "", part: Part | None = None) -> str:
    """A page's address holds the id of the account at its edge, never a value of it."""
    kept = kept_of(request.GET)
    if part:
        kept[side] = str(part.rows[0].pk if side == "before" else part.rows[-1].pk)
    return f"{request.path}?{urlencode(kept)}"
