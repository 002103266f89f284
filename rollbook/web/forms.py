"""What the forms of all screens share: what was sent, refusals as errors, and kinds of fields.

Rows of a page, such as columns of a file, are fields of one form, each named by its row. A formset
would number them, and a page opened before a change could then fill other rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from django import forms
from django.core.exceptions import BadRequest
from django.core.validators import ProhibitNullCharactersValidator
from django.http import QueryDict

from rollbook.sync.refusals import SettingRefused

MOST_DIGITS: Final = 7  # of a row or a column in the name of a field


VERSION: Final = "settings_version"  # the hidden field of a page of settings


class Difference(NamedTuple):
    """One setting that was saved meanwhile, and what was typed in its place. "" is empty."""

    field_label: str
    before: str
    after: str


class Form(forms.Form):
    """The form that every form of a screen is made from.

    `saved_over` are the differences from newer settings; a form that has some was not saved.
    """

    saved_over: Sequence[Difference] = ()
    _version = ""

    @property
    def settings_version(self) -> str:
        """The version of the settings that the page shows or was shown with; "" for none."""
        return self._version or str(self.data.get(VERSION, ""))

    @settings_version.setter
    def settings_version(self, version: str) -> None:
        self._version = version

    def add_errors(self, errors: Mapping[str, str]) -> None:
        """Add a text for each field. The key "" means the form as a whole."""
        for field, text in errors.items():
            self.add_error(field or None, text)

    def add_refusal(self, refused: SettingRefused, prefix: str = "") -> None:
        """Show a refused setting beside its field, or above the form if there is no such field.

        `prefix` comes before the setting's name in the names of some fields.
        """
        names = (prefix + refused.field, refused.field)
        field = next((name for name in names if name in self.fields), None)
        self.add_error(field, refused.what)

    def given(self, name: str) -> Any:
        """Return the value of a field, or None where it is missing or can't be used."""
        self.is_valid()  # fills cleaned_data
        return self.cleaned_data.get(name)

    def typed_values(self) -> dict[str, Any]:
        """Return what was typed, unchecked, to show it again without errors."""
        values = {field.name: field.value() for field in self}
        return {name: value for name, value in values.items() if value not in (None, "")}

    @property
    def first_error(self) -> str:
        """The first error as one text, or "" if there is none."""
        return next((str(error) for errors in self.errors.values() for error in errors), "")


class ButtonForm(Form):
    """The button of a page that sent the form."""

    action = forms.CharField(required=False)


def pressed(data: QueryDict) -> str:
    """Return the `action` of the button that sent a form, or "" if there is none."""
    return ButtonForm(data).given("action") or ""


def number_in_name(digits: str) -> int:
    """Return the number in the name of a field, as in "column-12".

    Raises BadRequest for what no page of ours sends: it is answered with 400.
    """
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > MOST_DIGITS:
        raise BadRequest("A field has no number in its name, or a number that is too long.")
    return int(digits)


class DayField(forms.DateField):
    """A day, chosen in the browser's calendar. `missing` is the error for an empty field."""

    def __init__(self, *, label: Any, missing: Any) -> None:
        super().__init__(
            label=label,
            widget=forms.DateInput(attrs={"type": "date"}),
            error_messages={"required": missing},
        )


class KnownChoicesField(forms.MultipleChoiceField):
    """Ticked boxes. A value that is not offered is dropped; it does not refuse the whole form."""

    def to_python(self, value: Any) -> list[str]:
        return [each for each in super().to_python(value) if self.valid_value(each)]


class TextsField(forms.Field):
    """All texts that were sent under one name, in their order."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[str]:
        texts = [str(each) for each in value or ()]
        for text in texts:
            ProhibitNullCharactersValidator()(text)
        return texts


class WholeNumberField(forms.IntegerField):
    """Reads digits only. Django's own field takes "1.000" for 1, and many write 1000 like that."""

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if text and not text.isdecimal():
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)
