"""Safety limits: what holds a run, as this school has it, and wider for some days. Switching a guard off is asked a second time."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from rollbook.roster.guards import Limits
from rollbook.sync.models import Integration, LimitWidening, Run, RunState
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import limits
from rollbook.sync.words.alarms import alarm_words
from rollbook.sync.words.sources import sis_label
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.runs.trigger import start

PERCENT_WORDS: Final = {
    "leavers_percent": gettext_lazy("Missing students, more than this percentage"),
    "emails_percent": gettext_lazy("Changed sign-in e-mails, more than this percentage"),
    "overlap_percent": gettext_lazy("Known SIS IDs in the roster, less than this percentage"),
}
COUNT_WORDS: Final = {
    "leavers_count": gettext_lazy("and more than this number"),
    "emails_count": gettext_lazy("and more than this number"),
}


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def safety_limits(request: SchoolRequest) -> HttpResponse:
    refused: SettingRefused | None = None
    if request.method == "POST":
        try:
            if request.POST.get("action") == "once":
                return _run_once(request)
            messages.success(request, _done(request))
            return redirect("limits", request.school.pk)
        except SettingRefused as refusal:
            refused = refusal
    shown = limits.of_school(request.school)
    if request.method == "POST" and request.POST.get("action") == "save":
        shown = _typed_or(request, shown)
    held = _held(request)
    once = request.POST if request.POST.get("action") == "once" else {}
    context = {
        "held": held,
        "alarms": alarm_words(held.alarms, sis_label(held)) if held else [],
        "once_rows": [
            (key, words, _figure(getattr(shown, key)), once.get(f"once-{key}", ""))
            for key, words in PERCENT_WORDS.items()
        ],
        "rows": [
            (key, words, _figure(getattr(shown, key)), _count_of(key, shown))
            for key, words in PERCENT_WORDS.items()
        ],
        "limits": shown,
        "usual": limits.usual(),
        "off": limits.switched_off(shown),
        "refused": refused,
        "confirm": refused is not None and refused.field in limits.switched_off(shown),
        "widenings": [
            (each, told(each.figures))
            for each in LimitWidening.objects.filter(school=request.school)
            .select_related("by")
            .order_by("first_day")
        ],
        "typed": request.POST,
        "integrations": Integration.objects.filter(school=request.school, active=True).order_by(
            "source"
        ),
    }
    return render(request, "web/set_up/safety_limits.html", context, status=422 if refused else 200)


def told(figures: Mapping[str, Any]) -> list[str]:
    """The figures of a widening in words."""
    words = PERCENT_WORDS | COUNT_WORDS
    said = [
        f"{words[name]}: {_('off') if value is None else f'{value:g}'}"
        for name, value in figures.items()
        if name in words
    ]
    return (
        [*said, _("A missing grade or year holds no run")]
        if figures.get("vanished") is False
        else said
    )


def _run_once(request: SchoolRequest) -> HttpResponse:
    """Start a run that is held against what was typed, and no other run is."""
    active = Integration.objects.filter(school=request.school, active=True)
    integration = get_object_or_404(active, source=request.POST.get("source", ""))
    wanted: dict[str, Any] = {
        key: value for key, value in _figures(request, "once-").items() if value is not None
    }
    if request.POST.get("once-vanished") == "on":
        wanted["vanished"] = False
    if not wanted:
        raise SettingRefused("once", _("Say which limit is to be another for this run."))
    return start(request, integration, otherwise="limits", wider=wanted, instead_of=_held(request))


def _held(request: SchoolRequest) -> Run | None:
    """The held run that another one is to take the place of, if the page was opened from one."""
    try:
        run_id = UUID(request.POST.get("held") or request.GET.get("held", ""))
    except ValueError:
        return None
    of_school = Run.objects.select_related("school", "integration", "undoes").filter(
        school=request.school
    )
    return of_school.filter(pk=run_id, state=RunState.ON_HOLD, integration__isnull=False).first()


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _count_of(key: str, shown: Limits) -> tuple[str, Any, int] | None:
    name = key.replace("percent", "count")
    return (name, COUNT_WORDS[name], getattr(shown, name)) if name in COUNT_WORDS else None


def _done(request: SchoolRequest) -> str:
    action = request.POST.get("action")
    if action == "widen":
        wanted = {
            key: value for key, value in _figures(request, "wide-").items() if value is not None
        }
        limits.widen(
            request.school,
            request.person,
            _day(request, "first_day"),
            _day(request, "last_day"),
            wanted,
        )
        return _("Saved. Runs of these days are held against the wider limits.")
    if action == "end":
        number = request.POST.get("widening", "")
        limits.end_widening(
            request.school, request.person, int(number) if number.isdecimal() else 0
        )
        return _("Taken back.")
    figures = _figures(request) | {"vanished": request.POST.get("vanished") == "on"}
    limits.save(
        request.school, request.person, figures, confirmed=request.POST.get("confirmed") == "yes"
    )
    return _("Saved. The next run is held against these limits.")


def _figures(request: SchoolRequest, prefix: str = "") -> dict[str, Any]:
    """What was typed. An empty percentage switches its guard off; an empty number is none at all."""
    told: dict[str, Any] = {}
    for key in (*PERCENT_WORDS, *COUNT_WORDS):
        text = (
            request.POST.get(f"{prefix}{key}", "")
            .strip()
            .replace(",", ".")
            .removesuffix("%")
            .strip()
        )
        if f"{prefix}{key}" not in request.POST or (key in COUNT_WORDS and not text):
            continue
        try:
            told[key] = None if not text else int(text) if key in COUNT_WORDS else float(text)
        except ValueError as error:
            raise SettingRefused(key, _("Write a number, such as 5.")) from error
    return told


def _typed_or(request: SchoolRequest, held: Limits) -> Limits:
    try:
        return held._replace(**_figures(request), vanished=request.POST.get("vanished") == "on")
    except SettingRefused:
        return held


def _day(request: SchoolRequest, name: str) -> date:
    try:
        return date.fromisoformat(request.POST.get(name, ""))
    except ValueError as error:
        raise SettingRefused(name, _("Choose the first and the last day.")) from error
