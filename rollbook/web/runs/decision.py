"""The decision about a held run: approve all, approve additions and updates only, or discard."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rollbook.sync.runs import decisions
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form
from rollbook.web.runs.run_page import run_of


class ApproveForm(Form):
    """How much of a held run is approved: everything, unless `only` says `additions`."""

    only = forms.CharField(required=False)

    @property
    def additions_only(self) -> bool:
        """Whether only additions and updates are approved."""
        return bool(self.given("only") == "additions")


@require_POST
@school_required(manage=True)
def approve(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    """Let a held run be applied, as a whole or only its additions and updates."""
    run = run_of(request, run_id)
    additions_only = ApproveForm(request.POST).additions_only
    if not decisions.approve(run, request.person, additions_only=additions_only):
        messages.warning(request, _("Nothing was done: this run is no longer on hold."))
    return redirect("run", request.school.pk, run.pk)


@require_POST
@school_required(manage=True)
def discard(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    """Discard a run that waits for a decision."""
    run = run_of(request, run_id)
    if not decisions.discard(run, request.person):
        messages.warning(request, _("Nothing was done: this run is no longer on hold."))
    return redirect("run", request.school.pk, run.pk)
