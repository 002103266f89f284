"""The forms of the safety limits: the saved ones, temporary ones, and those of a single run."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.roster.planning.guards import Limits
from rollbook.sync.models import Integration
from rollbook.sync.words.limits import COUNT_LABELS, PERCENT_LABELS
from rollbook.web.forms import DayField, Form, WholeNumberField

NOT_A_NUMBER: Final = {"invalid": gettext_lazy("Write a number, such as 5.")}


class PercentField(forms.FloatField):
    """Reads 7.5, 7,5 and 7.5 %. An empty field is None."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def __init__(self, name: str) -> None:
        super().__init__(
            label=PERCENT_LABELS[name], required=False, error_messages=dict(NOT_A_NUMBER)
        )

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip().removesuffix("%").strip()
        return super().to_python(text.replace(",", "."))

    def prepare_value(self, value: Any) -> Any:
        return f"{value:g}" if isinstance(value, float) else value


class CountField(WholeNumberField):
    """Reads a number of students. An empty field is None."""

    widget = forms.TextInput(attrs={"inputmode": "numeric"})

    def __init__(self, name: str) -> None:
        super().__init__(
            label=COUNT_LABELS[name], required=False, error_messages=dict(NOT_A_NUMBER)
        )


class PercentagesForm(Form):
    """The percentages of all guards. Saving checks whether each is allowed."""

    leavers_percent = PercentField("leavers_percent")
    new_percent = PercentField("new_percent")
    emails_percent = PercentField("emails_percent")
    names_percent = PercentField("names_percent")
    years_percent = PercentField("years_percent")
    blanks_percent = PercentField("blanks_percent")
    errors_percent = PercentField("errors_percent")
    overlap_percent = PercentField("overlap_percent")

    without_prefix: ClassVar[frozenset[str]] = frozenset()

    def add_prefix(self, field_name: str) -> str:
        return field_name if field_name in self.without_prefix else super().add_prefix(field_name)

    @property
    def percentages(self) -> Iterable[forms.BoundField]:
        return (self[name] for name in PERCENT_LABELS)

    def figures(self) -> dict[str, Any]:
        """Return the percentages that were filled in, by the name of their limit."""
        typed = {name: self.cleaned_data[name] for name in PERCENT_LABELS}
        return {name: value for name, value in typed.items() if value is not None}


class LimitsForm(PercentagesForm):
    """The limits of the school. An empty percentage switches its guard off."""

    leavers_count = CountField("leavers_count")
    new_count = CountField("new_count")
    emails_count = CountField("emails_count")
    names_count = CountField("names_count")
    years_count = CountField("years_count")
    blanks_count = CountField("blanks_count")
    errors_count = CountField("errors_count")
    vanished = forms.BooleanField(
        label=gettext_lazy("A whole grade or graduation year is missing"), required=False
    )
    confirmed = forms.BooleanField(
        label=gettext_lazy("Yes, switch this guard off"),
        required=False,
        help_text=gettext_lazy(
            "Nothing is saved yet. "
            "A guard that is off holds no run, whatever the SIS sends. Tick this if you mean it."
        ),
    )
    must_confirm = False  # whether the page asks a second time before it switches a guard off

    @property
    def rows(self) -> Iterable[tuple[forms.BoundField, forms.BoundField | None]]:
        """Each percentage with the number beside it."""
        for name in PERCENT_LABELS:
            count = name.replace("percent", "count")
            yield self[name], self[count] if count in COUNT_LABELS else None

    def figures(self) -> dict[str, Any]:
        """Return the limits that were sent; an empty number leaves that limit as it is."""
        sent = [name for name in self.fields if name in self.data and name != "confirmed"]
        typed = {name: self.cleaned_data[name] for name in sent}
        counts = {name for name, value in typed.items() if name in COUNT_LABELS and value is None}
        figures = {name: value for name, value in typed.items() if name not in counts}
        return figures | {"vanished": self.cleaned_data["vanished"]}

    def switches_off(self, name: str) -> bool:
        """Whether this guard is off in what was typed."""
        figures = self.figures() if self.is_valid() else {}
        return name in figures and (figures[name] is None or figures[name] is False)


class TemporaryLimitsForm(PercentagesForm):
    """Limits for some days. An empty percentage stays as it is."""

    prefix = "wide"
    without_prefix = frozenset({"first_day", "last_day"})

    first_day = DayField(
        label=gettext_lazy("First day"), missing=gettext_lazy("Choose the first day.")
    )
    last_day = DayField(
        label=gettext_lazy("Last day"), missing=gettext_lazy("Choose the last day.")
    )


class OneRunForm(PercentagesForm):
    """Limits for one run that starts now. An empty percentage stays as it is."""

    prefix = "once"
    without_prefix = frozenset({"source"})

    source = forms.CharField(label=gettext_lazy("SIS"), required=False)
    vanished = forms.BooleanField(
        label=gettext_lazy("Let a whole grade or graduation year be missing"), required=False
    )

    def __init__(self, integrations: Iterable[Integration], saved: Limits, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        choices = [(each.source, each.source_type.label) for each in integrations]
        if len(choices) > 1:
            self.fields["source"].widget = forms.Select(choices=choices)
        else:
            self.fields["source"].widget = forms.HiddenInput()
            self.fields["source"].initial = choices[0][0] if choices else ""
        for name in PERCENT_LABELS:
            self.fields[name].help_text = _saved_words(getattr(saved, name))

    def figures(self) -> dict[str, Any]:
        """Return the percentages that were filled in, and `vanished` as False if it is ticked."""
        vanished = {"vanished": False} if self.cleaned_data["vanished"] else {}
        return super().figures() | vanished


class HeldRunForm(Form):
    """The run on hold that the page was opened from; addresses and pages name it `held`."""

    run = forms.UUIDField(required=False)

    def add_prefix(self, field_name: str) -> str:
        return "held"


class EndForm(Form):
    """The temporary limits that are removed."""

    widening = WholeNumberField()


def _saved_words(percentage: float | None) -> str:
    if percentage is None:
        return _("This guard is switched off.")
    return _("The saved limit is %(figure)s.") % {"figure": f"{percentage:g}"}
