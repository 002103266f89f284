"""The forms of a schedule: its days, times and zone, and the pauses in it."""

from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from rollbook.sync.models import Schedule
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import schedules
from rollbook.web.forms import DayField, Form, TextsField

# A person can add times up to this number. A schedule that the command line made may have more.
MOST_TIMES: Final = 4
PLACES: Final = (
    "Africa",
    "America",
    "Antarctica",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)
DAILY, WEEKLY = "daily", "weekly"
ADD_TIME, REMOVE_TIME = "add-time", "remove-time-"  # a number follows the second one


class ZoneInput(forms.TextInput):
    """A text box that offers the zones of the page's list `zones`."""

    def __init__(self) -> None:
        off = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        super().__init__(attrs={"list": "zones", **off})


class ScheduleForm(Form):
    """A schedule as a person types it. A valid form has it as `schedule`, which is not saved."""

    enabled = forms.BooleanField(
        label=_("Run on schedule"),
        required=False,
        help_text=_("Off: nothing runs by itself. You can still trigger a run."),
    )
    rhythm = forms.ChoiceField(
        label=_("How often"), choices=[(DAILY, _("Daily")), (WEEKLY, _("Weekly, on chosen days"))]
    )
    days = forms.TypedMultipleChoiceField(
        label=_("Days"), coerce=int, choices=list(WEEKDAYS.items()), required=False
    )
    times = TextsField(label=_("Times"), required=False)
    timezone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        help_text=_("Type a city or choose from the list. The times above are local times there."),
        error_messages={"required": _("Choose a time zone from the list.")},
        widget=ZoneInput(),
    )

    schedule: Schedule | None = None

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        if self.errors:
            return typed
        days = list(range(7)) if typed["rhythm"] == DAILY else typed["days"]
        try:
            self.schedule = schedules.checked(
                enabled=typed["enabled"],
                days=days,
                times=typed["times"],
                zone=typed["timezone"],
            )
        except SettingRefused as refused:
            self.add_refusal(refused)
        return typed

    @property
    def chosen_days(self) -> set[str]:
        """The ticked days as their values in the page."""
        return {str(value) for value in self["days"].value() or ()}

    @property
    def typed_times(self) -> list[str]:
        """The text of each box for a time; there is always one box."""
        return [str(value) for value in self["times"].value() or ()] or [""]

    @property
    def may_add(self) -> bool:
        return len(self.typed_times) < MOST_TIMES


class PauseForm(Form):
    """Days on which scheduled runs don't start, or only add and update."""

    first = DayField(label=_("First day"), missing=_("Choose the first day."))
    last = DayField(label=_("Last day"), missing=_("Choose the last day."))
    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=schedules.LONGEST_NAME,
        help_text=_("For example, Summer."),
    )
    only_adds = forms.BooleanField(
        label=_("Run, but only add and update"),
        required=False,
        help_text=_("Off: no scheduled run starts on these days."),
    )


class RemovePauseForm(Form):
    """The pause that is removed: its first and its last day, as "2026-06-15/2026-08-20"."""

    remove = forms.CharField(max_length=40)


def after_button(data: QueryDict, action: str) -> QueryDict:
    """Return what was sent, with the time added or removed that the button asks for."""
    changed = data.copy()
    times = changed.getlist("times")
    if action == ADD_TIME:
        changed.setlist("times", [*times, ""])
    elif action.startswith(REMOVE_TIME):
        removed = action.removeprefix(REMOVE_TIME)
        left = [time for number, time in enumerate(times) if str(number) != removed]
        changed.setlist("times", left)
    return changed


def values_of(schedule: Schedule) -> dict[str, Any]:
    """Return the values that the form shows for a saved schedule."""
    daily = len(schedule.days) == 7
    return {
        "enabled": schedule.enabled,
        "rhythm": DAILY if daily else WEEKLY,
        "days": [] if daily else schedule.days,
        "times": schedule.times,
        "timezone": schedule.timezone,
    }


def zone_names(*first: str) -> list[str]:
    """Return the zones to choose from: `first`, then UTC, then those named after a place."""
    named = sorted(zone for zone in schedules.zones().values() if zone.partition("/")[0] in PLACES)
    return list(dict.fromkeys((*first, "UTC", *named)))
