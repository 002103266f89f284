"""One student: values and their origin, problems, registration, history. Opening it is audited."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rollbook.schools import audit
from rollbook.students import (
    accounts,
    aliases,
    freeing,
    inviting,
    lookalikes,
    merging,
    never_import_list,
    protection,
)
from rollbook.students.links import links_of
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.students.refused import Refused
from rollbook.students.registration_state import registration_of
from rollbook.sync.mail import invitations
from rollbook.sync.report import (
    settlements,
    student_history,
    student_links,
    student_values,
    work_list,
)
from rollbook.sync.setup import link_decisions
from rollbook.sync.words.sources import source_label, sources_label
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.students.student_list import badge_of


def account_of(request: SchoolRequest, student_id: UUID) -> StudentAccount:
    """Return this school's account. Raises Http404 for any other."""
    own = StudentAccount.objects.select_related("school", "merged_into")
    return own_row(request, own, pk=student_id)


@school_required()
def student(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Show one student. `confirm` in the address opens a dialog without JavaScript."""
    account = account_of(request, student_id)
    audit.record(
        "student.viewed", school=request.school, actor=request.person, subject=str(account.pk)
    )
    confirm = request.GET.get("confirm")
    context = {
        "account": account,
        "active": account.status == AccountStatus.ACTIVE,
        "merged": account.status == AccountStatus.MERGED,
        "badge": badge_of(account),
        "links": student_links.links_of_student(account),
        "source": sources_label([link.source for link in links_of(account)]),
        "values": student_values.values(account),
        "problems": work_list.problems_of(account),
        "history": student_history.history(account),
        "merged_here": merging.merged_into(account),
        "settled": settlements.settlements_of(account),
        "protection": protection.protection_of(account),
        "questions": lookalikes.questions_about(account)[:1],
        "holds_email": freeing.holds_email(account),
        "never": never_import_list.entry_of(account),
        "aliases": aliases.aliases_of(account),
        "registered": registration_of(account),
        "confirm_status": confirm == "yes",
        "confirm_never": confirm == "never",
        "confirm_invite": confirm == "invite",
    }
    return render(request, "web/students/student.html", context)


@require_POST
@school_required(manage=True)
def deactivate(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Close the account."""
    account = account_of(request, student_id)
    if accounts.deactivate(request.school, [account.pk], request.person):
        messages.success(request, _("Deactivated. The values stay."))
    else:
        messages.info(request, _("Nothing was done: this account is not active."))
    return redirect("student", request.school.pk, account.pk)


@require_POST
@school_required(manage=True)
def reactivate(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Open the account again."""
    account = account_of(request, student_id)
    if accounts.reactivate(request.school, [account.pk], request.person):
        messages.success(request, _("Reactivated."))
    elif account.email_is_free:
        text = _(
            "Nothing was done: another student has the e-mail of this account now. Give this "
            "account another one first."
        )
        messages.warning(request, text)
    else:
        messages.info(request, _("Nothing was done: this account is active already."))
    return redirect("student", request.school.pk, account.pk)


@require_POST
@school_required(manage=True)
def unlink(request: SchoolRequest, student_id: UUID, source: str) -> HttpResponse:
    """Remove one link of an account that several SISs have."""
    account = account_of(request, student_id)
    try:
        link_decisions.unlink(account, source, request.person)
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        text = _("Unlinked from %(sis)s. Its next run proposes the link again.")
        messages.success(request, text % {"sis": source_label(source)})
    return redirect("student", request.school.pk, account.pk)


@require_POST
@school_required(manage=True)
def invite(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Send a registration email, or to a registered student a link for a new password.

    A second click within a minute sends no second email.
    """
    account = account_of(request, student_id)
    if account.status != AccountStatus.ACTIVE:
        text = _("Nothing was sent: the account is not active. Reactivate it first.")
        messages.warning(request, text)
    elif registration_of(account).registered_at:
        _report(request, _send_password_email(account), _("The password email is on its way."))
    else:
        text = _("The registration email is on its way. Its state is in the history below.")
        _report(request, _send_registration_email(request, account), text)
    return redirect("student", request.school.pk, account.pk)


def _send_password_email(account: StudentAccount) -> bool:
    ids = inviting.ask_again(account.school, account)
    invitations.OUTBOX.wake_all(ids)
    return bool(ids)


def _send_registration_email(request: SchoolRequest, account: StudentAccount) -> bool:
    this_one = StudentAccount.objects.filter(school=request.school, pk=account.pk)
    again = not inviting.within_a_minute(account)
    return bool(invitations.invite(request.school, this_one, request.person, again=again))


def _report(request: SchoolRequest, sent: bool, text: str) -> None:
    """Tell the person that an email is on its way, or why none was sent."""
    if sent:
        messages.success(request, text)
    else:
        too_soon = _("Nothing was sent: an email went out just now. Try again in a few minutes.")
        messages.info(request, too_soon)
