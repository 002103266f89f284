"""One student's data: taken as a file, and erased for good."""

import json
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from rollbook.schools import audit
from rollbook.students.refused import Refused
from rollbook.sync import erasing
from rollbook.sync.report.student_export import student_data
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form
from rollbook.web.freshness import is_fresh
from rollbook.web.step_up import ask_for_proof, fresh_proof_required
from rollbook.web.students.one_student import account_of


class EraseForm(Form):
    """The name of the student, typed to erase them."""

    name = forms.CharField(
        label=gettext_lazy("Name of the student"), required=False, strip=False, max_length=700
    )


@require_POST
@school_required(manage=True)
@fresh_proof_required
def student_file(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Send everything that is stored about a student as a JSON file."""
    account = account_of(request, student_id)
    audit.record(
        "student.exported", school=request.school, actor=request.person, subject=str(account.pk)
    )
    text = json.dumps(student_data(account), indent=1, ensure_ascii=False)
    name = f"student-{account.pk}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="application/json; charset=utf-8", headers=headers)


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def student_erase(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Ask for the name of the student, and erase them."""
    if not is_fresh(request):
        return ask_for_proof(request, request.path)  # a typed name must not wait in the session
    account = account_of(request, student_id)
    form = EraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            erasing.erase(account, request.person, form.cleaned_data["name"])
        except Refused as refused:
            form.add_errors(refused.errors)
        else:
            text = _("The student was erased. No sync and no upload brings the student back.")
            messages.success(request, text)
            return redirect("students", request.school.pk)
    return render(request, "web/students/student_erase.html", {"form": form, "account": account})
