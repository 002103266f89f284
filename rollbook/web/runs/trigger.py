"""Triggering a run: one click, two clicks or a repeated request start one run, and each ends at that run's page."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rollbook.sync.models import Integration, Run, Trigger
from rollbook.sync.runs import outlook, states
from rollbook.web.access import SchoolRequest, school_required


@require_POST
@school_required(manage=True)
def trigger_now(request: SchoolRequest, integration_id: UUID) -> HttpResponse:
    integration = get_object_or_404(Integration, pk=integration_id, school=request.school)
    return start(request, integration, otherwise="history")


def start(
    request: SchoolRequest,
    integration: Integration,
    *,
    otherwise: str,
    wider: Mapping[str, Any] | None = None,
    instead_of: Run | None = None,
) -> HttpResponse:
    """Ask for a run and go to its page; where it is refused, go to `otherwise` and say why.

    `wider` are limits for this run alone; `instead_of` is a held run that is discarded for it.
    """
    try:
        if instead_of is None:
            run, created = states.request(
                integration, trigger=Trigger.PERSON, by=request.person, wider=wider
            )
        else:
            run, created = outlook.again(instead_of, integration, request.person, wider or {})
    except states.RunRefused as refused:
        messages.error(request, f"{refused.what} {refused.remedy}")
        return redirect(
            otherwise,
            request.school.pk,
            *([integration.pk] if otherwise == "select-mapping" else []),
        )
    if not created:
        messages.info(
            request,
            _(
                "A run of this school was under way already, so no second one was started. This is the one."
            ),
        )
    return redirect("run", request.school.pk, run.pk)
