"""The list of students for whom no run makes an account."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from rollbook.students import never_import_list, protection
from rollbook.students.models import NeverImport
from rollbook.students.refused import Refused
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.forms import Form
from rollbook.web.paging import Pages, page_of


class NeverImportForm(Form):
    """A student by SIS ID, e-mail, or both. `back` is the page that the button was on."""

    sis_id = forms.CharField(label=gettext_lazy("SIS ID"), required=False, max_length=200)
    email = forms.CharField(
        label=gettext_lazy("E-mail"),
        required=False,
        max_length=320,
        help_text=gettext_lazy("Give one of the two, or both."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, max_length=protection.LONGEST_REASON
    )
    back = forms.CharField(required=False, widget=forms.HiddenInput)


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def never_import(request: SchoolRequest) -> HttpResponse:
    """Show the list; add a student to it."""
    if request.method != "POST":
        return _page(request, NeverImportForm())
    form = NeverImportForm(request.POST)
    if not form.is_valid() or not _add(request, form):
        return _page(request, form)
    return redirect(_address_back(request, form.cleaned_data["back"]))


def _add(request: SchoolRequest, form: NeverImportForm) -> bool:
    """Add the student. Return False, with the reasons in the form, if that was refused."""
    student = {name: form.cleaned_data[name] for name in ("sis_id", "email", "reason")}
    try:
        added = never_import_list.add(request.school, request.person, **student)
    except Refused as refused:
        form.add_errors(refused.errors)
        return False
    if added:
        text = _(
            "Added to Never import: no run makes an account for this student. "
            "To undo this, remove the entry from the list."
        )
    else:
        text = _("This student is on the list already.")
    messages.success(request, text)
    return True


def _address_back(request: SchoolRequest, back: str) -> str:
    """Return the page that the button was on if it is one of ours, else the list."""
    is_ours = url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return back if is_ours else reverse("never-import", args=[request.school.pk])


def _page(request: SchoolRequest, form: NeverImportForm) -> HttpResponse:
    entries = NeverImport.objects.filter(school=request.school).select_related("by")
    pages: Pages[NeverImport] = page_of(entries.order_by("-at", "pk"), request)
    return render(request, "web/students/never_import.html", {"form": form, "pages": pages})


@require_POST
@school_required(manage=True)
def allow_import(request: SchoolRequest, entry_id: UUID) -> HttpResponse:
    """Take an entry off the list."""
    entries = NeverImport.objects.select_related("school")
    entry = own_row(request, entries, pk=entry_id)
    if never_import_list.remove(entry, request.person):
        text = _("Removed. The next run makes the account if the SIS still has the student.")
        messages.success(request, text)
    return redirect("never-import", request.school.pk)
