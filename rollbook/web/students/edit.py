"""Edit one student by hand, keep single values, and protect the account from sync."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rollbook.students import editing, protection
from rollbook.students.models import StudentAccount
from rollbook.students.refused import Refused
from rollbook.sync.words.sources import source_label
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.shown import note_shown
from rollbook.web.students.edit_forms import (
    EditForm,
    EndProtectionForm,
    ProtectForm,
    UnlockForm,
)
from rollbook.web.students.one_student import account_of


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def edit(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Show the form; save what was typed, or stop keeping one value."""
    account = account_of(request, student_id)
    if request.method != "POST":
        note_shown(request, "student.edit_viewed", subject=account.pk)
        return _page(request, account, EditForm(account), ProtectForm())
    unlocking = UnlockForm(request.POST)
    if unlocking.is_valid():
        field = unlocking.cleaned_data["unlock"]
        if protection.unlock(account, request.person, [field]):
            messages.success(request, _("No longer kept. The next run overwrites this value."))
        return redirect("student", request.school.pk, account.pk)
    form = EditForm(account, request.POST)
    if form.is_valid() and _save(request, account, form):
        return redirect("student", request.school.pk, account.pk)
    return _page(request, account, form, ProtectForm())


def _save(request: SchoolRequest, account: StudentAccount, form: EditForm) -> bool:
    """Write what was typed. Return False, with the reasons in the form, if it was refused."""
    keep = form.cleaned_data["keep"]
    try:
        edited = editing.edit(
            account,
            request.person,
            form.typed,
            keep=keep,
            version=form.cleaned_data["version"],
        )
    except Refused as refused:
        form.add_errors(refused.errors)
        return False
    messages.success(request, _("Saved.") if edited or keep else _("Nothing was changed."))
    return True


@require_POST
@school_required(manage=True)
def protect(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Protect the account, or end its protection."""
    account = account_of(request, student_id)
    if EndProtectionForm(request.POST).is_valid():
        if protection.unprotect(account, request.person):
            messages.success(
                request, _("The protection has ended. The next run updates this account.")
            )
        return redirect("student", request.school.pk, account.pk)
    form = ProtectForm(request.POST)
    if form.is_valid():
        try:
            protection.protect(account, request.person, **form.cleaned_data)
        except Refused as refused:
            form.add_errors(refused.errors)
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
        "protection": protection.protection_of(account),
        "source": source_label(account.source),
    }
    return render(request, "web/students/student_edit.html", context)
