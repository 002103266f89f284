"""The Excel report of a run: sent at once if it is ready, else the page shows its progress."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from rollbook.sync.models import ReportState
from rollbook.sync.report import files
from rollbook.sync.report.excel import XLSX
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.runs.run_page import run_of
from rollbook.web.step_up import fresh_proof_required


@school_required()
@fresh_proof_required
def report(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    """Send the file, or show how far its making is. A GET, because every request gets one file."""
    run = run_of(request, run_id)
    try:
        file = files.request_report(run, request.person)
    except files.NoReport as refused:
        messages.warning(request, str(refused))
        return redirect("run", request.school.pk, run.pk)
    if not request.htmx and file.state == ReportState.READY:
        content = files.hand_out(file, request.person)
        if content is not None:
            headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
            return HttpResponse(content, content_type=XLSX, headers=headers)
    template = "web/runs/report_state.html" if request.htmx else "web/runs/report.html"
    return render(request, template, {"run": run, "file": file})
