"""The list of students as a file: what the filter lets through, in the order of the list."""

from tempfile import TemporaryFile
from typing import cast

from django.contrib import messages
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from rollbook import scope
from rollbook.schools import audit
from rollbook.sync.report import student_list
from rollbook.sync.report.excel import XLSX
from rollbook.web.access import SchoolRequest, school_required, while_allowed
from rollbook.web.step_up import fresh_proof_required
from rollbook.web.students.student_filter import StudentFilter


@school_required()
@fresh_proof_required
def export_students(request: SchoolRequest, kind: str) -> HttpResponse:
    """Send the students as `csv` or `xlsx`. A GET, because only the audit log is written."""
    filters = StudentFilter(request.GET, request.school)
    number = filters.qs.count()
    if kind == "xlsx" and number > student_list.MOST_IN_EXCEL:
        text = _("This list is too long for one Excel file. Take the CSV file, or filter the list.")
        messages.warning(request, text)
        list_address = reverse("students", args=[request.school.pk])
        return redirect(f"{list_address}?{urlencode(filters.parameters)}")
    audit.record_shown(
        "students.exported",
        filters.qs.values_list("pk", flat=True),
        school=request.school,
        actor=request.person,
        detail={"students": number, "kind": kind},
    )
    name = f"students-{timezone.localdate():%Y-%m-%d}.{kind}"
    if kind == "csv":
        response = StreamingHttpResponse(
            scope.lines_of_school(
                request.school.pk, while_allowed(request, student_list.csv_lines(filters.ordered))
            ),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
        return cast(HttpResponse, response)
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    student_list.write_xlsx(filters.ordered, file)
    file.seek(0)
    download = FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)
    return cast(HttpResponse, download)
