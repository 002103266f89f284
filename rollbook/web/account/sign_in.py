"""Sign-in and sign-out of staff.

A wrong password and an unknown address get the same answer. Repeated failures have to wait.
"""

from typing import Any, Final

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.web.account import tries

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
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"] = forms.EmailField(
            label=_("E-mail"),
            widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
        )
        self.fields["password"].label = _("Password")

    def clean(self) -> dict[str, Any]:
        """Count the try; then check the password, if the account and its network may try."""
        assert self.request is not None
        counted = tries.count(self.request, DOOR, self.cleaned_data.get("username") or "")
        if counted.refused:
            raise forms.ValidationError(tries.refusal(counted.refused), code="slow_down")
        cleaned: dict[str, Any] = super().clean()
        counted.succeeded()
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
        tries.remember_device(self.request, response, DOOR, user.email)
        audit.record("signed_in", school=None, actor=user)
        return response


sign_in = SignIn.as_view()
sign_out = LogoutView.as_view()
