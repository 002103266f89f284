"""The Upload page: three cards, each with how it stands."""

from typing import NamedTuple

from django.http import HttpResponse
from django.shortcuts import render

from rollbook.sync.models import Integration, Run
from rollbook.web.access import SchoolRequest, school_required


class Connected(NamedTuple):
    """An integration and its newest run, for one line of the card."""

    integration: Integration
    last_run: Run | None


@school_required()
def upload(request: SchoolRequest) -> HttpResponse:
    integrations = request.school.integrations.order_by("created_at")
    connected = [Connected(one, one.runs.order_by("-requested_at").first()) for one in integrations]
    last_run = request.school.runs.order_by("-requested_at").first()
    runs = request.school.runs.count()
    return render(request, "web/upload.html", {"connected": connected, "last_run": last_run, "runs": runs})
