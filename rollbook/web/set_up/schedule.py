"""The screen of a schedule: days, times, zone and pauses, with the next three runs beside them."""

from collections.abc import Sequence
from typing import NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rollbook.roster.school_calendar import Pause
from rollbook.schools import clock
from rollbook.sync.models import Integration, Schedule
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import schedules, versions
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.forms import pressed
from rollbook.web.saved_over import SavedOver, saving, shown_with
from rollbook.web.set_up.schedule_forms import (
    PauseForm,
    RemovePauseForm,
    ScheduleForm,
    after_button,
    values_of,
    zone_names,
)
from rollbook.web.set_up.schedule_words import (
    NextRun,
    clock_words,
    moment_words,
    next_runs,
    sentence,
)

WHOLE_PAGE = "web/set_up/schedule.html"


class Preview(NamedTuple):
    """What a schedule means. `refused` says why it can't be saved; then there is nothing else."""

    sentence: str = ""
    runs: Sequence[NextRun] = ()
    clocks: str = ""
    refused: str = ""


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def schedule(request: SchoolRequest, source: str) -> HttpResponse:
    """Show the schedule of one integration, save it, or show what was typed without saving."""
    integration = own_row(request, Integration, source=source)
    if request.method != "POST":
        saved = schedules.ensure(integration)
        return _page(request, integration, _saved_form(integration), _preview(saved))
    action = pressed(request.POST)
    if action == "save":
        return _save(request, integration, ScheduleForm(request.POST))
    typed = ScheduleForm(after_button(request.POST, action))
    part = "preview" if action == "preview" else "times"
    return _page(
        request,
        integration,
        shown_with(ScheduleForm(initial=typed.typed_values()), typed.settings_version),
        _preview_of_typed(integration, typed),
        template=f"web/set_up/schedule_{part}.html" if request.htmx else WHOLE_PAGE,
        touched=action,
    )


def _save(request: SchoolRequest, integration: Integration, form: ScheduleForm) -> HttpResponse:
    if not form.is_valid() or form.schedule is None:
        return _page(request, integration, form, _preview_of_typed(integration, form))
    try:
        with saving(request.school, form, lambda: _saved_form(integration)):
            saved = schedules.save(integration, request.person, form.schedule)
    except SavedOver:
        return _page(request, integration, form, _preview_of_typed(integration, form))
    messages.success(request, _saved_words(saved))
    return redirect("schedule", request.school.pk, integration.source)


def _saved_form(integration: Integration) -> ScheduleForm:
    saved = schedules.ensure(integration)
    saved.refresh_from_db()
    return shown_with(ScheduleForm(initial=values_of(saved)), versions.of_schedule(saved))


def _saved_words(saved: Schedule) -> str:
    if saved.next_due_at is None:
        return _("Saved. Nothing runs by itself now; you can still trigger a run.")
    due = moment_words(timezone.localtime(saved.next_due_at))
    words = {"when": due, "zone": timezone.get_current_timezone_name()}
    return _("Saved. The next run is due %(when)s (%(zone)s).") % words


def _preview(shown: Schedule) -> Preview:
    now, school_zone = clock.now(), timezone.get_current_timezone_name()
    clocks = clock_words(shown.timezone, school_zone, now) if shown.enabled else ""
    return Preview(sentence(shown), next_runs(shown, school_zone, now), clocks)


def _preview_of_typed(integration: Integration, form: ScheduleForm) -> Preview:
    """Return what a typed schedule means, with the saved pauses."""
    if not form.is_valid() or form.schedule is None:
        return Preview(refused=form.first_error)
    form.schedule.pauses = schedules.ensure(integration).pauses
    return _preview(form.schedule)


def _page(
    request: SchoolRequest,
    integration: Integration,
    form: ScheduleForm,
    preview: Preview,
    template: str = WHOLE_PAGE,
    **more: object,
) -> HttpResponse:
    """Show the page, or the part of it that is named as the template."""
    school_zone = timezone.get_current_timezone_name()
    context = {
        "integration": integration,
        "form": form,
        "preview": preview,
        "zones": zone_names(school_zone, "Asia/Singapore"),
        "school_zone": school_zone,
        "pauses": schedules.ensure(integration).breaks,
        "pause_form": PauseForm(),
    }
    return render(request, template, context | more)


@require_POST
@school_required(manage=True)
def pauses(request: SchoolRequest, source: str) -> HttpResponse:
    """Add a pause, or remove one."""
    integration = own_row(request, Integration, source=source)
    saved = schedules.ensure(integration)
    removing = RemovePauseForm(request.POST)
    if removing.is_valid():
        first, _slash, last = removing.cleaned_data["remove"].partition("/")
        if schedules.remove_pause(integration, request.person, first, last):
            messages.success(request, _("The pause was removed."))
        return redirect("schedule", request.school.pk, integration.source)
    form = PauseForm(request.POST)
    if form.is_valid():
        try:
            schedules.add_pause(integration, request.person, Pause(**form.cleaned_data))
        except SettingRefused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("Saved. The next three runs show what it does."))
            return redirect("schedule", request.school.pk, integration.source)
    schedule_form = _saved_form(integration)
    return _page(request, integration, schedule_form, _preview(saved), pause_form=form)
