"""What a person decides about a held run: approve all, approve additions and updates only, or discard."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rollbook.sync.runs import states
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.runs.run_page import run_of


@require_POST
@school_required(manage=True)
def approve(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    run = run_of(request, run_id)
    if not states.approve(
        run, request.person, additions_only=request.POST.get("only") == "additions"
    ):
        messages.warning(request, _("Nothing was done: this run is not on hold any more."))
    return redirect("run", request.school.pk, run.pk)


@require_POST
@school_required(manage=True)
def discard(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    run = run_of(request, run_id)
    if not states.discard(run, request.person):
        messages.warning(request, _("Nothing was done: this run is not on hold any more."))
    return redirect("run", request.school.pk, run.pk)
