"""The forms in which a student signs in and chooses a password."""

from typing import Any, cast

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.students.models import StudentAccount


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

    def __init__(self, account: StudentAccount, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self._account = account

    def clean_password(self) -> str:
        """Check the password; it must not resemble the student's names or e-mail."""
        password: str = self.cleaned_data["password"]
        # Its types ask for a user, but it reads names and e-mail of any object.
        validate_password(password, cast(Any, self._account))
        return password

    def clean(self) -> dict[str, Any]:
        """Check that both passwords are the same."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        password, again = cleaned.get("password"), cleaned.get("again")
        if password and again is not None and password != again:
            self.add_error("again", _("The two passwords differ. Type the password again."))
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
