"""Problems: the work list across runs, and the file of corrections for the registrar."""

from io import BytesIO, StringIO

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode

from rollbook.schools import audit
from rollbook.students import never_import_list
from rollbook.sync.report.better_places import advice
from rollbook.sync.report.excel import XLSX
from rollbook.sync.report.registrar_file import write_csv, write_xlsx
from rollbook.sync.report.work_list import ListedProblem, ListedProblems
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.paging import Pages, page_of
from rollbook.web.runs.problem_filter import ProblemFilter
from rollbook.web.shown import note_shown
from rollbook.web.step_up import fresh_proof_required
from rollbook.web.students.why import WhyForm


@school_required()
def problems(request: SchoolRequest) -> HttpResponse:
    """Show the whole page, or the rows alone while a search is typed."""
    filters = ProblemFilter(request.GET, request.school)
    parameters = filters.parameters
    pages: Pages[ListedProblem] = page_of(
        ListedProblems(filters.qs, filters.causes, one_pass=bool(filters.value("q"))),
        request,
        parameters,
    )
    is_search = bool(filters.value("q")) and "page" not in request.GET
    action = "problems.searched" if is_search else "problems.viewed"
    note_shown(request, action, [line.account_id for line in pages.rows], results=pages.total)
    sis_ids = [line.row.sis_id for line in pages.rows]
    context = {
        "filters": filters,
        "state": filters.value("state"),
        "pages": pages,
        "never": never_import_list.listed_sis_ids(request.school, sis_ids),
        "corrections": filters.corrections.count(),
        "query": urlencode(parameters),
    }
    if request.htmx:
        return render(request, "web/runs/problems_rows.html", context | {"searched": True})
    context |= {
        "why_form": WhyForm(),
        "causes": [(cause, advice(cause)) for cause in filters.causes],
    }
    return render(request, "web/runs/problems.html", context)


@school_required()
@fresh_proof_required
def registrar_file(request: SchoolRequest, kind: str) -> HttpResponse:
    """Send the corrections as `csv` or `xlsx`. A GET, because only the audit log is written."""
    corrections = ProblemFilter(request.GET, request.school).corrections
    audit.record(
        "problems.exported",
        school=request.school,
        actor=request.person,
        problems=corrections.count(),
        kind=kind,
    )
    name = f"for-the-registrar-{timezone.localdate():%Y-%m-%d}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if kind == "csv":
        text = StringIO(newline="")
        write_csv(corrections, text)
        csv_type = "text/csv; charset=utf-8"
        return HttpResponse(text.getvalue(), content_type=csv_type, headers=headers)
    file = BytesIO()
    write_xlsx(corrections, file)
    return HttpResponse(file.getvalue(), content_type=XLSX, headers=headers)
