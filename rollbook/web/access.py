"""Who may open what: every screen of a school passes through `school_required`, which loads the membership or answers 404."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from rollbook.schools.clock import zone_of
from rollbook.schools.models import Membership, School, User

P = ParamSpec("P")


class SchoolRequest(HttpRequest):
    """A request of a signed-in person who works for the school in the address."""

    school: School
    membership: Membership
    person: User
    htmx: HtmxDetails


View = Callable[Concatenate[SchoolRequest, P], HttpResponse]


def school_required(*, manage: bool = False) -> Callable[[View[P]], Callable[..., HttpResponse]]:
    """Let members of the school in; with `manage`, owners and administrators only.

    Anybody else gets the same 404 as for a school that does not exist. Times on the page are the school's.
    """

    def decorate(view: View[P]) -> Callable[..., HttpResponse]:
        @never_cache
        @wraps(view)
        def guarded(
            plain: HttpRequest, school_id: UUID, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            request = cast(SchoolRequest, plain)
            if not plain.user.is_authenticated:
                return _to_sign_in(request)
            membership = (
                Membership.objects.select_related("school", "user")
                .filter(school_id=school_id, user_id=plain.user.pk)
                .first()
            )
            if membership is None:
                raise Http404
            request.membership, request.school, request.person = (
                membership,
                membership.school,
                membership.user,
            )
            if manage and not membership.may_manage:
                raise PermissionDenied(
                    _("Only owners and administrators of this school can set up and start a sync.")
                )
            with timezone.override(zone_of(membership.school)):
                return view(request, *args, **kwargs)

        return guarded

    return decorate


def _to_sign_in(request: SchoolRequest) -> HttpResponse:
    """To the sign-in page; a part of a page that was asked for by htmx must not be replaced by it."""
    if request.htmx:
        return HttpResponseClientRedirect(resolve_url("sign-in"))
    return redirect_to_login(request.get_full_path())
