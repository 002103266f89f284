"""Why is a student not in? One search, and each finding as a sentence with what to do. Only the number of findings is noted."""

from django.http import HttpResponse
from django.shortcuts import render

from rollbook.schools import audit
from rollbook.sync.report import why_missing
from rollbook.web.access import SchoolRequest, school_required


@school_required()
def why_not_in(request: SchoolRequest) -> HttpResponse:
    asked = request.GET.get("q", "").strip()
    found = why_missing.why(request.school, asked) if asked else []
    if asked:
        audit.record(
            "students.asked_why", school=request.school, actor=request.person, results=len(found)
        )
    return render(request, "web/students/why.html", {"asked": asked, "found": found})
