"""What the forms of all screens share: refused settings, the pressed button, and what was typed."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from rollbook.sync.refusals import SettingRefused


class Form(forms.Form):
    """A form whose labels end without a colon."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def add_errors(self, errors: Mapping[str, str]) -> None:
        """Add a text for each field. The key "" means the form as a whole."""
        for field, text in errors.items():
            self.add_error(field or None, text)

    def given(self, name: str) -> Any:
        """Return the value of a field, or None where it is missing or can't be used."""
        self.is_valid()  # fills cleaned_data
        return self.cleaned_data.get(name)


class ButtonForm(forms.Form):
    """Reads which button of a page sent the form."""

    action = forms.CharField(required=False)


class KnownChoicesField(forms.MultipleChoiceField):
    """Ticked boxes. A value that is not offered is dropped; it does not refuse the whole form."""

    def to_python(self, value: Any) -> list[str]:
        return [each for each in super().to_python(value) if self.valid_value(each)]


class TextsField(forms.Field):
    """All texts that were sent under one name, in their order."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[str]:
        return [str(each) for each in value or ()]


class WholeNumberField(forms.IntegerField):
    """Reads digits only. Django's own field takes "1.000" for 1, and many write 1000 like that."""

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if text and not text.isdecimal():
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)


def pressed(data: QueryDict) -> str:
    """Return the `action` of the button that sent the form, or "" if there is none."""
    form = ButtonForm(data)
    return str(form.cleaned_data["action"]) if form.is_valid() else ""


def valid_values(form: forms.Form) -> dict[str, Any]:
    """Return each field's value; None for a field that was sent with something unusable."""
    form.is_valid()
    return {name: form.cleaned_data.get(name) for name in form.fields}


def typed_values(form: forms.Form) -> dict[str, Any]:
    """Return what was typed into a form, unchecked, to show it again without errors."""
    values = {field.name: field.value() for field in form}
    return {name: value for name, value in values.items() if value not in (None, "")}


def add_refusal(form: forms.Form, refused: SettingRefused, prefix: str = "") -> None:
    """Show a refused setting beside its field, or above the form if the form has no such field.

    `prefix` comes before the setting's name in the names of some fields.
    """
    names = (prefix + refused.field, refused.field)
    field = next((name for name in names if name in form.fields), None)
    form.add_error(field, refused.what)


def first_error(form: forms.Form) -> str:
    """Return the first error of a form as one text, or "" if there is none."""
    return next((str(error) for errors in form.errors.values() for error in errors), "")
