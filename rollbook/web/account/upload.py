"""The Upload page: three cards, each with how it stands."""

from datetime import datetime
from typing import NamedTuple

from django.http import HttpResponse
from django.shortcuts import render

from rollbook.sync.models import Integration, Run
from rollbook.sync.setup import schedules
from rollbook.sync.uploads import drafts
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.set_up.schedule_words import sentence


class Connected(NamedTuple):
    """An integration, its newest run, and when it runs by itself."""

    integration: Integration
    last_run: Run | None
    schedule: str
    next_run: datetime | None


@school_required()
def upload(request: SchoolRequest) -> HttpResponse:
    connected = [_connected(one) for one in request.school.integrations.order_by("created_at")]
    context = {
        "connected": connected,
        "active": sum(one.integration.active for one in connected),
        "last_run": request.school.runs.order_by("-requested_at").first(),
        "runs": request.school.runs.count(),
        "drafts": drafts.drafts(request.school)[:1] if request.membership.may_manage else [],
    }
    return render(request, "web/account/upload.html", context)


def _connected(one: Integration) -> Connected:
    schedule = schedules.ensure(one)
    return Connected(
        one, one.runs.order_by("-requested_at").first(), sentence(schedule), schedule.next_due_at
    )
