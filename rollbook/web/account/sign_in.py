"""Sign-in and sign-out of staff.

A wrong password and an unknown address get the same answer. Repeated failures have to wait.
"""

from typing import Any, Final

from allauth.account.utils import perform_login
from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from rollbook.config import config
from rollbook.web.account import tries

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
        counted = tries.count(self.request, tries.STAFF, self.cleaned_data.get("username") or "")
        if counted.refused:
            raise forms.ValidationError(tries.refusal(counted.refused), code="slow_down")
        cleaned: dict[str, Any] = super().clean()
        counted.succeeded()
        return cleaned


class SignIn(LoginView):
    """The sign-in page of staff. A right password leads on to the second factor."""

    authentication_form = SignInForm
    template_name = "web/account/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **options: Any) -> dict[str, Any]:
        is_demo = not config.needs_second_factor and not config.production
        return super().get_context_data(is_demo=is_demo, **options)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        response: HttpResponse = perform_login(
            self.request, user, redirect_url=self.get_success_url(), email=user.get_username()
        )
        return response


sign_in = SignIn.as_view()
sign_out = LogoutView.as_view()
