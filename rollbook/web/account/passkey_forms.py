"""The forms that take what a browser says about a passkey. Whatever is wrong with it is refused.

allauth and fido2 foresee wrong answers, but not every malformed one; these pages are open to all.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django import forms
from django.utils.translation import gettext as _

MALFORMED: Final = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
    *(InvalidSignature, NotImplementedError, UnsupportedAlgorithm, struct.error),
)


class CredentialField(forms.JSONField):
    """A JSON object; numbers of thousands of digits are no server error."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput)

    def to_python(self, value: Any) -> Any:
        with _refusing():
            credential = super().to_python(value)
            if credential not in self.empty_values and not isinstance(credential, dict):
                raise ValueError("no object")
            return credential


class NewPasskeyForm(AddWebAuthnForm):
    """A new passkey, which signs in alone: it proves the person by finger, face or PIN."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["credential"] = CredentialField()
        self.fields["name"] = forms.CharField(
            label=_("Name of this passkey"),
            help_text=_("Such as “My laptop” or “Blue key”."),
            max_length=100,
            required=False,
        )

    def clean(self) -> Any:
        with _refusing():
            return super().clean()


class _Answer(forms.Form):
    """The answer of a passkey, which anybody can send malformed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["credential"] = CredentialField()

    def clean_credential(self) -> Any:
        parent: Any = super()
        with _refusing():
            return parent.clean_credential()


class UsePasskeyForm(_Answer, AuthenticateWebAuthnForm):
    """A passkey as the second factor."""


class PasskeySignInForm(_Answer, LoginWebAuthnForm):
    """A passkey in place of the password."""


class ConfirmPasskeyForm(_Answer, ReauthenticateWebAuthnForm):
    """A passkey as a fresh proof."""


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn whatever malformed data leads to into a refusal."""
    try:
        yield
    except forms.ValidationError:
        raise
    except MALFORMED:
        text = _("The passkey was not accepted. Try again, or choose another way.")
        raise forms.ValidationError(text, code="malformed") from None
