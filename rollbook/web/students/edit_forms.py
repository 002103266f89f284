"""The forms of the page where a person edits one student."""

from typing import Final, NamedTuple

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.students import editing, protection
from rollbook.students.models import StudentAccount
from rollbook.sync.report import student_values
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.text import word
from rollbook.web.forms import Form

INPUT_TYPES: Final = {"email": "email", "date": "date", "graduation_year": "number"}


class EditLine(NamedTuple):
    """One value of the form.

    `synced`: an SIS fills it. `locked`: it is kept by hand. `ticked`: it is to be kept.
    """

    field: BoundField
    required: bool
    synced: bool
    locked: bool
    ticked: bool


class EditForm(Form):
    """Every value that can be edited, each with a box to keep it against the SIS."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    keep = forms.MultipleChoiceField(
        required=False, choices=[(name, name) for name in editing.KEEPABLE]
    )

    def __init__(self, account: StudentAccount, data: QueryDict | None = None) -> None:
        initial: dict[str, object] = {"version": account.version}
        for name in editing.EDITABLE:
            value = getattr(account, name)
            initial[name] = "" if value is None else str(value)
        super().__init__(data, initial=initial)
        self.synced = student_values.filled_by_sis(account)
        self._has_sis_id = account.sis_id is not None
        self._locked = set(account.locks.values_list("field", flat=True))
        for name in editing.EDITABLE:
            self.fields[name] = _text_field(name)

    @property
    def typed(self) -> dict[str, str]:
        """The values that differ from those shown, by field. One that wasn't sent is unchanged."""
        changed = set(self.changed_data) & set(self.data)
        return {name: self.cleaned_data[name] for name in editing.EDITABLE if name in changed}

    @property
    def lines(self) -> list[EditLine]:
        """The values in the order of the page."""
        ticked = self["keep"].value() or []
        return [
            EditLine(
                field=self[name],
                required=name in REQUIRED_FIELDS and (name != "sis_id" or self._has_sis_id),
                synced=name in self.synced and name in editing.KEEPABLE,
                locked=name in self._locked,
                ticked=name in ticked,
            )
            for name in editing.EDITABLE
        ]


def _text_field(name: str) -> forms.CharField:
    attributes = {
        "type": INPUT_TYPES.get(STUDENT_FIELDS[name].kind, "text"),
        "autocomplete": "off",
        "aria-describedby": f"id_{name}_error",
    }
    return forms.CharField(
        label=word(FIELD_LABELS, name),
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs=attributes),
    )


class UnlockForm(Form):
    """The button that stops keeping one value."""

    unlock = forms.ChoiceField(choices=[(name, name) for name in editing.KEEPABLE])


class ProtectForm(Form):
    """Until when, and why, no sync writes to an account."""

    until = forms.DateField(
        label=gettext_lazy("Last protected day"),
        required=False,
        help_text=gettext_lazy("Leave empty to protect the account until somebody ends it."),
        widget=forms.DateInput(attrs={"type": "date", "aria-describedby": "id_until_helptext"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, max_length=protection.LONGEST_REASON
    )


class EndProtectionForm(Form):
    """The button that ends the protection."""

    action = forms.ChoiceField(choices=[("end", "end")])
