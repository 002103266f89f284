"""When an integration runs by itself: days, times and a zone, with the next three runs shown while one chooses."""

from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from rollbook.sync import schedules
from rollbook.sync.models import Integration, Schedule
from rollbook.sync.refusals import SettingRefused
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.schedule_form import ScheduleForm, initial_of, typed_in, understood, zone_names
from rollbook.web.schedule_words import OnClock, clock_words, moment_words, next_runs, sentence


class Preview(NamedTuple):
    """What a schedule means; `refused` says why it means nothing."""

    sentence: str = ""
    runs: list[list[OnClock]] = []
    clocks: str = ""
    refused: str = ""


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def schedule(request: SchoolRequest, source: str) -> HttpResponse:
    integration = get_object_or_404(Integration, school=request.school, source=source)
    if request.method != "POST":
        saved = schedules.ensure(integration)
        return _page(request, integration, ScheduleForm(initial=initial_of(saved)), preview_of(saved))
    action = request.POST.get("action", "")
    if action == "save":
        return _save(request, integration)
    typed = typed_in(request.POST)
    if action == "add-time":
        typed["times"] = [*typed["times"], ""]
    elif action.startswith("remove-time-"):
        typed["times"] = [at for number, at in enumerate(typed["times"]) if action != f"remove-time-{number}"]
    template = "web/schedule_preview.html" if action == "preview" else "web/schedule_times.html"
    return _page(request, integration, ScheduleForm(initial=typed), _preview_of_typed(typed), template, touched=action)


def _save(request: SchoolRequest, integration: Integration) -> HttpResponse:
    form = ScheduleForm(data=request.POST)
    wanted = form.schedule()
    if wanted is None:
        return _page(request, integration, form, _preview_of_typed(typed_in(request.POST)))
    saved = schedules.save(integration, request.person, enabled=wanted.enabled, days=wanted.days, times=wanted.times, zone=wanted.timezone)
    if saved.next_due_at is None:
        messages.success(request, _("Saved. Nothing runs by itself now; you can still trigger a run."))
    else:
        there = timezone.localtime(saved.next_due_at)
        words = {"when": moment_words(there), "zone": timezone.get_current_timezone_name()}
        messages.success(request, _("Saved. The next run is due %(when)s (%(zone)s).") % words)
    return redirect("schedule", request.school.pk, integration.source)


def _preview_of_typed(typed: dict[str, Any]) -> Preview:
    try:
        return preview_of(understood(typed))
    except SettingRefused as refused:
        return Preview(refused=refused.what)


def preview_of(wanted: Schedule) -> Preview:
    now, school_zone = timezone.now(), timezone.get_current_timezone_name()
    clocks = clock_words(wanted.timezone, school_zone, now) if wanted.enabled else ""
    return Preview(sentence(wanted), next_runs(wanted, school_zone, now), clocks)


def _page(
    request: SchoolRequest,
    integration: Integration,
    form: ScheduleForm,
    preview: Preview,
    part: str = "",
    *,
    touched: str = "",
) -> HttpResponse:
    """The whole page; the part alone where htmx asks for it."""
    school_zone = timezone.get_current_timezone_name()
    context = {
        "integration": integration,
        "form": form,
        "preview": preview,
        "touched": touched,
        "zones": zone_names(school_zone, "Asia/Singapore"),
        "school_zone": school_zone,
    }
    return render(request, part if part and request.htmx else "web/schedule.html", context)
