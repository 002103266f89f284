"""Step 1.1 Configure your SIS: choose one, enter its credentials, pick grades and switches."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from rollbook.sources.base import Source
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import credentials as vault
from rollbook.sync.setup import schedules
from rollbook.sync.setup.integrations import save_connection
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.set_up.configure_form import (
    GRADES,
    QUICK_GRADES,
    ConfigureForm,
    initial_of,
    source_of,
)
from rollbook.web.set_up.schedule_words import sentence
from rollbook.web.set_up.wizard import steps


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def configure_sis(request: SchoolRequest) -> HttpResponse:
    connected = list(request.school.integrations.order_by("created_at"))
    asked = request.POST if request.method == "POST" else request.GET
    source = source_of(asked.get("source"), connected)
    integration = next((one for one in connected if one.source == source.slug), None)
    variant = source.variant(
        asked.get("variant") or (integration.variant if integration else "")
    ).key
    stored = _stored(integration, variant)
    if request.method != "POST":
        form = ConfigureForm(source, variant, stored, initial=initial_of(integration))
    elif _leaves_a_connected_one(request, source, connected):
        address = f"{reverse('configure-sis', args=[request.school.pk])}?source={source.slug}"
        return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
    elif request.POST.get("action") == "pick":
        form = ConfigureForm(
            source, variant, stored, initial=initial_of(integration) | _typed(request)
        )
    else:
        form = ConfigureForm(source, variant, stored, data=request.POST)
        saved = _save(request, form)
        if saved:
            return redirect("select-mapping", request.school.pk, saved.pk)
    template = (
        "web/set_up/configure_sis_fields.html" if request.htmx else "web/set_up/configure_sis.html"
    )
    return render(request, template, _context(form, source, connected, integration))


def _stored(integration: Integration | None, variant: str) -> dict[str, str | None]:
    """What is kept for this way of connecting. Values that no key opens any more count as not set and are asked for again."""
    if integration is None or integration.variant != variant:
        return {}
    try:
        return vault.stored(integration)
    except vault.KeyMissing:
        return {}


def _leaves_a_connected_one(
    request: SchoolRequest, source: Source, connected: list[Integration]
) -> bool:
    """Whether another SIS was picked, and either of the two is connected: the grades and switches in the form are then the other's."""
    shown = request.POST.get("shown", source.slug)
    return shown != source.slug and any(one.source in {shown, source.slug} for one in connected)


def _typed(request: SchoolRequest) -> dict[str, Any]:
    """What stands in the form while another SIS or version is being picked; single values but for the grades."""
    typed: dict[str, Any] = {
        key: value for key, value in request.POST.items() if value and key != "grades"
    }
    switches = {name: name in request.POST for name in ("active", "test_run", "notify_on_errors")}
    return typed | switches | {"grades": request.POST.getlist("grades")}


def _save(request: SchoolRequest, form: ConfigureForm) -> Integration | None:
    if not form.is_valid():
        return None
    try:
        return save_connection(
            request.school,
            request.person,
            source=form.source.slug,
            variant=form.variant.key,
            choices=form.choices(),
            credentials=form.changed_credentials(),
            grades=form.cleaned_data["grades"],
            active=form.cleaned_data["active"],
            test_run=form.cleaned_data["test_run"],
            notify_on_errors=form.cleaned_data["notify_on_errors"],
        )
    except SettingRefused as refused:
        form.refuse(refused.field, refused.what)
        return None


def _context(
    form: ConfigureForm,
    source: Source,
    connected: list[Integration],
    integration: Integration | None,
) -> dict[str, Any]:
    have = {one.source for one in connected}
    return {
        "form": form,
        "source": source,
        "sources": [(one, one.slug in have) for one in SOURCES.values()],
        "integration": integration,
        "grades": list(GRADES.items()),
        "quick_grades": [
            (
                words,
                " ".join(map(str, grades)),
                _("%(count)d grades chosen") % {"count": len(grades)},
            )
            for words, grades in QUICK_GRADES
        ],
        "steps": steps("1.1", integration),
        "schedule_sentence": sentence(schedules.ensure(integration)) if integration else "",
    }
