"""Sign-in and sign-out. A wrong password and an unknown address get the same answer."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from rollbook.schools import audit
from rollbook.schools.models import User


class SignInForm(AuthenticationForm):
    """E-mail and password."""

    error_messages = {
        "invalid_login": _("The e-mail and password don't match an account here. Check both; the password is case-sensitive."),
        "inactive": _("The e-mail and password don't match an account here. Check both; the password is case-sensitive."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"] = forms.EmailField(
            label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
        )
        self.fields["password"].label = _("Password")


class SignIn(LoginView):
    authentication_form = SignInForm
    template_name = "web/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        user = form.get_user()
        assert isinstance(user, User)
        audit.record("signed_in", school=None, actor=user)
        return response


sign_in = SignIn.as_view()
sign_out = LogoutView.as_view()
