"""Editing one student by hand, keeping single values from the SIS, and protecting the whole account from sync."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.students import single_rules
from rollbook.students.models import StudentAccount
from rollbook.sync.report import student_history
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.sources import source_label
from rollbook.sync.words.text import word
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.students.one_student import account_of

TYPES: Final = {"email": "email", "date": "date", "graduation_year": "number"}


class EditForm(forms.Form):
    """Every value that can be edited, each with a box to keep it where the SIS would put its own back."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, account: StudentAccount, data: QueryDict | None = None) -> None:
        held = {
            name: "" if (value := getattr(account, name)) is None else str(value)
            for name in single_rules.EDITABLE
        }
        super().__init__(data, initial=held | {"version": account.version}, label_suffix="")
        self.to_keep = set(data.getlist("keep")) if data is not None else set()
        self.synced = student_history.filled_by_sis(account)
        self.locked = set(account.locks.values_list("field", flat=True))
        for name in single_rules.EDITABLE:
            kind = STUDENT_FIELDS[name].kind
            widget = forms.TextInput(
                attrs={
                    "type": TYPES.get(kind, "text"),
                    "autocomplete": "off",
                    "aria-describedby": f"id_{name}_error",
                }
            )
            self.fields[name] = forms.CharField(
                label=word(FIELD_LABELS, name), required=False, widget=widget, max_length=1000
            )

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Each field with whether it is required, filled by the SIS, and kept."""
        return [
            {
                "field": self[name],
                "name": name,
                "required": name in REQUIRED_FIELDS,
                "synced": name in self.synced,
                "locked": name in self.locked,
                "ticked": name in self.to_keep,
            }
            for name in single_rules.EDITABLE
        ]


class ProtectForm(forms.Form):
    until = forms.DateField(
        label=gettext_lazy("Last protected day"),
        required=False,
        help_text=gettext_lazy("Empty: until somebody ends it."),
        widget=forms.DateInput(attrs={"type": "date", "aria-describedby": "id_until_helptext"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, max_length=single_rules.LONGEST_REASON
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, label_suffix="")


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def edit(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    account = account_of(request, student_id)
    if request.method != "POST":
        return _page(request, account, EditForm(account), ProtectForm())
    if field := request.POST.get("unlock"):
        if single_rules.unlock(account, request.person, [field]):
            messages.success(request, _("No longer kept. The next run puts the SIS's value in."))
        return redirect("student", request.school.pk, account.pk)
    form = EditForm(account, request.POST)
    if form.is_valid():
        typed = {
            name: form.cleaned_data[name]
            for name in single_rules.EDITABLE
            if name in form.changed_data
        }
        try:
            edited = single_rules.edit(
                account,
                request.person,
                typed,
                keep=request.POST.getlist("keep"),
                version=form.cleaned_data["version"],
            )
        except single_rules.Refused as refused:
            for field, error in refused.errors.items():
                form.add_error(field or None, error)
        else:
            messages.success(
                request,
                _("Saved.")
                if edited or request.POST.getlist("keep")
                else _("Nothing was changed."),
            )
            return redirect("student", request.school.pk, account.pk)
    return _page(request, account, form, ProtectForm())


@require_POST
@school_required(manage=True)
def protect(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Protect the account, or end its protection."""
    account = account_of(request, student_id)
    if request.POST.get("action") == "end":
        if single_rules.unprotect(account, request.person):
            messages.success(
                request, _("The protection is ended. The next run puts the SIS's values in.")
            )
        return redirect("student", request.school.pk, account.pk)
    form = ProtectForm(request.POST)
    if form.is_valid():
        try:
            single_rules.protect(account, request.person, **form.cleaned_data)
        except single_rules.Refused as refused:
            form.add_error("until", refused.errors["until"])
        else:
            messages.success(request, _("Protected. No sync writes to this account."))
            return redirect("student", request.school.pk, account.pk)
    return _page(request, account, EditForm(account), form)


def _page(
    request: SchoolRequest, account: StudentAccount, form: EditForm, protecting: ProtectForm
) -> HttpResponse:
    context = {
        "account": account,
        "form": form,
        "protecting": protecting,
        "protection": single_rules.protection_of(account),
        "source": source_label(account.source),
    }
    return render(request, "web/students/student_edit.html", context)
