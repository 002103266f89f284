"""Trigger a run. A second click or a repeated request starts no second run."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rollbook.sync.models import Integration, Run, Trigger
from rollbook.sync.refusals import RunRefused
from rollbook.sync.runs import decisions, requests
from rollbook.web.access import SchoolRequest, own_row, school_required


@require_POST
@school_required(manage=True)
def trigger_now(request: SchoolRequest, integration_id: UUID) -> HttpResponse:
    """Start a run and show it."""
    integration = own_row(request, Integration, pk=integration_id)
    return start(request, integration, otherwise="history")


def start(
    request: SchoolRequest,
    integration: Integration,
    *,
    otherwise: str,
    wider: Mapping[str, Any] | None = None,
    instead_of: Run | None = None,
) -> HttpResponse:
    """Request a run and go to its page. If it is refused, go to `otherwise` and say why.

    `wider` are limits for this run alone. `instead_of` is a held run to discard for it.
    """
    try:
        if instead_of is None:
            run, created = requests.request(
                integration,
                trigger=Trigger.PERSON,
                by=request.person,
                options=requests.RunOptions(wider=wider or {}),
            )
        else:
            run, created = decisions.run_again(instead_of, integration, request.person, wider or {})
    except RunRefused as refused:
        messages.error(request, f"{refused.what} {refused.remedy}")
        of_integration = [integration.pk] if otherwise == "select-mapping" else []
        return redirect(otherwise, request.school.pk, *of_integration)
    if not created:
        text = _("A run of this school was already under way: this one. No second run was started.")
        messages.info(request, text)
    return redirect("run", request.school.pk, run.pk)
