"""The list of students for whom no run makes an account."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from rollbook.students import single_rules
from rollbook.students.models import NeverImport
from rollbook.web.access import SchoolRequest, school_required


class NeverImportForm(forms.Form):
    sis_id = forms.CharField(label=gettext_lazy("SIS ID"), required=False, max_length=200)
    email = forms.CharField(
        label=gettext_lazy("E-mail"),
        required=False,
        max_length=320,
        help_text=gettext_lazy("Give one of the two, or both."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, max_length=single_rules.LONGEST_REASON
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, label_suffix="")


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def never_import(request: SchoolRequest) -> HttpResponse:
    form = NeverImportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = single_rules.never_import(request.school, request.person, **form.cleaned_data)
        except single_rules.Refused as refused:
            for field, error in refused.errors.items():
                form.add_error(field or None, error)
        else:
            said = _(
                "Added to Never import: no run makes an account for this student. You can take it back in the list of those never imported."
            )
            messages.success(request, said if added else _("It is on the list already."))
            return redirect(_back(request))
    return _page(request, form)


def _back(request: SchoolRequest) -> str:
    """The page of ours that the button was on, else the list."""
    back = request.POST.get("back", "")
    ours = url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return back if ours else reverse("never-import", args=[request.school.pk])


def _page(request: SchoolRequest, form: NeverImportForm) -> HttpResponse:
    entries = (
        NeverImport.objects.filter(school=request.school)
        .select_related("by")
        .order_by("-at")[:1000]
    )
    return render(request, "web/students/never_import.html", {"form": form, "entries": entries})


@require_POST
@school_required(manage=True)
def allow_import(request: SchoolRequest, entry_id: UUID) -> HttpResponse:
    entry = get_object_or_404(
        NeverImport.objects.select_related("school"), pk=entry_id, school=request.school
    )
    if single_rules.allow_import(entry, request.person):
        messages.success(
            request, _("Removed. The next run makes the account, if the SIS still has the student.")
        )
    return redirect("never-import", request.school.pk)
