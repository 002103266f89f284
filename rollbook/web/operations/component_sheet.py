"""An internal page with every component, for people and browser tests. Not in production."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from rollbook.sources.registry import SOURCES
from rollbook.sync.report.change_rows import Diff
from rollbook.web.paging import Pages
from rollbook.web.set_up.configure_form import ConfigureForm
from rollbook.web.set_up.mapping_form import ShownRow
from rollbook.web.set_up.roster_offer import RosterOffer
from rollbook.web.steps import Step


def component_sheet(request: HttpRequest) -> HttpResponse:
    """Show every component with made-up values."""
    source = next(iter(SOURCES.values()))
    secrets: dict[str, str | None] = {
        field.key: None for field in source.variants[0].credentials if field.kind == "secret"
    }
    offer = RosterOffer([], [], must_choose=False)
    switched_on = {"active": True}
    context = {
        "form": ConfigureForm(source, "", {}, offer, data={}),
        "kept_form": ConfigureForm(source, "", secrets, offer, initial=switched_on, prefix="kept"),
        "rows": [
            ShownRow("id:sis_id", "ID", "id", "SIS ID", True),
            ShownRow(
                "birth_date:birth_date", "Date of birth", "birth_date", "Date of birth", False
            ),
        ],
        "steps": [
            Step("1.1", "Configure your SIS", "done", "#"),
            Step("1.2", "Select Mapping", "current", ""),
            Step("2", "Upload & Integration History", "next", ""),
        ],
        "fields": [
            Diff("Last name", "Okafor", "Okafor-Lind", "last_name"),
            Diff("Preferred name", "", "Mara", "preferred_name"),
        ],
        "pages": Pages(
            rows=["a", "b"],
            number=2,
            count=9,
            total=1240,
            previous="?page=1",
            next="?page=3",
        ),
        "instant": datetime(2026, 11, 20, 9, 12, tzinfo=UTC),
    }
    return render(request, "web/operations/component_sheet.html", context)
