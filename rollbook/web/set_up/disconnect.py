"""Disconnects all SISs of a school, after an owner has typed its name."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from rollbook.sync.refusals import SettingRefused
from rollbook.sync.runs import disconnecting
from rollbook.sync.words.disconnecting import disconnected_words
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form
from rollbook.web.step_up import fresh_proof_required


class DisconnectForm(Form):
    """The name of the school, typed to disconnect it."""

    name = forms.CharField(label=gettext_lazy("Name of the school"), required=False, strip=False)


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
@fresh_proof_required
def disconnect(request: SchoolRequest) -> HttpResponse:
    """Ask for the name of the school, and disconnect its SISs."""
    if not request.membership.may_disconnect:
        raise PermissionDenied(_("Only an owner of this school can disconnect all SISs."))
    form = DisconnectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            typed = form.cleaned_data["name"]
            ended = disconnecting.disconnect_all(request.school, request.person, typed)
        except SettingRefused as refused:
            form.add_refusal(refused)
        else:
            words = disconnected_words(request.school.name, ended)
            how = _("To connect again, enter new credentials in Step 1.1 and switch Active on.")
            messages.success(request, f"{words} {how}")
            return redirect("configure-sis", request.school.pk)
    context: dict[str, Any] = {"form": form, "connected": disconnecting.connected(request.school)}
    return render(request, "web/set_up/disconnect.html", context)
