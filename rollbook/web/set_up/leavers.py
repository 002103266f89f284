"""What becomes of accounts whose student the SIS no longer has: the school's rule for one integration."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from rollbook.roster.leaving import DEACTIVATE, LIST, NOTHING
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import field_rules
from rollbook.web.access import SchoolRequest, school_required

POLICIES = [
    (NOTHING, gettext_lazy("Do nothing")),
    (LIST, gettext_lazy("List them in each plan, leave the accounts open")),
    (DEACTIVATE, gettext_lazy("Deactivate them after a time of grace")),
]


class LeaversForm(forms.Form):
    policy = forms.ChoiceField(
        label=gettext_lazy("When the SIS no longer has a student"), choices=POLICIES
    )
    runs = forms.IntegerField(
        label=gettext_lazy("Runs without the student"),
        help_text=gettext_lazy("Complete live runs in a row."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days without the student"),
        help_text=gettext_lazy("Both have to be over."),
    )
    rollover = forms.CharField(
        label=gettext_lazy("School year ends"),
        max_length=20,
        help_text=gettext_lazy(
            "Month and day, such as 07-01. From then on a leaver of that year's class is a graduate."
        ),
    )

    def __init__(self, data: QueryDict | None, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial, label_suffix="")


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def leavers(request: SchoolRequest, source: str) -> HttpResponse:
    integration = get_object_or_404(Integration, school=request.school, source=source)
    form = LeaversForm(
        request.POST if request.method == "POST" else None,
        initial=field_rules.leavers_of(integration),
    )
    if request.method == "POST" and form.is_valid():
        try:
            field_rules.save_leavers(integration, request.person, **form.cleaned_data)
        except SettingRefused as refused:
            form.add_error(refused.field, refused.what)
        else:
            messages.success(request, _("Saved. It holds from the next run on."))
            return redirect("leavers", request.school.pk, integration.source)
    return render(request, "web/set_up/leavers.html", {"integration": integration, "form": form})
