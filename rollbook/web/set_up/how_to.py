"""The page with pictures of how a school gets the credentials of its SIS."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from rollbook.sources.registry import SOURCES
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.set_up.configure_form import PickForm


@require_safe
@school_required(manage=True)
def how_to(request: SchoolRequest, source: str) -> HttpResponse:
    """Show the steps in one SIS, for the version that is picked."""
    if source not in SOURCES:
        raise Http404
    variant = SOURCES[source].variant(PickForm(request.GET).given("variant") or "")
    context = {"source": SOURCES[source], "variant": variant}
    return render(request, "web/set_up/how_to.html", context)
