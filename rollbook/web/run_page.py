"""One run: its progress while it works; afterwards what came of it, in three tabs."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from rollbook.sync.models import Run, RunState
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.history import line_of
from rollbook.web.run_words import STAGE_WORDS, alarm_words, stages_of

WORKING = (RunState.QUEUED, RunState.FETCHING, RunState.PLANNED, RunState.APPLYING)


def run_of(request: SchoolRequest, run_id: UUID) -> Run:
    """This school's run; 404 for any other."""
    runs = Run.objects.select_related("school", "requested_by", "integration")
    return get_object_or_404(runs, pk=run_id, school=request.school)


@school_required()
def run_page(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    run = run_of(request, run_id)
    return render(request, "web/run.html", _context(run))


@school_required()
def run_progress(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    """The part of the page that is asked for each second; a change of stage is announced, and nothing else."""
    run = run_of(request, run_id)
    context = _context(run)
    if request.GET.get("stage") != run.state:
        context["announce"] = STAGE_WORDS[RunState(run.state)]
    return render(request, "web/run_body.html", context)


def _context(run: Run) -> dict[str, Any]:
    working = run.state in WORKING
    return {
        "run": run,
        "line": line_of(run),
        "working": working,
        "stages": stages_of(run) if working else [],
        "stage_words": STAGE_WORDS[RunState(run.state)],
        "alarms": alarm_words(run.alarms),
    }
