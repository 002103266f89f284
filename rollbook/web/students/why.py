"""Why is a student not in? One search answers with findings, each with what to do.

The audit log gets the number of findings, never the words of the search.
"""

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from rollbook.schools import audit
from rollbook.sync.report import why_missing
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.filters import LONGEST_SEARCH, SearchField
from rollbook.web.forms import Form


class WhyForm(Form):
    """The student to look for, by name, e-mail or SIS ID."""

    q = SearchField(
        label=_("Why is a student not in? Name, e-mail or SIS ID"),
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "id": "why", "maxlength": LONGEST_SEARCH}),
    )


@school_required()
def why_not_in(request: SchoolRequest) -> HttpResponse:
    """Show what is known about a student who is missing."""
    form = WhyForm(request.GET)
    search = form.given("q")
    findings = why_missing.why(request.school, search) if search else []
    if search:
        audit.record(
            "students.asked_why",
            school=request.school,
            actor=request.person,
            results=len(findings),
        )
    return render(request, "web/students/why.html", {"why_form": form, "findings": findings})
