"""Who may open what. `school_required` guards each screen of a school, and loads what it shows."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from rollbook import scope
from rollbook.schools import emergency
from rollbook.schools.clock import zone_of
from rollbook.schools.models import MAY_ENTER, EmergencyAccess, Membership, School, User
from rollbook.web.navigation import Navigation
from rollbook.web.session_keys import generation

P = ParamSpec("P")
M = TypeVar("M", bound=Model)


class SchoolRequest(HttpRequest):
    """A request of a signed-in person who works for the school in the address."""

    school: School
    membership: Membership
    person: User
    navigation: Navigation
    emergency: EmergencyAccess | None  # an operator who is no member
    htmx: HtmxDetails


View = Callable[Concatenate[SchoolRequest, P], HttpResponse]


def school_required(*, manage: bool = False) -> Callable[[View[P]], Callable[..., HttpResponse]]:
    """Let members of the school in; with `manage`, only owners and administrators.

    Anyone else gets the same 404 as for a school that does not exist. Times on the page are in
    the school's time zone.
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
            with scope.of_school(school_id):
                if not _load(request, plain.user.pk, school_id):
                    logout(plain)  # a session from before this person lost access never revives
                    return _to_sign_in(request)
                if manage and not request.membership.may_manage:
                    raise PermissionDenied(_managers_only())
                with timezone.override(zone_of(request.school)):
                    return view(request, *args, **kwargs)

        return guarded

    return decorate


def _managers_only() -> str:
    return _("Only owners and administrators of this school can set up and start a sync.")


def own_row(request: SchoolRequest, rows: type[M] | QuerySet[M], **which: Any) -> M:
    """Return the row of the request's school. Raises Http404 for that of any other school."""
    return get_object_or_404(rows, school=request.school, **which)


def _load(request: SchoolRequest, user_id: UUID, school_id: UUID) -> bool:
    """Load the person's membership and school by one query. Raises Http404 if there is none.

    Returns False for a session from before the person lost access. Only for a person without a
    membership it takes a second query: an operator may have emergency access.
    """
    memberships = Membership.objects.select_related("school", "user")
    with_visits = memberships.annotate(is_visited=emergency.is_visited(OuterRef("school_id")))
    membership = with_visits.filter(school_id=school_id, user_id=user_id).first()
    if membership is None:
        access = emergency.open_access(user_id, school_id)
        if access is None:
            raise Http404
        _show(request, emergency.membership(access), access)
        return True
    if generation(request) < membership.oldest_session:
        return False
    if not membership.may_enter:
        raise Http404
    _show(request, membership, is_visited=membership.is_visited)
    return True


def _show(
    request: SchoolRequest,
    membership: Membership,
    access: EmergencyAccess | None = None,
    *,
    is_visited: bool = False,
) -> None:
    """Give a request what the pages of a school show."""
    request.membership = membership
    request.school = membership.school
    request.person = membership.user
    request.emergency = access
    page = request.resolver_match.view_name if request.resolver_match else ""
    request.navigation = Navigation(membership.school, page, is_visited=is_visited)


class AccessLost(Exception):
    """The person lost the access during a long answer. The download breaks off, visibly."""


def while_allowed(request: SchoolRequest, pieces: Iterator[str]) -> Iterator[str]:
    """Yield the pieces of a file while the person may see the school. Raises AccessLost."""
    for piece in pieces:
        if not _still_allowed(request):
            raise AccessLost
        yield piece


def _still_allowed(request: SchoolRequest) -> bool:
    """Ask again whether the person may see the school."""
    users = User.objects.filter(pk=request.person.pk, is_active=True)
    if not users.filter(oldest_session__lte=generation(request)).exists():
        return False
    if request.emergency is not None:
        return emergency.open_access(request.person.pk, request.school.pk) is not None
    memberships = Membership.objects.filter(MAY_ENTER, pk=request.membership.pk)
    return memberships.filter(oldest_session__lte=generation(request)).exists()


def _to_sign_in(request: SchoolRequest) -> HttpResponse:
    """Send the browser to the sign-in page.

    For a request by htmx, reload the whole page: the sign-in must not replace a part of it.
    """
    if request.htmx:
        page = request.htmx.current_url_abs_path
        address = redirect_to_login(page).url if page else resolve_url("sign-in")
        return HttpResponseClientRedirect(address)
    return redirect_to_login(request.get_full_path())
