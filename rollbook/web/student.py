"""One student: values with where they came from, problems, history. Opening it is noted."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rollbook.schools import audit
from rollbook.students import accounts
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.sync import student_record
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.students import badge_of


def account_of(request: SchoolRequest, student_id: UUID) -> StudentAccount:
    """This school's account; 404 for any other."""
    return get_object_or_404(StudentAccount.objects.select_related("school"), pk=student_id, school=request.school)


@school_required()
def student(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    account = account_of(request, student_id)
    audit.record("student.viewed", school=request.school, actor=request.person, subject=str(account.pk))
    context = {
        "account": account,
        "active": account.status == AccountStatus.ACTIVE,
        "badge": badge_of(account),
        "source": student_record.source_label(account.source),
        "values": student_record.values(account),
        "problems": student_record.open_problems(account),
        "history": student_record.history(account),
        "confirm": request.GET.get("confirm") == "yes",
    }
    return render(request, "web/student.html", context)


@require_POST
@school_required(manage=True)
def deactivate(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    account = account_of(request, student_id)
    if accounts.deactivate(request.school, [account.pk], request.person):
        messages.success(request, _("Deactivated. The values stay."))
    else:
        messages.info(request, _("Nothing was done: this account is not active any more."))
    return redirect("student", request.school.pk, account.pk)


@require_POST
@school_required(manage=True)
def reactivate(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    account = account_of(request, student_id)
    if accounts.reactivate(request.school, [account.pk], request.person):
        messages.success(request, _("Reactivated."))
    else:
        messages.info(request, _("Nothing was done: this account is active already."))
    return redirect("student", request.school.pk, account.pk)
