"""The screen of the safety limits: the saved ones, temporary ones, and those of a single run.

Switching a guard off asks a second time.
"""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from rollbook.sync.models import Integration, LimitWidening, Run, RunState
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import limits, versions
from rollbook.sync.words.alarms import alarm_words
from rollbook.sync.words.limits import limit_words
from rollbook.sync.words.sources import sis_label
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form, pressed
from rollbook.web.runs.trigger import start
from rollbook.web.saved_over import SavedOver, saving, shown_with
from rollbook.web.set_up.safety_limits_forms import (
    EndForm,
    HeldRunForm,
    LimitsForm,
    OneRunForm,
    TemporaryLimitsForm,
)


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def safety_limits(request: SchoolRequest) -> HttpResponse:
    """Show the limits. Each button of the page sends one of its forms."""
    if request.method != "POST":
        return _page(request, _held_run(request, request.GET))
    action = pressed(request.POST)
    if action == "widen":
        return _add_temporary(request)
    if action == "end":
        return _end_temporary(request)
    if action == "once":
        return _start_one_run(request)
    return _save(request)


def _save(request: SchoolRequest) -> HttpResponse:
    form = LimitsForm(request.POST)
    if form.is_valid():
        confirmed = form.cleaned_data["confirmed"]
        try:
            with saving(request.school, form, lambda: _saved_form(request)):
                limits.save(request.school, request.person, form.figures(), confirmed=confirmed)
        except SavedOver:
            pass
        except SettingRefused as refused:
            form.must_confirm = form.switches_off(refused.field)
            form.add_refusal(refused)
        else:
            messages.success(request, _("Saved. The next run uses these limits."))
            return redirect("limits", request.school.pk)
    return _page(request, None, limits_form=form)


def _saved_form(request: SchoolRequest) -> LimitsForm:
    form = LimitsForm(initial=limits.of_school(request.school)._asdict())
    return shown_with(form, versions.of_limits(request.school))


def _add_temporary(request: SchoolRequest) -> HttpResponse:
    form = TemporaryLimitsForm(request.POST)
    if form.is_valid():
        first, last = form.cleaned_data["first_day"], form.cleaned_data["last_day"]
        try:
            limits.widen(request.school, request.person, first, last, form.figures())
        except SettingRefused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("Saved. Runs on these days use the temporary limits."))
            return redirect("limits", request.school.pk)
    return _page(request, None, temporary_form=form)


def _end_temporary(request: SchoolRequest) -> HttpResponse:
    form = EndForm(request.POST)
    if form.is_valid():
        limits.end_widening(request.school, request.person, form.cleaned_data["widening"])
        messages.success(request, _("Removed. The saved limits apply again."))
    return redirect("limits", request.school.pk)


def _start_one_run(request: SchoolRequest) -> HttpResponse:
    """Start one run with its own limits, in place of the run on hold if there is one."""
    held_run = _held_run(request, request.POST)
    form = _one_run_form(request, request.POST)
    if form.is_valid():
        integration = get_object_or_404(_active(request), source=form.cleaned_data["source"])
        figures = form.figures()
        try:
            if not figures:
                raise SettingRefused("figures", _("Change at least one limit for this run."))
            return start(
                request, integration, otherwise="limits", wider=figures, instead_of=held_run
            )
        except SettingRefused as refused:
            form.add_refusal(refused)
    return _page(request, held_run, one_run_form=form)


def _active(request: SchoolRequest) -> QuerySet[Integration]:
    return Integration.objects.filter(school=request.school, active=True).order_by("source")


def _one_run_form(request: SchoolRequest, data: QueryDict | None = None) -> OneRunForm:
    return OneRunForm(_active(request), limits.of_school(request.school), data=data)


def _held_run(request: SchoolRequest, data: QueryDict) -> Run | None:
    """Return the run on hold that the page was opened from, while it is still on hold."""
    run_id = HeldRunForm(data).given("run")
    runs = Run.objects.select_related("school", "integration", "undoes").filter(
        school=request.school, state=RunState.ON_HOLD, integration__isnull=False
    )
    return runs.filter(pk=run_id).first() if run_id else None


def _page(request: SchoolRequest, held_run: Run | None, **sent: Form) -> HttpResponse:
    """Show all forms; those in `sent` with what was typed and what is wrong with it."""
    saved = limits.of_school(request.school)
    widenings = LimitWidening.objects.filter(school=request.school).select_related("by")
    context: dict[str, Any] = {
        "held_run": held_run,
        "alarms": alarm_words(held_run.alarms, sis_label(held_run)) if held_run else [],
        "limits_form": _saved_form(request),
        "temporary_form": TemporaryLimitsForm(),
        "one_run_form": _one_run_form(request),
        "some_guard_is_off": bool(limits.switched_off(saved)),
        "can_run": _active(request).exists(),
        "widenings": [
            (each, limit_words(each.figures)) for each in widenings.order_by("first_day")
        ],
    }
    status = 422 if sent else 200
    return render(request, "web/set_up/safety_limits.html", context | sent, status=status)
