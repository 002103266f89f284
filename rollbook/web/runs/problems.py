"""Problems: the work list across runs with its filters in the address, and the file for the registrar."""

from collections.abc import Mapping
from io import BytesIO, StringIO
from typing import Final
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy

from rollbook.roster.records import Severity
from rollbook.schools import audit
from rollbook.students import single_rules
from rollbook.sync.report import problems as problem_list
from rollbook.sync.report.problems import FIXED, NEW, OPEN, Line, Wanted
from rollbook.sync.words.severities import SEVERITY_EFFECTS, WHO_LABELS
from rollbook.sync.words.text import word
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.paging import Pages, page_of
from rollbook.web.runs.download import XLSX

KEPT: Final = ("q", "state", "severity", "who")
STATE_WORDS: Final = {
    OPEN: gettext_lazy("Open"),
    NEW: gettext_lazy("New since the last run"),
    FIXED: gettext_lazy("Fixed lately"),
}


@school_required()
def problems(request: SchoolRequest) -> HttpResponse:
    """The whole page; for a search as one types, the rows alone."""
    wanted = wanted_of(request.GET)
    pages: Pages[Line] = page_of(
        problem_list.Lines(problem_list.problems(request.school, wanted)), request
    )
    if wanted.search and "page" not in request.GET:
        audit.record(
            "problems.searched", school=request.school, actor=request.person, results=pages.total
        )
    corrections = problem_list.registrars(request.school, wanted).count()
    kept = {key: request.GET[key] for key in KEPT if request.GET.get(key)}
    never = single_rules.never_listed(request.school, (line.row.sis_id for line in pages.rows))
    context = {
        "never": never,
        "wanted": wanted,
        "pages": pages,
        "corrections": corrections,
        "export": urlencode(kept),
    }
    if request.htmx:
        return render(request, "web/runs/problems_rows.html", context | {"searched": True})
    choices = {
        "states": STATE_WORDS.items(),
        "severities": [(code, word(SEVERITY_EFFECTS, code)) for code in SEVERITY_EFFECTS],
        "whos": [(code, word(WHO_LABELS, code)) for code in WHO_LABELS],
    }
    return render(request, "web/runs/problems.html", context | choices)


def wanted_of(told: Mapping[str, str]) -> Wanted:
    """What an address asks for; whatever makes no sense there is as if it weren't."""
    state, severity, who = told.get("state", ""), told.get("severity", ""), told.get("who", "")
    return Wanted(
        search=told.get("q", "").strip(),
        state=state if state in STATE_WORDS else OPEN,
        severity=severity if severity in set(Severity) else "",
        who=who if who in WHO_LABELS else "",
    )


@school_required()
def registrar_file(request: SchoolRequest, kind: str) -> HttpResponse:
    """The corrections that the registrar is asked for; a GET, because nothing changes but the audit log."""
    found = problem_list.registrars(request.school, wanted_of(request.GET))
    audit.record(
        "problems.exported",
        school=request.school,
        actor=request.person,
        problems=found.count(),
        kind=kind,
    )
    headers = {
        "Content-Disposition": f'attachment; filename="for-the-registrar-{timezone.localdate():%Y-%m-%d}.{kind}"'
    }
    if kind == "csv":
        text = StringIO(newline="")
        problem_list.write_csv(found, text)
        return HttpResponse(
            text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers
        )
    file = BytesIO()
    problem_list.write_xlsx(found, file)
    return HttpResponse(file.getvalue(), content_type=XLSX, headers=headers)
