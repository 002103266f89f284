"""The audit log for owners: who saw, exported or changed what."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from rollbook.schools import audit
from rollbook.schools.models import AuditEntry
from rollbook.students import listing
from rollbook.students.models import StudentAccount
from rollbook.sync.report.csv_file import csv_text
from rollbook.web.access import SchoolRequest, school_required, while_allowed
from rollbook.web.filters import LONGEST_SEARCH, SearchField
from rollbook.web.forms import Form
from rollbook.web.paging import Pages, page_of
from rollbook.web.people.audit_filter import AuditForm
from rollbook.web.people.audit_words import action_words
from rollbook.web.step_up import fresh_proof_required

MOST_FOUND = 10


class FindStudentForm(Form):
    """Words of a student's name. They are posted, so that no address and no log has them."""

    q = SearchField(
        label=gettext_lazy("Name, e-mail or SIS ID of a student"),
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "maxlength": LONGEST_SEARCH}),
    )


class Line(NamedTuple):
    """One entry as the page shows it. `student` is the account that it is about, if it exists."""

    entry: AuditEntry
    words: str
    by: str
    student: StudentAccount | None
    number: int


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def audit_log(request: SchoolRequest) -> HttpResponse:
    """Show the log; a posted search lists students to choose from."""
    _refuse_others(request)
    form = AuditForm(request.GET, request.school)
    pages: Pages[AuditEntry] = page_of(form.entries(), request, form.parameters)
    finder = FindStudentForm(request.POST if request.method == "POST" else {})
    search = finder.given("q") or ""
    student_id = form.given("student")
    accounts = StudentAccount.objects.filter(school=request.school)
    context = {
        "form": form,
        "finder": finder,
        "searched": bool(search),
        "candidates": _candidates(request, search),
        "student": accounts.filter(pk=student_id).first() if student_id else None,
        "pages": pages,
        "lines": _lines(request, pages.rows),
        "query": urlencode(form.parameters),
    }
    audit.record("audit.read", school=request.school, actor=request.person, results=pages.total)
    return render(request, "web/people/audit_log.html", context)


@school_required(manage=True)
@fresh_proof_required
def audit_file(request: SchoolRequest) -> HttpResponse:
    """Send the entries of the filter as a csv file."""
    _refuse_others(request)
    entries = AuditForm(request.GET, request.school).entries()
    audit.record(
        "audit.exported", school=request.school, actor=request.person, entries=entries.count()
    )
    headings = (_("At (UTC)"), _("By"), _("Action"), _("Subject"), _("Students"), _("Detail"))
    rows = (_row(entry) for entry in entries.iterator(2_000))
    name = f"audit-log-{timezone.localdate():%Y-%m-%d}.csv"
    response = StreamingHttpResponse(
        while_allowed(request, csv_text(headings, rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    return cast(HttpResponse, response)


def _refuse_others(request: SchoolRequest) -> None:
    if not request.membership.may_read_audit_log:
        raise PermissionDenied(_("Only an owner of this school can read the audit log."))


def _candidates(request: SchoolRequest, search: str) -> list[StudentAccount]:
    if not search:
        return []
    students = listing.students(request.school, listing.StudentQuery(search=search))
    chosen = list(listing.ordered(students, "name")[:MOST_FOUND])
    audit.record_shown(
        "students.searched",
        [account.pk for account in chosen],
        school=request.school,
        actor=request.person,
        detail={"results": len(chosen)},
    )
    return chosen


def _lines(request: SchoolRequest, entries: Iterable[AuditEntry]) -> list[Line]:
    entries = list(entries)
    ids = {entry.subject for entry in entries if _is_uuid(entry.subject)}
    accounts = StudentAccount.objects.filter(school=request.school).in_bulk(ids)
    students = {str(pk): account for pk, account in accounts.items()}
    return [
        Line(
            entry=entry,
            words=action_words(entry.action),
            by=_by(entry),
            student=students.get(entry.subject),
            number=len(bytes(entry.students)) // 16,
        )
        for entry in entries
    ]


def _row(entry: AuditEntry) -> list[Any]:
    detail = ", ".join(f"{name}={value}" for name, value in entry.detail.items())
    number = len(bytes(entry.students)) // 16
    at = f"{entry.at:%Y-%m-%d %H:%M:%S}"
    return [at, _by(entry), entry.action, entry.subject, number or "", detail]


def _by(entry: AuditEntry) -> str:
    if entry.actor is None and entry.via == "command line":
        return _("operator of the machine, command line")
    return entry.actor.email if entry.actor else entry.via


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
