"""The e-mail of a closed account: the page that confirms freeing it, and taking it back."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rollbook.students import freeing
from rollbook.students.refused import Refused
from rollbook.sync.models import Run, Upload, UploadState
from rollbook.sync.uploads import previews
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form, pressed
from rollbook.web.runs.trigger import start
from rollbook.web.shown import note_shown
from rollbook.web.students.one_student import account_of


class ProblemForm(Form):
    """The run whose problem led here."""

    run = forms.UUIDField(required=False)


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def free_email(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Say what freeing the e-mail does; free it.

    Whoever comes from a problem goes on with its run: a new run, or a new preview of the upload.
    """
    account = account_of(request, student_id)
    form = ProblemForm(request.POST) if request.method == "POST" else ProblemForm(request.GET)
    run = _run_of(request, form.given("run"))
    upload = _open_upload(run)
    if request.method != "POST":
        note_shown(request, "student.viewed", subject=account.pk)
        context = {
            "account": account,
            "run": run,
            "upload": upload,
            "can_run": upload is None and _can_run(run),
            "can_free": freeing.holds_email(account),
        }
        return render(request, "web/students/student_free_email.html", context)
    try:
        freeing.free_email(account, request.person)
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("student", request.school.pk, account.pk)
    text = _("Freed. The next run can give %(email)s to another student.")
    messages.success(request, text % {"email": account.email})
    if upload is not None:
        preview = previews.preview(upload, request.person, again=True)
        return redirect("run", request.school.pk, preview.pk)
    if run is not None and pressed(request.POST) == "run" and run.integration is not None:
        return start(request, run.integration, otherwise="history")
    return redirect("student", request.school.pk, account.pk)


@require_POST
@school_required(manage=True)
def take_email_back(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Give the account its freed e-mail back."""
    account = account_of(request, student_id)
    try:
        freeing.take_back(account, request.person)
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, _("This account has its e-mail again."))
    return redirect("student", request.school.pk, account.pk)


def _run_of(request: SchoolRequest, run_id: UUID | None) -> Run | None:
    runs = Run.objects.select_related("integration", "school")
    return runs.filter(school=request.school, pk=run_id).first() if run_id else None


def _open_upload(run: Run | None) -> Upload | None:
    """Return the upload that a preview is about, while it can be confirmed."""
    if run is None or not run.awaits_confirming:
        return None
    uploads = Upload.objects.select_related("school", "run")
    return uploads.filter(run=run, state=UploadState.DRAFT).first()


def _can_run(run: Run | None) -> bool:
    """Return whether a new run can be started after this one."""
    return run is not None and run.integration is not None and run.integration.active
