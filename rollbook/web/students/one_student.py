"""One student: values with where they came from, problems, registration, history. Opening it is noted."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from rollbook.schools import audit
from rollbook.students import accounts, merging, registration, single_rules
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.sync.mail import invitations
from rollbook.sync.report import problems, student_history
from rollbook.sync.words.sources import source_label
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.students.student_list import badge_of

_SENT = gettext_lazy(
    "Nothing was sent: a mail went out just now. Wait a few minutes before you send another one."
)


def account_of(request: SchoolRequest, student_id: UUID) -> StudentAccount:
    """This school's account; 404 for any other."""
    return get_object_or_404(
        StudentAccount.objects.select_related("school"), pk=student_id, school=request.school
    )


@school_required()
def student(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    account = account_of(request, student_id)
    audit.record(
        "student.viewed", school=request.school, actor=request.person, subject=str(account.pk)
    )
    context = {
        "account": account,
        "active": account.status == AccountStatus.ACTIVE,
        "badge": badge_of(account),
        "source": source_label(account.source),
        "values": student_history.values(account),
        "problems": problems.of_account(account),
        "history": student_history.history(account),
        "merged": account.status == AccountStatus.MERGED,
        "merged_here": merging.merged_into(account),
        "protection": single_rules.protection_of(account),
        "never": single_rules.never_entry(account),
        "confirm_never": request.GET.get("confirm") == "never",
        "aliases": single_rules.aliases_of(account),
        "registered": student_history.registration_of(account),
        "confirm": request.GET.get("confirm") == "yes",
        "confirm_invite": request.GET.get("confirm") == "invite",
    }
    return render(request, "web/students/student.html", context)


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


@require_POST
@school_required(manage=True)
def invite(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Send the registration email; a second click within a minute sends no second mail."""
    account = account_of(request, student_id)
    this_one = StudentAccount.objects.filter(school=request.school, pk=account.pk)
    if account.status != AccountStatus.ACTIVE:
        messages.warning(
            request, _("Nothing was sent: the account is not active. Reactivate it first.")
        )
    elif student_history.registration_of(account).registered_at:
        made = registration.ask_again(request.school, account)
        invitations.OUTBOX.wake_all(made)
        if made:
            messages.success(request, _("A mail with a link for a new password is on its way."))
        else:
            messages.info(request, _SENT)
    elif invitations.invite(
        request.school, this_one, request.person, again=not registration.within_a_minute(account)
    ):
        messages.success(
            request, _("The registration email is on its way. Its state is in the history below.")
        )
    else:
        messages.info(request, _SENT)
    return redirect("student", request.school.pk, account.pk)
