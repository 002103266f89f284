"""What a student sees: the page of the registration link, sign-in, and their record, read-only.

A student's session holds the account's id and a code made from the password. Each request
checks that both are still valid.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from rollbook import scope
from rollbook.schools import devices, slow_down
from rollbook.schools.clock import zone_of
from rollbook.students import registration
from rollbook.students.models import StudentLogin
from rollbook.sync.mail import invitations
from rollbook.sync.report import student_values
from rollbook.web.account import tries
from rollbook.web.account.me_forms import AddressForm, PasswordForm, StudentSignInForm
from rollbook.web.session_keys import CODE, STUDENT

# Why a link does not open, by `LinkClosed.code`.
CLOSED: Final = {
    "unknown": gettext_lazy(
        "This link is incomplete. Open it from the email again, or copy all of it."
    ),
    "used": gettext_lazy("This link was already used to set a password. Sign in with it."),
    "replaced": gettext_lazy("A newer email has a newer link. Please use that one."),
    "expired": gettext_lazy("This link has expired. Ask your school to send you a new one."),
    "closed": gettext_lazy("This link no longer works. If you think it should, ask your school."),
}


def _finds_school(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a view look for its student at all schools; then it has to narrow its scope."""

    @wraps(view)
    def searching(request: HttpRequest, **arguments: Any) -> HttpResponse:
        with scope.of_installation(scope.Across.STUDENTS_DOOR):
            return view(request, **arguments)

    return searching


@never_cache
@require_http_methods(["GET", "POST"])
@_finds_school
def register(request: HttpRequest, invitation_id: UUID, code: str) -> HttpResponse:
    """Show the page of the link. Only setting the password uses the link up, not opening it."""
    try:
        invitation = registration.opened(invitation_id, code)
        scope.narrow(invitation.school_id)
        form = PasswordForm(invitation.account, request.POST or None)
        if request.method == "POST" and form.is_valid():
            login = registration.register(invitation, form.cleaned_data["password"])
            slow_down.forget(tries.STUDENT, login.account.email)
            devices.revoke(tries.STUDENT, login.account.email)
            return _enter(request, login)
    except registration.LinkClosed as closed:
        status = 404 if closed.code == "unknown" else 410
        closed_context = {"words": CLOSED[closed.code]}
        return render(request, "web/account/me_link_closed.html", closed_context, status=status)
    rules = password_validators_help_texts()
    context = {"invitation": invitation, "form": form, "rules": rules}
    return render(request, "web/account/me_register.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@_finds_school
def student_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign a student in. Repeated failures have to wait."""
    form = StudentSignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        login = _login(request, form)
        if login is not None:
            return _enter(request, login)
    return render(request, "web/account/me_sign_in.html", {"form": form})


def _login(request: HttpRequest, form: StudentSignInForm) -> StudentLogin | None:
    """Return the login of an e-mail and password, or None with the reason in the form."""
    address = form.cleaned_data["email"]
    counted = tries.count(request, tries.STUDENT, address)
    if counted.refused:
        form.add_error(None, tries.refusal(counted.refused))
        return None
    login = registration.sign_in(address, form.cleaned_data["password"])
    if login is not None:
        scope.narrow(login.school_id)
        counted.succeeded()
        return login
    text = _(
        "This e-mail and password don't match. Check both. "
        "If both are right, ask your school whether your account is active."
    )
    form.add_error(None, text)
    return None


def _enter(request: HttpRequest, login: StudentLogin) -> HttpResponse:
    """Start a student's session and remember the device."""
    _start_session(request, login)
    response = redirect("me")
    tries.remember_device(request, response, tries.STUDENT, login.account.email)
    return response


def _start_session(request: HttpRequest, login: StudentLogin) -> None:
    request.session.flush()  # one browser, one person: this signs out whoever was signed in
    request.session[STUDENT] = str(login.account_id)
    request.session[CODE] = registration.session_code(login)


@never_cache
@_finds_school
def me(request: HttpRequest) -> HttpResponse:
    """Show a student their own record."""
    login = _signed_in(request)
    if login is None:
        return redirect("student-sign-in")
    scope.narrow(login.school_id)
    with timezone.override(zone_of(login.school)):
        context = {
            "account": login.account,
            "school": login.school,
            "values": student_values.values(login.account),
        }
        return render(request, "web/account/me.html", context)


def _signed_in(request: HttpRequest) -> StudentLogin | None:
    """Return the student of this session. A session that is no longer valid is ended."""
    if STUDENT not in request.session:
        return None
    account_id, code = UUID(request.session[STUDENT]), request.session.get(CODE, "")
    login = registration.signed_in(account_id, code)
    if login is None:
        request.session.flush()
    return login


@require_POST
def student_sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    request.session.flush()
    return redirect("student-sign-in")


@never_cache
@require_http_methods(["GET", "POST"])
def forgot(request: HttpRequest) -> HttpResponse:
    """Let a worker send a new link. Known and unknown addresses get the same answer and work."""
    form = AddressForm(request.POST or None)
    requested = request.method == "POST" and form.is_valid()
    if requested:
        address = form.cleaned_data["email"]
        counted = tries.count(request, tries.STUDENT_RESET, address)
        if counted.refused:
            form.add_error(None, tries.refusal(counted.refused))
            requested = False
        else:
            invitations.ask_for_link(address)
    return render(request, "web/account/me_forgot.html", {"form": form, "requested": requested})
