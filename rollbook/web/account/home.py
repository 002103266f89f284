"""Where a person starts: in their school, or with the choice between several."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from rollbook.schools.models import Membership, User


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Open the only school of a person, else the list; for an operator, the installation."""
    if cast(User, request.user).is_operator:
        return redirect("installation")
    memberships = list(_memberships(request)[:2])
    if len(memberships) == 1:
        return redirect("upload", memberships[0].school_id)
    return redirect("schools")


@login_required
def schools(request: HttpRequest) -> HttpResponse:
    """Show the schools of the person who is signed in."""
    memberships = list(_memberships(request))
    return render(request, "web/account/schools.html", {"memberships": memberships})


def _memberships(request: HttpRequest) -> QuerySet[Membership]:
    user = cast(User, request.user)
    return (
        user.memberships.filter(disabled_at__isnull=True)
        .select_related("school")
        .order_by("school__name")
    )
