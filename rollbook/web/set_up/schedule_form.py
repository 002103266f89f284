"""The form of a schedule: on or off, every day or chosen days of the week, one or more times, a named zone."""

from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from rollbook.sync.models import Schedule
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import schedules

MOST_TIMES: Final = (
    4  # boxes that can be added; a schedule made elsewhere may have more, and keeps them
)
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


class ScheduleForm(forms.Form):
    """What `schedules.understood` takes, as a person types it."""

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
    times = forms.Field(label=_("Times"), required=False, widget=forms.SelectMultiple)
    timezone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        help_text=_(
            "Type a city or choose from the list. The times above are on the clocks there."
        ),
        error_messages={"required": _("Choose a time zone from the list.")},
        widget=forms.TextInput(
            attrs={
                "list": "zones",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "aria-describedby": "id_timezone_helptext",
            }
        ),
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label_suffix="", **kwargs)

    def schedule(self) -> Schedule | None:
        """What was typed, understood but not saved; None where it makes no sense, and then the form says why at the field."""
        if not self.is_valid():
            return None
        try:
            return understood(self.cleaned_data)
        except SettingRefused as refused:
            self.add_error(refused.field, refused.what)
            self.fields["timezone"].widget.attrs["aria-describedby"] = (
                "id_timezone_helptext id_timezone_error"
            )
            return None

    @property
    def chosen_days(self) -> set[str]:
        """The ticked days as their values in the page."""
        return {str(value) for value in self["days"].value() or ()}

    @property
    def boxes(self) -> list[str]:
        """What stands in each box for a time; there is always one."""
        return [str(value) for value in self["times"].value() or ()] or [""]

    @property
    def may_add(self) -> bool:
        return len(self.boxes) < MOST_TIMES


class PauseForm(forms.Form):
    """Days on which scheduled runs don't start, or only add."""

    first = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=schedules.LONGEST_NAME,
        help_text=_("Such as Summer."),
    )
    only_adds = forms.BooleanField(
        label=_("Run, but leave leavers alone"),
        required=False,
        help_text=_("Off: nothing starts by itself in these days."),
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, label_suffix="")


def understood(typed: dict[str, Any]) -> Schedule:
    """Raises SettingRefused."""
    days = list(range(7)) if typed["rhythm"] == DAILY else typed["days"]
    return schedules.understood(
        enabled=typed["enabled"], days=days, times=typed["times"] or [], zone=typed["timezone"]
    )


def initial_of(schedule: Schedule) -> dict[str, Any]:
    daily = len(schedule.days) == 7
    return {
        "enabled": schedule.enabled,
        "rhythm": DAILY if daily else WEEKLY,
        "days": [] if daily else schedule.days,
        "times": schedule.times,
        "timezone": schedule.timezone,
    }


def typed_in(post: QueryDict) -> dict[str, Any]:
    """What stands in a form that isn't to be saved yet."""
    return {
        "enabled": "enabled" in post,
        "rhythm": DAILY if post.get("rhythm") == DAILY else WEEKLY,
        "days": [
            int(day) for day in post.getlist("days") if day in {"0", "1", "2", "3", "4", "5", "6"}
        ],
        "times": post.getlist("times"),
        "timezone": post.get("timezone", ""),
    }


def zone_names(*first: str) -> list[str]:
    """Zones to choose from, these first: those named after a place, and UTC."""
    named = sorted(zone for zone in schedules.zones().values() if zone.partition("/")[0] in PLACES)
    return list(dict.fromkeys((*first, "UTC", *named)))
