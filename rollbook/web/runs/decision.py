"""Decisions about a run: approve or discard a held one, cancel one that is under way."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rollbook.sync.models import Run, RunState
from rollbook.sync.runs import cancelling, decisions
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form
from rollbook.web.runs.run_page import run_of
from rollbook.web.step_up import fresh_proof_required


class ApproveForm(Form):
    """How much of a held run is approved: everything, unless `only` says `additions`."""

    only = forms.CharField(required=False)

    @property
    def additions_only(self) -> bool:
        """Whether only additions and updates are approved."""
        return bool(self.given("only") == "additions")


@require_POST
@school_required(manage=True)
@fresh_proof_required
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


@require_POST
@school_required(manage=True)
def cancel(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    """Cancel a run that has not begun to write, and show its page."""
    run = run_of(request, run_id)
    if not cancelling.cancel(run, request.person):
        messages.warning(request, _too_late_words(run))
    return redirect("run", request.school.pk, run.pk)


def _too_late_words(run: Run) -> str:
    """Return why this run could not be cancelled."""
    run.refresh_from_db(fields=["state"])
    if run.state == RunState.APPLYING:
        return _(
            "This run can't be cancelled any more: its changes are being written. You can undo it "
            "when it has finished."
        )
    if run.state == RunState.CANCELLED:
        return _("Nothing was done: this run was already cancelled.")
    return _("This run wasn't cancelled: it no longer waits or reads. See below where it is now.")
