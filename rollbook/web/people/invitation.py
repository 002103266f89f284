"""The page of an invitation's link. Opening it changes nothing; accepting is a POST."""

from typing import Any, Final, cast
from uuid import UUID

from django.contrib.auth import login, logout
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from rollbook.schools import staff_invitations
from rollbook.schools.clock import zone_of
from rollbook.schools.models import StaffInvitation, User
from rollbook.schools.refusals import PeopleRefused
from rollbook.schools.roles import ROLE_HELP, Role
from rollbook.web.forms import pressed
from rollbook.web.people.forms import RegisterForm

# Why a link does not open, by `LinkClosed.code`.
CLOSED: Final = {
    "unknown": gettext_lazy(
        "This link is incomplete. Open it from the e-mail again, or copy all of it."
    ),
    "accepted": gettext_lazy("This invitation was accepted already. Sign in to open the school."),
    "revoked": gettext_lazy(
        "This invitation was revoked, or a newer e-mail has a newer link. Ask the school."
    ),
    "expired": gettext_lazy("This invitation has expired. Ask the school to send you a new one."),
    "closed": gettext_lazy("This school is no longer in Rollbook."),
    "disabled": gettext_lazy(
        "Your access to Rollbook is switched off. Ask the person who runs Rollbook."
    ),
}
# What the page offers, by who is signed in.
ACCEPT, OTHER, SIGN_IN, REGISTER = "accept", "other", "sign_in", "register"
MODEL_BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "POST"])
def staff_invitation(request: HttpRequest, invitation_id: UUID, token: str) -> HttpResponse:
    """Show an invitation; accept it as the signed-in user, or as a new one."""
    try:
        invitation = staff_invitations.opened(invitation_id, token)
        offer = _offer(request, invitation)
        if request.method == "POST":
            return _answer(request, invitation, offer)
        return _page(request, invitation, offer)
    except staff_invitations.LinkClosed as closed:
        status = 404 if closed.code == "unknown" else 410
        context = {"words": CLOSED[closed.code]}
        return render(request, "web/people/invitation_closed.html", context, status=status)


def _offer(request: HttpRequest, invitation: StaffInvitation) -> str:
    """Return what this browser may do with the invitation. Raises LinkClosed."""
    if request.user.is_authenticated:
        return ACCEPT if request.user.email == invitation.address else OTHER
    user_of_address = User.objects.filter(email=invitation.address).first()
    if user_of_address is None:
        return REGISTER
    if not user_of_address.is_active:
        raise staff_invitations.LinkClosed("disabled")
    return SIGN_IN


def _answer(request: HttpRequest, invitation: StaffInvitation, offer: str) -> HttpResponse:
    """Do what the pressed button says, if this browser may."""
    button = pressed(request.POST)
    if button == "sign_out" and offer == OTHER:
        logout(request)
        return redirect(request.path)
    try:
        if button == ACCEPT and offer == ACCEPT:
            staff_invitations.accept(invitation, cast(User, request.user))
            return redirect("upload", invitation.school_id)
        if button == REGISTER and offer == REGISTER:
            return _register(request, invitation)
    except PeopleRefused as refused:
        return _page(request, invitation, offer, trouble=refused.what)
    return _page(request, invitation, offer)


def _register(request: HttpRequest, invitation: StaffInvitation) -> HttpResponse:
    """Make the user, and sign in. Raises PeopleRefused and LinkClosed."""
    form = RegisterForm(invitation, request.POST)
    if not form.is_valid():
        return _page(request, invitation, REGISTER, form=form)
    name, password = form.cleaned_data["name"], form.cleaned_data["password"]
    user = staff_invitations.register(invitation, name, password)
    login(request, user, backend=MODEL_BACKEND)
    return redirect("upload", invitation.school_id)


def _page(
    request: HttpRequest,
    invitation: StaffInvitation,
    offer: str,
    *,
    form: RegisterForm | None = None,
    trouble: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {
        "invitation": invitation,
        "school": invitation.school,
        "role_help": ROLE_HELP[Role(invitation.role)],
        "offer": offer,
        "form": form or RegisterForm(invitation),
        "rules": password_validators_help_texts(),
        "trouble": trouble,
    }
    with timezone.override(zone_of(invitation.school)):
        return render(request, "web/people/invitation.html", context)
