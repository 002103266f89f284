"""The page People: who works at the school, and the open invitations."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rollbook.schools import clock, emergency, staff_invitations
from rollbook.schools.mail import MailState
from rollbook.schools.models import EmergencyAccess, Membership, StaffInvitation
from rollbook.schools.refusals import PeopleRefused
from rollbook.schools.roles import may_handle
from rollbook.sync.mail import staff
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.badge import Badge
from rollbook.web.forms import pressed
from rollbook.web.paging import Pages, page_of
from rollbook.web.people.forms import InviteForm
from rollbook.web.step_up import fresh_proof_required

VISITS_SHOWN = 20


class PersonRow(NamedTuple):
    """One person in the list. `can_open` is whether the reader may change something there."""

    membership: Membership
    badge: Badge
    is_self: bool
    can_open: bool


class InvitationRow(NamedTuple):
    """One open invitation. `trouble` is why its mail did not arrive."""

    invitation: StaffInvitation
    badge: Badge
    trouble: str
    can_handle: bool


class Visit(NamedTuple):
    """An operator's emergency access. `until` is when it ends or ended."""

    access: EmergencyAccess
    until: datetime
    is_open: bool


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def people(request: SchoolRequest) -> HttpResponse:
    """Show the people; invite somebody."""
    if request.method == "POST":
        return _invite(request)
    return _page(request, InviteForm(request.membership.role, initial={"role": "counselor"}))


@fresh_proof_required
def _invite(request: SchoolRequest) -> HttpResponse:
    form = InviteForm(request.membership.role, request.POST)
    if form.is_valid() and _invited(request, form):
        return redirect("people", request.school.pk)
    return _page(request, form)


def _invited(request: SchoolRequest, form: InviteForm) -> bool:
    """Invite somebody. Return False, with the reason in the form, if that was refused."""
    typed, role = form.cleaned_data["email"], form.cleaned_data["role"]
    try:
        invitation = staff.invite(request.school, typed, role, request.person)
    except PeopleRefused as refused:
        form.add_error("email", refused.what)
        return False
    text = _("%(email)s gets an e-mail with a link that works for 72 hours.")
    messages.success(request, text % {"email": invitation.address})
    return True


def _page(request: SchoolRequest, form: InviteForm) -> HttpResponse:
    memberships = Membership.objects.filter(school=request.school).select_related("user")
    pages: Pages[Membership] = page_of(memberships.order_by("user__name", "pk"), request)
    context = {
        "form": form,
        "pages": pages,
        "people": [_person_row(request, each) for each in pages.rows],
        "invitations": _invitation_rows(request),
        "visits": _visits(request),
        "may_invite": request.emergency is None,
    }
    return render(request, "web/people/people.html", context)


def state_badge(membership: Membership) -> Badge:
    """Return whether a person can open the school, as an icon and words."""
    if not membership.user.is_active:
        return Badge(_("Can't sign in"), "lock", "problem")
    if membership.disabled_at is not None:
        return Badge(_("Disabled"), "circle-slash", "look")
    return Badge(_("Active"), "circle-check", "good")


def _person_row(request: SchoolRequest, membership: Membership) -> PersonRow:
    is_self = membership.user_id == request.person.pk
    can_handle = may_handle(request.membership.role, membership.role)
    can_open = request.emergency is None and can_handle
    return PersonRow(membership, state_badge(membership), is_self, can_open)


def _invitation_rows(request: SchoolRequest) -> list[InvitationRow]:
    now = clock.now()
    rows = []
    for invitation in staff_invitations.open_invitations(request.school):
        can_handle = may_handle(request.membership.role, invitation.role)
        row = InvitationRow(
            invitation=invitation,
            badge=_invitation_badge(invitation, now),
            trouble=invitation.trouble,
            can_handle=can_handle and request.emergency is None,
        )
        rows.append(row)
    return rows


def _invitation_badge(invitation: StaffInvitation, now: datetime) -> Badge:
    if invitation.expires_at <= now:
        return Badge(_("Expired"), "clock", "look")
    if invitation.state == MailState.UNDELIVERED:
        return Badge(_("Not delivered"), "circle-x", "problem")
    if invitation.state == MailState.WAITING:
        return Badge(_("Waiting to be sent"), "clock", "info")
    return Badge(_("Sent"), "mail", "good")


def _visits(request: SchoolRequest) -> list[Visit]:
    now = clock.now()
    visits = []
    for access in emergency.past_accesses(request.school)[:VISITS_SHOWN]:
        until = access.ended_at or access.ends_at
        visits.append(Visit(access, until, is_open=until > now))
    return visits


@require_POST
@school_required(manage=True)
@fresh_proof_required
def invitation_action(request: SchoolRequest, invitation_id: UUID) -> HttpResponse:
    """Send an invitation again, or revoke it."""
    invitations = StaffInvitation.objects.select_related("school")
    invitation = own_row(request, invitations, pk=invitation_id)
    words = {"email": invitation.address}
    try:
        if pressed(request.POST) == "revoke":
            if staff_invitations.revoke(invitation, request.person):
                text = _("The invitation of %(email)s was revoked. Its link no longer works.")
            else:
                text = _("The invitation of %(email)s was used or revoked already.")
        else:
            _send_again(request, invitation)
            text = _("%(email)s gets a new e-mail. The older link no longer works.")
        messages.success(request, text % words)
    except PeopleRefused as refused:
        messages.error(request, refused.what)
    return redirect("people", request.school.pk)


def _send_again(request: SchoolRequest, invitation: StaffInvitation) -> None:
    is_closed = invitation.accepted_at is not None or invitation.revoked_at is not None
    if is_closed:
        what = _("This invitation was used or revoked meanwhile. Invite the person anew.")
        raise PeopleRefused("invitation_closed", what)
    staff.invite(request.school, invitation.address, invitation.role, request.person)
