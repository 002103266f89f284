"""Step 1.2 Select Mapping: which SIS field fills which of ours; then save, or save and trigger."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.sources.base import MappingRow
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import schedules
from rollbook.sync.setup.field_rules import app_wins, blank_clears, save_field_rules
from rollbook.sync.setup.integrations import save_mapping
from rollbook.sync.words.text import translated
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.runs.trigger import start
from rollbook.web.set_up.schedule_words import sentence
from rollbook.web.set_up.wizard import steps

Pair = tuple[str, str]


class Row(NamedTuple):
    """One line of the mapping as the page shows it; `value` names it in the form. `rules` can be chosen from, `rule` is chosen."""

    value: str
    label: str
    source_field: str
    field_label: str
    required: bool
    field: str = ""
    rule: str = ""
    rules: Sequence[tuple[str, str]] = ()


SIS, CLEARS, APP = "sis", "clears", "app"


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def select_mapping(request: SchoolRequest, integration_id: UUID) -> HttpResponse:
    integration = get_object_or_404(Integration, pk=integration_id, school=request.school)
    if request.method != "POST":
        chosen = {(str(theirs), str(ours)) for theirs, ours in integration.mapping}
        return _page(request, integration, chosen)
    chosen = {_pair(value) for value in request.POST.getlist("row")}
    removed, added = request.POST.get("remove"), request.POST.get("add")
    if removed or added:
        if removed:
            chosen.discard(_pair(removed))
        if added:
            chosen.add(_pair(added))
        return _page(request, integration, chosen, touched=removed or added or "")
    said = _typed_rules(request, integration)
    wanted = {
        kind: {field for field, rule in said.items() if rule == kind} for kind in (APP, CLEARS)
    }
    try:
        with transaction.atomic():
            save_mapping(integration, request.person, sorted(chosen))
            save_field_rules(
                integration, request.person, app_wins=wanted[APP], blank_clears=wanted[CLEARS]
            )
    except SettingRefused as refused:
        return _page(request, integration, chosen, refused=refused.what)
    if request.POST.get("action") == "trigger":
        return start(request, integration, otherwise="select-mapping")
    messages.success(request, _("Saved. Nothing was started."))
    return redirect("upload", request.school.pk)


def _page(
    request: SchoolRequest,
    integration: Integration,
    chosen: set[Pair],
    *,
    refused: str = "",
    touched: str = "",
) -> HttpResponse:
    """The form with these rows chosen. `touched` is the row just removed or added: focus stays with it."""
    rows = integration.variant_type.mapping
    rules = _typed_rules(request, integration)
    context = {
        "integration": integration,
        "rows": _rows((row for row in rows if row.required or _key(row) in chosen), rules),
        "removed": _rows(
            (row for row in rows if not row.required and _key(row) not in chosen), rules
        ),
        "touched": touched,
        "refused": refused,
        "steps": steps("1.2", integration),
        "schedule_sentence": sentence(schedules.ensure(integration)),
    }
    return render(
        request,
        "web/set_up/select_mapping_rows.html" if request.htmx else "web/set_up/select_mapping.html",
        context,
    )


def _rows(rows: Iterable[MappingRow], rules: dict[str, str]) -> list[Row]:
    return [
        Row(
            ":".join(_key(row)),
            translated(row.label) or row.source_field,
            row.source_field,
            STUDENT_FIELDS[row.field].label,
            row.required,
            row.field,
            rules.get(row.field, SIS),
            _choices(row.field),
        )
        for row in rows
    ]


def _choices(field: str) -> list[tuple[str, str]]:
    """Who may win this field; the SIS ID is the SIS's alone, and no blank clears what an account can't do without."""
    if field == "sis_id":
        return []
    clears = [] if field in REQUIRED_FIELDS else [(CLEARS, _("SIS wins, and a blank clears it"))]
    return [(SIS, _("SIS wins")), *clears, (APP, _("App wins: filled once, then yours"))]


def _typed_rules(request: SchoolRequest, integration: Integration) -> dict[str, str]:
    """The chosen rule by our field: as typed, else as saved."""
    saved = dict.fromkeys(blank_clears(integration), CLEARS) | dict.fromkeys(
        app_wins(integration), APP
    )
    fields = {row.field for row in integration.variant_type.mapping}
    return saved | {
        field: said
        for field in fields
        if (said := request.POST.get(f"rule-{field}")) in {SIS, CLEARS, APP}
    }


def _key(row: MappingRow) -> Pair:
    return row.source_field, row.field


def _pair(value: str) -> Pair:
    theirs, _separator, ours = value.rpartition(":")
    return theirs, ours
