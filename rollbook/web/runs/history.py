"""Step 2 Upload & Integration History: every run of the school, newest first."""

from datetime import timedelta
from typing import NamedTuple

from django.http import HttpResponse
from django.shortcuts import render

from rollbook.sync.models import OCCUPYING, Run, RunState
from rollbook.sync.report.rows import has_plan
from rollbook.sync.words.states import started_by
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.paging import Pages, page_of
from rollbook.web.runs.run_words import Badge, badge_of


class Line(NamedTuple):
    """One run as the list shows it."""

    run: Run
    badge: Badge
    duration: timedelta | None
    started_by: str
    has_report: bool


@school_required()
def history(request: SchoolRequest) -> HttpResponse:
    runs = request.school.runs.select_related("requested_by", "undoes__undoes").order_by(
        "-requested_at", "pk"
    )
    pages: Pages[Run] = page_of(runs, request)
    context = {
        "pages": pages,
        "lines": [line_of(run) for run in pages.rows],
        "integrations": list(request.school.integrations.order_by("created_at")),
        "active_run": request.school.runs.filter(OCCUPYING).first(),
    }
    return render(request, "web/runs/history.html", context)


def line_of(run: Run) -> Line:
    worked = run.state in {
        RunState.DONE,
        RunState.FAILED,
    }  # a discarded run rested until somebody looked at it
    duration = (
        run.finished_at - run.started_at if worked and run.finished_at and run.started_at else None
    )
    return Line(run, badge_of(run), duration, started_by(run), has_plan(run))
