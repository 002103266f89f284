"""The way in: to the one school a person works for, or to the choice between several."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from rollbook.schools.models import User


@login_required
def home(request: HttpRequest) -> HttpResponse:
    memberships = _memberships(request)[:2]
    if len(memberships) == 1:
        return redirect("upload", memberships[0].school_id)
    return redirect("schools")


@login_required
def schools(request: HttpRequest) -> HttpResponse:
    """The schools of the person who is signed in."""
    return render(request, "web/account/schools.html", {"memberships": _memberships(request)})


def _memberships(request: HttpRequest):  # type: ignore[no-untyped-def]
    user = cast(User, request.user)
    return user.memberships.select_related("school").order_by("school__name")
