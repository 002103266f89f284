"""When an integration runs by itself: days, times and a zone, with the next three runs shown while one chooses."""

from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rollbook.roster.school_calendar import Pause
from rollbook.sync.models import Integration, Schedule
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import schedules
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.set_up.schedule_form import (
    PauseForm,
    ScheduleForm,
    initial_of,
    typed_in,
    understood,
    zone_names,
)
from rollbook.web.set_up.schedule_words import (
    NextRun,
    clock_words,
    moment_words,
    next_runs,
    sentence,
)


class Preview(NamedTuple):
    """What a schedule means; `refused` says why it means nothing."""

    sentence: str = ""
    runs: list[NextRun] = []
    clocks: str = ""
    refused: str = ""


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def schedule(request: SchoolRequest, source: str) -> HttpResponse:
    integration = get_object_or_404(Integration, school=request.school, source=source)
    if request.method != "POST":
        saved = schedules.ensure(integration)
        return _page(
            request, integration, ScheduleForm(initial=initial_of(saved)), preview_of(saved)
        )
    action = request.POST.get("action", "")
    if action == "save":
        return _save(request, integration)
    typed = typed_in(request.POST)
    if action == "add-time":
        typed["times"] = [*typed["times"], ""]
    elif action.startswith("remove-time-"):
        typed["times"] = [
            at for number, at in enumerate(typed["times"]) if action != f"remove-time-{number}"
        ]
    template = (
        "web/set_up/schedule_preview.html"
        if action == "preview"
        else "web/set_up/schedule_times.html"
    )
    return _page(
        request,
        integration,
        ScheduleForm(initial=typed),
        _preview_of_typed(integration, typed),
        template,
        touched=action,
    )


def _save(request: SchoolRequest, integration: Integration) -> HttpResponse:
    form = ScheduleForm(data=request.POST)
    wanted = form.schedule()
    if wanted is None:
        return _page(
            request, integration, form, _preview_of_typed(integration, typed_in(request.POST))
        )
    saved = schedules.save(
        integration,
        request.person,
        enabled=wanted.enabled,
        days=wanted.days,
        times=wanted.times,
        zone=wanted.timezone,
    )
    if saved.next_due_at is None:
        messages.success(
            request, _("Saved. Nothing runs by itself now; you can still trigger a run.")
        )
    else:
        there = timezone.localtime(saved.next_due_at)
        words = {"when": moment_words(there), "zone": timezone.get_current_timezone_name()}
        messages.success(request, _("Saved. The next run is due %(when)s (%(zone)s).") % words)
    return redirect("schedule", request.school.pk, integration.source)


def _preview_of_typed(integration: Integration, typed: dict[str, Any]) -> Preview:
    try:
        wanted = understood(typed)
        wanted.pauses = schedules.ensure(integration).pauses
        return preview_of(wanted)
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
    pause_form: PauseForm | None = None,
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
        "pauses": schedules.ensure(integration).breaks,
        "pause_form": PauseForm() if pause_form is None else pause_form,
    }
    return render(request, part if part and request.htmx else "web/set_up/schedule.html", context)


@require_POST
@school_required(manage=True)
def pauses(request: SchoolRequest, source: str) -> HttpResponse:
    """Add a pause, or take one back."""
    integration = get_object_or_404(Integration, school=request.school, source=source)
    if removed := request.POST.get("remove"):
        first, _slash, last = removed.partition("/")
        if schedules.remove_pause(integration, request.person, first, last):
            messages.success(request, _("The pause is taken back."))
        return redirect("schedule", request.school.pk, integration.source)
    form = PauseForm(request.POST)
    if form.is_valid():
        try:
            schedules.add_pause(integration, request.person, Pause(**form.cleaned_data))
        except SettingRefused as refused:
            form.add_error(refused.field, refused.what)
        else:
            messages.success(request, _("Saved. The next three runs show what it does."))
            return redirect("schedule", request.school.pk, integration.source)
    saved = schedules.ensure(integration)
    return _page(
        request,
        integration,
        ScheduleForm(initial=initial_of(saved)),
        preview_of(saved),
        pause_form=form,
    )
