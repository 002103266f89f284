"""A new password by mail, for staff. The second factor is still asked for afterwards."""

from typing import Any, cast

from django import forms
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from rollbook.schools import audit, devices, people, slow_down
from rollbook.schools.models import AccountMailKind, User
from rollbook.sync.mail import account
from rollbook.web.account import tries


class AddressForm(forms.Form):
    """An e-mail alone."""

    email = forms.EmailField(
        label=_("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


@never_cache
@require_http_methods(["GET", "POST"])
def forgot_password(request: HttpRequest) -> HttpResponse:
    """Let a worker mail a link. Known and unknown addresses get the same answer and work."""
    form = AddressForm(request.POST or None)
    requested = False
    if request.method == "POST" and form.is_valid():
        address = form.cleaned_data["email"]
        counted = tries.count(request, tries.STAFF_RESET, address)
        if counted.refused:
            form.add_error(None, tries.refusal(counted.refused))
        else:
            user = User.objects.filter(email=address.strip().lower()).first()
            account.write(AccountMailKind.RESET, user)
            requested = True
    return render(request, "web/account/forgot.html", {"form": form, "requested": requested})


class ResetPassword(PasswordResetConfirmView):
    """The page of the link. It ends all sessions and makes all devices unknown."""

    template_name = "web/account/reset.html"
    success_url = reverse_lazy("reset-done")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        user = cast(User, form.user)
        people.end_sessions(user)
        slow_down.forget(tries.STAFF, user.email)
        devices.revoke(tries.STAFF, user.email)
        audit.record("user.password_reset", school=None, actor=user)
        account.write(AccountMailKind.PASSWORD_SET, user)
        return response


@never_cache
def reset_done(request: HttpRequest) -> HttpResponse:
    """Say that the password was changed."""
    return render(request, "web/account/reset_done.html")


reset_password = ResetPassword.as_view()
