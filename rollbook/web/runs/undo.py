"""Undo a run, or what it did to one student: make the preview, then apply it when confirmed."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rollbook.sync import undoing
from rollbook.sync.refusals import RunRefused
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form
from rollbook.web.runs.run_page import run_of
from rollbook.web.students.one_student import account_of


class UndoForm(Form):
    """What to switch with the undo, so that the next run does not write the same again.

    `then` is `test` for Test Run on, `off` for Active off, or "".
    """

    then = forms.CharField(required=False)


@require_POST
@school_required(manage=True)
def undo_run(request: SchoolRequest, run_id: UUID, student_id: UUID | None = None) -> HttpResponse:
    """Plan the undo and show its preview, or the progress of planning. Nothing changes yet."""
    run = run_of(request, run_id)
    student = account_of(request, student_id).pk if student_id else None
    try:
        planned = undoing.preview(run, request.person, student)
    except RunRefused as refused:
        messages.warning(request, f"{refused.what} {refused.remedy}")
        return redirect("run", request.school.pk, run.pk)
    return redirect("run", request.school.pk, planned.pk)


@require_POST
@school_required(manage=True)
def undo_confirm(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    """Apply an undo exactly as it was previewed."""
    run = run_of(request, run_id)
    then = UndoForm(request.POST).given("then") or ""
    try:
        if not run.is_undo or not undoing.confirm(run, request.person, then):
            text = _("Nothing was done: this undo was already confirmed or discarded.")
            messages.info(request, text)
    except RunRefused as refused:
        messages.warning(request, f"{refused.what} {refused.remedy}")
    return redirect("run", request.school.pk, run.pk)
