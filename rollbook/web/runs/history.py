"""Step 2 Upload & Integration History: every run of the school, newest first."""

from datetime import timedelta
from typing import NamedTuple

from django.http import HttpResponse
from django.shortcuts import render

from rollbook.sync.models import OCCUPYING, Run
from rollbook.sync.report.counts import has_plan
from rollbook.sync.words.states import started_by
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.badge import Badge
from rollbook.web.paging import Pages, page_of
from rollbook.web.runs.run_display import badge_of


class Line(NamedTuple):
    """One run as the list shows it. `duration` is None for a run that did not work to its end."""

    run: Run
    badge: Badge
    duration: timedelta | None
    started_by: str
    has_report: bool


@school_required()
def history(request: SchoolRequest) -> HttpResponse:
    """Show the runs, the integrations that can be triggered, and a run that is under way."""
    runs = request.school.runs.select_related("requested_by", "undoes__undoes")
    pages: Pages[Run] = page_of(runs.order_by("-requested_at", "pk"), request)
    context = {
        "pages": pages,
        "lines": [line_of(run) for run in pages.rows],
        "integrations": list(request.school.integrations.order_by("created_at")),
        "active_run": request.school.runs.filter(OCCUPYING).first(),
    }
    return render(request, "web/runs/history.html", context)


def line_of(run: Run) -> Line:
    """Return a run as the history and its own page show it."""
    return Line(
        run=run,
        badge=badge_of(run),
        duration=run.duration,
        started_by=started_by(run),
        has_report=has_plan(run),
    )
