"""Sign-in and sign-out of staff.

A wrong password and an unknown address get the same answer. Repeated failures have to wait.
"""

from typing import Any, Final

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from rollbook.schools import audit, slow_down
from rollbook.schools.models import User

DOOR: Final = "staff"
NO_MATCH: Final = _(
    "This e-mail and password don't match an account here. Check both. "
    "Upper and lower case matter in the password."
)


class SignInForm(AuthenticationForm):
    """E-mail and password."""

    error_messages = {
        "invalid_login": NO_MATCH,
        "inactive": NO_MATCH,
        "slow_down": _("Too many failed attempts. Try this e-mail again in %(minutes)d minutes."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"] = forms.EmailField(
            label=_("E-mail"),
            widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
        )
        self.fields["password"].label = _("Password")

    def clean(self) -> dict[str, Any]:
        """Refuse where too many attempts failed; else check the password, and count a failure."""
        address = self.cleaned_data.get("username") or ""
        if minutes := slow_down.minutes_to_wait(DOOR, address):
            raise forms.ValidationError(
                self.error_messages["slow_down"], code="slow_down", params={"minutes": minutes}
            )
        try:
            cleaned: dict[str, Any] = super().clean()
        except forms.ValidationError:
            slow_down.failed(DOOR, address)
            raise
        slow_down.forget(DOOR, address)
        return cleaned


class SignIn(LoginView):
    """The sign-in page of staff."""

    authentication_form = SignInForm
    template_name = "web/account/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        user = form.get_user()
        assert isinstance(user, User)
        audit.record("signed_in", school=None, actor=user)
        return response


sign_in = SignIn.as_view()
sign_out = LogoutView.as_view()
