"""The forms for codes, and for a password that confirms. Each try is counted before a check."""

from typing import Any, Final

from allauth.account.forms import ReauthenticateForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateCodeForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.schools import second_factors
from rollbook.web.account import tries
from rollbook.web.account.second_factor import LAST_STEP

WRONG_CODE: Final = gettext_lazy(
    "This code is wrong or was used already. Wait for the next one and type it."
)


def _code_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Code"),
        help_text=gettext_lazy("The 6 digits of your authenticator app, or a recovery code."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )


class CodeForm(AuthenticateForm):
    """The code of an authenticator app, or a recovery code."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["code"] = _code_field()

    def clean_code(self) -> str:
        """Count the try, then check the code. A code is taken once."""
        return _checked_code(self, super().clean_code)


class ConfirmCodeForm(ReauthenticateCodeForm):
    """The same, of somebody who is signed in."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["code"] = _code_field()

    def clean_code(self) -> str:
        """Count the try, then check the code. A code is taken once."""
        return _checked_code(self, super().clean_code)


class ConfirmPasswordForm(ReauthenticateForm):
    """The password of somebody who is signed in."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["password"] = forms.CharField(
            label=_("Password"),
            strip=False,
            widget=forms.PasswordInput(
                attrs={"autocomplete": "current-password", "autofocus": True}
            ),
        )

    def clean_password(self) -> str:
        """Count the try, then check the password."""
        counted = tries.count(context.request, tries.STAFF, self.user.email)
        if counted.refused:
            raise forms.ValidationError(tries.refusal(counted.refused), code="slow_down")
        try:
            password: str = super().clean_password()
        except forms.ValidationError:
            raise forms.ValidationError(_("This password is wrong."), code="wrong") from None
        counted.succeeded()
        return password


class NewTotpForm(ActivateTOTPForm):
    """The first code of an authenticator app."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["code"] = _code_field()
        self.fields["code"].help_text = _("The 6 digits that the app shows now.")


def _checked_code(form: Any, check: Any) -> str:
    """Return the code of a form. Raises ValidationError where it must not be taken."""
    counted = tries.count(context.request, tries.SECOND_FACTOR, form.user.email)
    if counted.refused:
        raise forms.ValidationError(tries.refusal(counted.refused), code="slow_down")
    try:
        code: str = check()
    except forms.ValidationError as error:
        if getattr(error, "code", "") == second_factors.UNREADABLE:
            raise
        raise forms.ValidationError(WRONG_CODE, code="wrong") from None
    is_totp = form.authenticator.type == Authenticator.Type.TOTP
    if is_totp and not _use_up(form.authenticator, code):
        raise forms.ValidationError(WRONG_CODE, code="used")
    counted.succeeded()
    return code


@transaction.atomic
def _use_up(authenticator: Authenticator, code: str) -> bool:
    """Take a code of an authenticator app. Return False if it, or a later one, was used before.

    allauth notes used codes in a cache that each process has for itself.
    """
    row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
    secret = decrypt(row.data["secret"])
    steps = [
        step
        for step in totp.yield_hotp_counters_from_time()
        if totp.format_hotp_value(totp.hotp_value(secret, step)) == code.replace(" ", "")
    ]
    if not steps or max(steps) <= row.data.get(LAST_STEP, 0):
        return False
    row.data[LAST_STEP] = max(steps)
    row.save(update_fields=["data"])
    authenticator.data = row.data
    return True
