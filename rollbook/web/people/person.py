"""One person of a school: the role, disabling, enabling and removing."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from rollbook.schools import people
from rollbook.schools.models import Membership
from rollbook.schools.refusals import PeopleRefused
from rollbook.schools.roles import may_handle
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.forms import Form
from rollbook.web.people.forms import RoleForm
from rollbook.web.people.people import state_badge
from rollbook.web.step_up import fresh_proof_required


class ChangeForm(Form):
    """What to do with a person's access."""

    action = forms.ChoiceField(
        choices=[(each, each) for each in ("role", "disable", "enable", "remove")]
    )


@require_GET
@school_required(manage=True)
def person(request: SchoolRequest, user_id: UUID) -> HttpResponse:
    """Show one person. `confirm` in the address opens a dialog without JavaScript."""
    membership = _membership(request, user_id)
    saved = {"role": membership.role}
    return _page(request, membership, RoleForm(request.membership.role, initial=saved))


@require_POST
@school_required(manage=True)
@fresh_proof_required
def change_person(request: SchoolRequest, user_id: UUID) -> HttpResponse:
    """Change the role of a person, or disable, enable or remove the access."""
    membership = _membership(request, user_id)
    action = ChangeForm(request.POST).given("action")
    role = RoleForm(request.membership.role, request.POST)
    if action is None or (action == "role" and not role.is_valid()):
        return _page(request, membership, role)
    try:
        text = _change(request, membership, action, role)
    except PeopleRefused as refused:
        messages.error(request, refused.what)
        return redirect("person", request.school.pk, user_id)
    messages.success(request, text % {"person": membership.user.name})
    if user_id == request.person.pk:  # this page may be closed to them now
        return redirect("schools")
    return redirect("people", request.school.pk)


def _change(request: SchoolRequest, membership: Membership, action: str, role: RoleForm) -> str:
    """Change the access. Returns what to say afterwards. Raises PeopleRefused."""
    school, user, by = request.school, membership.user, request.person
    if action == "role":
        people.change_role(school, user, role.cleaned_data["role"], by)
        return _("The role of %(person)s is saved.")
    if action == "disable":
        people.disable(school, user, by)
        return _("%(person)s can't open this school any more, until you enable the access.")
    if action == "enable":
        people.enable(school, user, by)
        return _("%(person)s can open this school again after signing in.")
    people.remove(school, user, by)
    return _("%(person)s was removed from this school.")


def _membership(request: SchoolRequest, user_id: UUID) -> Membership:
    memberships = Membership.objects.select_related("user", "school")
    return own_row(request, memberships, user_id=user_id)


def _page(request: SchoolRequest, membership: Membership, form: RoleForm) -> HttpResponse:
    can_handle = may_handle(request.membership.role, membership.role)
    confirm = request.GET.get("confirm")
    context = {
        "membership": membership,
        "badge": state_badge(membership),
        "form": form,
        "can_change": can_handle and request.emergency is None,
        "is_self": membership.user_id == request.person.pk,
        **{f"confirm_{each}": confirm == each for each in ("enable", "disable", "remove")},
    }
    return render(request, "web/people/person.html", context)
