"""The forms for people of a school, and for somebody who accepts an invitation."""

from typing import Any, NamedTuple, cast

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.schools.models import School, StaffInvitation
from rollbook.schools.names import NameRefused, checked_name
from rollbook.schools.roles import ROLE_HELP, Role, roles_to_give
from rollbook.web.forms import Form


class RoleOption(NamedTuple):
    """One role to choose, with its radio button and what it may do."""

    radio: str
    radio_id: str
    label: str
    help: str


class RoleForm(Form):
    """A role. Only those are offered that the person may give."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), widget=forms.RadioSelect)

    def __init__(self, own_role: str, data: QueryDict | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(role.value, role.label) for role in roles_to_give(own_role)]
        field.error_messages["required"] = _("Choose a role.")
        field.error_messages["invalid_choice"] = _("Choose one of the roles that you may give.")

    @property
    def role_options(self) -> list[RoleOption]:
        """The roles to choose from, each with what it may do."""
        return [
            RoleOption(
                radio=radio.tag(),
                radio_id=radio.id_for_label or "",
                label=radio.choice_label,
                help=str(ROLE_HELP[Role(radio.data["value"])]),
            )
            for radio in self["role"]
        ]


class InviteForm(RoleForm):
    """The address and the role of somebody to invite."""

    email = forms.CharField(
        label=gettext_lazy("E-mail"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("email", "role")


class Names(NamedTuple):
    """The names that a password must not consist of."""

    name: str
    email: str
    school: School


class RegisterForm(Form):
    """The name and the password of somebody who accepts an invitation and has no user yet."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        required=False,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("The same password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, invitation: StaffInvitation, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self._invitation = invitation

    def clean_name(self) -> str:
        """Return the name on one line."""
        try:
            return checked_name(self.cleaned_data["name"])
        except NameRefused as refused:
            raise forms.ValidationError(str(refused)) from refused

    def clean(self) -> dict[str, Any]:
        """Check the password, which must not resemble the person's name or e-mail."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        password, again = cleaned.get("password"), cleaned.get("again")
        if password is None:
            return cleaned
        if again is not None and password != again:
            self.add_error("again", _("The two passwords differ. Type the password again."))
        names = Names(
            name=cleaned.get("name", ""),
            email=self._invitation.address,
            school=self._invitation.school,
        )
        try:
            # Its types ask for a user, but it reads these attributes of any object.
            validate_password(password, cast(Any, names))
        except forms.ValidationError as error:
            self.add_error("password", error)
        return cleaned
