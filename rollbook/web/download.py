"""The Excel report of a run: sent at once when it lies ready, else its making is shown."""

from uuid import UUID

from django.http import Http404, HttpResponse

from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.run_page import run_of


@school_required()
def report(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    run_of(request, run_id)
    raise Http404
