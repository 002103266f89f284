"""The Upload page: three cards, each with its state."""

from datetime import datetime
from typing import NamedTuple

from django.http import HttpResponse
from django.shortcuts import render

from rollbook.sync.models import Integration, Run
from rollbook.sync.report.new_grades import new_grades_of_school
from rollbook.sync.setup import schedules
from rollbook.sync.uploads import drafts
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.set_up.schedule_words import sentence


class Connected(NamedTuple):
    """An integration with its newest run, its schedule in words, and its next scheduled run."""

    integration: Integration
    last_run: Run | None
    schedule: str
    next_run: datetime | None


@school_required()
def upload(request: SchoolRequest) -> HttpResponse:
    """Show the three ways to work with student accounts."""
    integrations = request.school.integrations.order_by("created_at")
    connected = [_connected(integration) for integration in integrations]
    may_manage = request.membership.may_manage
    context = {
        "connected": connected,
        "active": sum(each.integration.active for each in connected),
        "new_grades": new_grades_of_school(request.school),
        "last_run": request.school.runs.order_by("-requested_at").first(),
        "runs": request.school.runs.count(),
        "draft": drafts.open_drafts(request.school).first() if may_manage else None,
    }
    return render(request, "web/account/upload.html", context)


def _connected(integration: Integration) -> Connected:
    schedule = schedules.ensure(integration)
    return Connected(
        integration=integration,
        last_run=integration.runs.order_by("-requested_at").first(),
        schedule=sentence(schedule),
        next_run=schedule.next_due_at,
    )
