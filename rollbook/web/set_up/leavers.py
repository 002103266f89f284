"""The screen where a school chooses what happens to accounts whose students left the SIS."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from rollbook.roster.planning.leaver_rules import DEACTIVATE, LIST, NOTHING
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import field_rules, versions
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.forms import Form
from rollbook.web.saved_over import SavedOver, saving, shown_with

POLICIES = [
    (NOTHING, gettext_lazy("Do nothing")),
    (LIST, gettext_lazy("List them, but keep the accounts open")),
    (DEACTIVATE, gettext_lazy("Deactivate them after a grace period")),
]


class LeaversForm(Form):
    """The rule for leavers. Saving checks whether its numbers are allowed."""

    policy = forms.ChoiceField(
        label=gettext_lazy("When the SIS no longer has a student"), choices=POLICIES
    )
    runs = forms.IntegerField(
        label=gettext_lazy("Runs without the student"),
        help_text=gettext_lazy("Only complete live runs in a row count."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days without the student"),
        help_text=gettext_lazy("Both numbers must be reached."),
    )
    rollover = forms.CharField(
        label=gettext_lazy("School year ends"),
        max_length=20,
        help_text=gettext_lazy(
            "Month and day, such as 07-01. "
            "From this day, leavers of that year's class count as graduates."
        ),
    )


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def leavers(request: SchoolRequest, source: str) -> HttpResponse:
    """Show the rule for leavers of one integration, and save it."""
    integration = own_row(request, Integration, source=source)
    if request.method == "POST":
        form = LeaversForm(request.POST)
        if _saved(request, integration, form):
            messages.success(request, _("Saved. The next run follows this rule."))
            return redirect("leavers", request.school.pk, integration.source)
    else:
        form = _saved_form(integration)
    return render(request, "web/set_up/leavers.html", {"integration": integration, "form": form})


def _saved(request: SchoolRequest, integration: Integration, form: LeaversForm) -> bool:
    """Save a valid form. Return False if it isn't valid or is refused; then it holds the reason."""
    if not form.is_valid():
        return False
    policy = field_rules.LeaversPolicy(**form.cleaned_data)
    try:
        with saving(request.school, form, lambda: _saved_form(integration)):
            field_rules.save_leavers(integration, request.person, policy)
    except SavedOver:
        return False
    except SettingRefused as refused:
        form.add_refusal(refused)
        return False
    return True


def _saved_form(integration: Integration) -> LeaversForm:
    saved = Integration.objects.get(pk=integration.pk)
    form = LeaversForm(initial=field_rules.leavers_of(saved)._asdict())
    return shown_with(form, versions.of_leavers(saved))
