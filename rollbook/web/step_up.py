"""Asks for a fresh proof before what matters most, and goes on where the person was."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect

from rollbook.web.access import SchoolRequest
from rollbook.web.freshness import is_fresh

P = ParamSpec("P")
View = Callable[Concatenate[SchoolRequest, P], HttpResponse]

SUSPENDED: Final = "suspended"  # in the session: the address and the form that wait for the proof
LONGEST_FORM: Final = 10_000  # characters; decisions are short


def fresh_proof_required(view: View[P]) -> View[P]:
    """Let a view run only after a fresh proof. Stands inside `school_required`.

    A form that was sent waits in the session, so it must not hold a secret of a SIS.
    """

    @wraps(view)
    def guarded(request: SchoolRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        if request.method != "POST":
            return ask_for_proof(request, request.get_full_path())
        _suspend(request, request.POST)
        return ask_for_proof(request, resolve_url("go-on"))

    return guarded


def _suspend(request: HttpRequest, form: QueryDict) -> None:
    """Keep a form that was sent, unless it is too long for a session."""
    body = form.urlencode()
    if len(body) <= LONGEST_FORM:
        request.session[SUSPENDED] = {"path": request.get_full_path(), "body": body}


def ask_for_proof(request: HttpRequest, then: str) -> HttpResponse:
    """Send the browser to the page that asks for a proof, and from there to the address `then`."""
    methods: list[dict[str, Any]] = get_adapter().get_reauthentication_methods(request.user)
    page = methods[0]["url"] if methods else resolve_url("sign-in")
    address = f"{page}?{urlencode({'next': then})}"
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(address)
    return redirect(address)


@login_required
@never_cache
def go_on(request: HttpRequest) -> HttpResponse:
    """Show the button that sends the waiting form again."""
    suspended = request.session.get(SUSPENDED)
    if not suspended or not is_fresh(request):
        return redirect("home")
    fields = [
        (name, value)
        for name, values in QueryDict(suspended["body"]).lists()
        for value in values
        if name != "csrfmiddlewaretoken"
    ]
    context = {"address": suspended["path"], "fields": fields}
    del request.session[SUSPENDED]
    return render(request, "web/account/go_on.html", context)
