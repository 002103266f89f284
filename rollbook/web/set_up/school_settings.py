"""The settings of a school: its name, its time zone, and deleting it for good."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from rollbook.schools.clock import zone_of
from rollbook.schools.models import School
from rollbook.sync import deleting, erasing
from rollbook.sync.models import Schedule
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import school as school_setup
from rollbook.sync.setup import versions
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form
from rollbook.web.saved_over import SavedOver, saving, shown_with
from rollbook.web.set_up.purge_leavers import shown_form
from rollbook.web.set_up.schedule_forms import ZoneInput, zone_names
from rollbook.web.set_up.schedule_words import moment_words


class SchoolForm(Form):
    """The name and the time zone. Saving checks both."""

    name = forms.CharField(label=gettext_lazy("Name of the school"), required=False, strip=False)
    timezone = forms.CharField(
        label=gettext_lazy("Time zone"),
        required=False,
        help_text=gettext_lazy("All times on screens and in reports are local times there."),
        widget=ZoneInput(),
    )
    move_schedules = forms.BooleanField(
        label=gettext_lazy("Move the schedules as well"),
        required=False,
        help_text=gettext_lazy(
            "A run at 2:00 AM then starts at 2:00 AM in the new zone. "
            "Only schedules in the school's old time zone move."
        ),
    )


class DeleteForm(Form):
    """The name of the school, typed to delete it, and the second confirmation."""

    name = forms.CharField(label=gettext_lazy("Name of the school"), required=False, strip=False)
    confirmed = forms.BooleanField(required=False)
    must_confirm = False  # whether the page asks a second time


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def school_settings(request: SchoolRequest) -> HttpResponse:
    """Show the name and the time zone, and save them."""
    school = request.school
    if request.method == "POST":
        form = SchoolForm(request.POST)
        if _saved(request, form):
            return redirect("school-settings", school.pk)
    else:
        form = _saved_form(school)
    context = {
        "form": form,
        "zones": zone_names(school.timezone, "Asia/Singapore"),
        "moves": school_setup.schedules_in_zone(school, school.timezone),
        "purge_form": shown_form(school),
        "purged_next": erasing.due(school).count(),
    }
    return render(request, "web/set_up/school_settings.html", context)


def _saved(request: SchoolRequest, form: SchoolForm) -> bool:
    """Save a valid form. Return False if it is refused; then it holds the reason."""
    if not form.is_valid():
        return False
    shown = School.objects.get(pk=request.school.pk)  # a refused name must not reach the page
    typed = school_setup.SchoolSettings(**form.cleaned_data)
    try:
        with saving(shown, form, lambda: _saved_form(shown)):
            school_setup.save(shown, request.person, typed)
    except SavedOver:
        return False
    except SettingRefused as refused:
        form.add_refusal(refused)
        return False
    with timezone.override(zone_of(shown)):
        messages.success(request, " ".join([_("Saved."), *_next_runs(shown)]))
    return True


def _saved_form(school: School) -> SchoolForm:
    saved = School.objects.get(pk=school.pk)
    initial = {"name": saved.name, "timezone": saved.timezone, "move_schedules": True}
    return shown_with(SchoolForm(initial=initial), versions.of_school(saved))


def _next_runs(school: School) -> list[str]:
    """Return one sentence for each schedule: when its next run is due, on the school's clocks."""
    due = Schedule.objects.filter(school=school, next_due_at__isnull=False)
    sentence = _("The next run of %(sis)s is due %(when)s.")
    return [
        sentence
        % {
            "sis": each.integration.source_type.label,
            "when": moment_words(timezone.localtime(each.next_due_at)),
        }
        for each in due.select_related("integration").order_by("next_due_at")
    ]


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def delete_school(request: SchoolRequest) -> HttpResponse:
    """Ask for the name of the school, then a second time, and delete it."""
    if not request.membership.may_delete_school:
        raise PermissionDenied(_("Only an owner of this school can delete it."))
    form = DeleteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        try:
            if form.cleaned_data["confirmed"]:
                deleting.request(request.school, request.person, name)
                words = _("%(school)s is closed. Its data is deleted within a few minutes.")
                messages.success(request, words % {"school": request.school.name})
                return redirect("schools")
            deleting.check_name(request.school, name)
            form.must_confirm = True
        except SettingRefused as refused:
            form.add_refusal(refused)
    context: dict[str, Any] = {"form": form, "contents": deleting.contents_of(request.school)}
    return render(request, "web/set_up/delete_school.html", context)
