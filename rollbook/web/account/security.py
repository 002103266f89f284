"""How a person signs in: their second factors, recovery codes and passkeys."""

from typing import Any, cast

from allauth.account.views import ReauthenticateView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as ConfirmCodeView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    LoginWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from rollbook.schools import audit, staff_sessions
from rollbook.schools.models import User
from rollbook.web.account import second_factor


@login_required
@never_cache
def security(request: HttpRequest) -> HttpResponse:
    """Show how the person signs in, and what is missing."""
    user = cast(User, request.user)
    of_type: dict[str, list[Any]] = {"totp": [], "webauthn": [], "recovery_codes": []}
    for row in Authenticator.objects.filter(user=user).order_by("created_at"):
        of_type[row.type].append(row)
    context = {
        "authenticator_app": next(iter(of_type["totp"]), None),
        "passkeys": [{"row": row, "name": row.wrap().name} for row in of_type["webauthn"]],
        "codes_left": sum(len(row.wrap().get_unused_codes()) for row in of_type["recovery_codes"]),
        "has_codes": bool(of_type["recovery_codes"]),
        "has_second_factor": bool(of_type["totp"] or of_type["webauthn"]),
        "sessions": staff_sessions.open_sessions(user),
        "session_key": request.session.session_key,
        "is_missing": second_factor.is_missing(request),
    }
    return render(request, "web/account/security.html", context)


class EndForm(forms.Form):
    """Which session to end; without one, all but this."""

    session = forms.IntegerField(required=False)


@login_required
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End one session of the person, or all others."""
    form = EndForm(request.POST)
    rows = staff_sessions.open_sessions(cast(User, request.user))
    others = rows.exclude(session_key=str(request.session.session_key))
    if form.is_valid() and form.cleaned_data["session"]:
        others = others.filter(pk=form.cleaned_data["session"])
    ended = staff_sessions.end(others)
    audit.record("sessions.ended", school=None, actor=cast(User, request.user), sessions=ended)
    messages.success(request, _("Signed out there."))
    return redirect("security")


class AddApp(ActivateTOTPView):
    """Shows the secret of a new authenticator app, and checks its first code."""

    template_name = "web/account/totp_add.html"

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        second_factor.note_new_app(self.request)
        return response


class RemovePasskey(RemoveWebAuthnView):
    """Asks, then removes a passkey; not the last second factor of somebody who needs one."""

    template_name = "web/account/passkey_remove.html"

    def form_valid(self, form: Any) -> HttpResponse:
        if not second_factor.may_remove(self.get_object()):
            text = _("This is your only second factor. Set up another one before you remove it.")
            messages.error(self.request, text)
            return redirect("security")
        response: HttpResponse = super().form_valid(form)
        return response


FOLDER = "web/account/"
second_factor_code = AuthenticateView.as_view(template_name=f"{FOLDER}second_factor.html")
passkey_sign_in = LoginWebAuthnView.as_view()
confirm_password = never_cache(ReauthenticateView.as_view(template_name=f"{FOLDER}confirm.html"))
confirm_code = never_cache(ConfirmCodeView.as_view(template_name=f"{FOLDER}confirm.html"))
confirm_passkey = never_cache(
    ReauthenticateWebAuthnView.as_view(template_name=f"{FOLDER}confirm_passkey.html")
)
totp_add = never_cache(login_required(AddApp.as_view()))
totp_remove = never_cache(DeactivateTOTPView.as_view(template_name=f"{FOLDER}totp_remove.html"))
passkey_add = never_cache(
    login_required(AddWebAuthnView.as_view(template_name=f"{FOLDER}passkey_add.html"))
)
passkey_remove = never_cache(login_required(RemovePasskey.as_view()))
recovery_codes = never_cache(
    ViewRecoveryCodesView.as_view(template_name=f"{FOLDER}recovery_codes.html")
)
recovery_codes_new = never_cache(
    login_required(
        GenerateRecoveryCodesView.as_view(template_name=f"{FOLDER}recovery_codes_new.html")
    )
)
