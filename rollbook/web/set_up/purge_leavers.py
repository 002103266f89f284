"""Saves when students who left are erased; the page School shows it."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from rollbook.schools.models import School
from rollbook.sync import erasing
from rollbook.sync.refusals import SettingRefused
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form


class PurgeForm(Form):
    """The number of days; empty for never."""

    purge_leavers_after = forms.IntegerField(
        label=gettext_lazy("Erase students who left or graduated after this many days"),
        required=False,
        help_text=gettext_lazy("Leave it empty to keep them until somebody erases them."),
    )


def shown_form(school: School) -> PurgeForm:
    """Return the form with the saved rule."""
    return PurgeForm(initial={"purge_leavers_after": school.purge_leavers_after})


@require_POST
@school_required(manage=True)
def purge_leavers(request: SchoolRequest) -> HttpResponse:
    """Save the rule."""
    form = PurgeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was saved: give a number of days."))
        return redirect("school-settings", request.school.pk)
    try:
        days = form.cleaned_data["purge_leavers_after"]
        erasing.save_rule(request.school, request.person, days)
    except SettingRefused as refused:
        messages.error(request, f"{_('Nothing was saved.')} {refused.what}")
    else:
        messages.success(request, _("Saved."))
    return redirect("school-settings", request.school.pk)
