"""What a student sees: the page of the registration link, sign-in, and the own record, read-only.

A student's session holds the account's id and a code of the password; each click asks whether both still stand.
"""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from rollbook.schools import slow_down
from rollbook.schools.clock import zone_of
from rollbook.students import registration
from rollbook.students.models import StudentAccount, StudentLogin
from rollbook.sync.mail import invitations
from rollbook.sync.report import student_history
from rollbook.web.account.session_ends import STUDENT

CODE: Final = "student_code"
DOOR: Final = "student"
CLOSED: Final = {
    "unknown": gettext_lazy(
        "This link is not complete. Open it from the mail again, or copy all of it."
    ),
    "used": gettext_lazy("This link was used already: a password is set. Sign in with it."),
    "replaced": gettext_lazy("There is a newer mail with a newer link. Please use that one."),
    "expired": gettext_lazy("This link has run out. Ask your school to send you a new one."),
    "closed": gettext_lazy(
        "This link doesn't work any more. Ask your school if you think that it should."
    ),
}


class PasswordForm(forms.Form):
    """A new password, typed twice."""

    password = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )
    again = forms.CharField(
        label=gettext_lazy("The same password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, account: StudentAccount, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._account = account

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self._account)  # type: ignore[arg-type]  # it reads names and e-mail, whatever has them
        return password

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if (
            cleaned.get("password")
            and cleaned.get("again") is not None
            and cleaned["password"] != cleaned["again"]
        ):
            self.add_error("again", _("The two are not the same. Type the password again."))
        return cleaned


class AddressForm(forms.Form):
    """An e-mail alone."""

    email = forms.EmailField(
        label=gettext_lazy("School e-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


class StudentSignInForm(AddressForm):
    """E-mail and password."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@never_cache
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest, invitation_id: UUID, code: str) -> HttpResponse:
    """The page of the link: nothing is used up by opening it, only by setting the password."""
    try:
        invitation = registration.opened(invitation_id, code)
        form = PasswordForm(invitation.account, request.POST or None)
        if request.method == "POST" and form.is_valid():
            _begin(request, registration.register(invitation, form.cleaned_data["password"]))
            return redirect("me")
    except registration.LinkClosed as closed:
        return render(
            request,
            "web/account/me_link_closed.html",
            {"words": CLOSED[closed.code]},
            status=410 if closed.code != "unknown" else 404,
        )
    context = {"invitation": invitation, "form": form, "rules": password_validators_help_texts()}
    return render(request, "web/account/me_register.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def student_sign_in(request: HttpRequest) -> HttpResponse:
    form = StudentSignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        address = form.cleaned_data["email"]
        if minutes := slow_down.minutes_to_wait(DOOR, address):
            form.add_error(
                None,
                _(
                    "That was wrong too often. For safety, this e-mail can try again in %(n)d minutes."
                )
                % {"n": minutes},
            )
        elif login := registration.sign_in(address, form.cleaned_data["password"]):
            slow_down.forget(DOOR, address)
            _begin(request, login)
            return redirect("me")
        else:
            slow_down.failed(DOOR, address)
            form.add_error(
                None,
                _(
                    "The e-mail and password don't match. Check both, or ask your school whether your account is open."
                ),
            )
    return render(request, "web/account/me_sign_in.html", {"form": form})


def _begin(request: HttpRequest, login: StudentLogin) -> None:
    request.session.flush()  # one browser is one person: whoever was signed in before isn't any more
    request.session[STUDENT] = str(login.account_id)
    request.session[CODE] = registration.session_code(login)


@never_cache
def me(request: HttpRequest) -> HttpResponse:
    """The own record, read-only."""
    login = (
        registration.signed_in(UUID(request.session[STUDENT]), request.session.get(CODE, ""))
        if STUDENT in request.session
        else None
    )
    if login is None:
        if STUDENT in request.session:
            request.session.flush()
        return redirect("student-sign-in")
    account = login.account
    with timezone.override(zone_of(login.school)):
        context = {
            "account": account,
            "school": login.school,
            "values": student_history.values(account),
        }
        return render(request, "web/account/me.html", context)


@require_POST
def student_sign_out(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return redirect("student-sign-in")


@never_cache
@require_http_methods(["GET", "POST"])
def forgot(request: HttpRequest) -> HttpResponse:
    """Asks for a new link. Known and unknown addresses get the same answer."""
    form = AddressForm(request.POST or None)
    asked = request.method == "POST" and form.is_valid()
    if asked:
        invitations.forgotten(form.cleaned_data["email"])
    return render(request, "web/account/me_forgot.html", {"form": form, "asked": asked})
