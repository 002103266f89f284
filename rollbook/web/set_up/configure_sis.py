"""Step 1.1 Configure your SIS: choose one, enter its credentials, pick grades and switches."""

from typing import Any, NamedTuple

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from rollbook.schools.models import School
from rollbook.sources.base import Source
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import credentials as vault
from rollbook.sync.setup import schedules, versions
from rollbook.sync.setup.integrations import ConnectionSettings, save_connection
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import pressed
from rollbook.web.saved_over import SavedOver, saving, shown_with
from rollbook.web.set_up.configure_form import (
    CREDENTIAL,
    GRADES,
    QUICK_GRADES,
    ConfigureForm,
    PickForm,
    values_of,
)
from rollbook.web.set_up.schedule_words import sentence
from rollbook.web.steps import steps


class Shown(NamedTuple):
    """The SIS and version that the page shows; `integration` is None until it is connected."""

    school: School
    source: Source
    variant: str
    integration: Integration | None
    connected: list[Integration]

    def form(self, **kwargs: Any) -> ConfigureForm:
        """Return the form of this SIS and version."""
        stored: dict[str, str | None] = {}
        if self.integration is not None and self.integration.variant == self.variant:
            stored = vault.stored(self.integration)
        return ConfigureForm(self.source, self.variant, stored, **kwargs)

    def saved_form(self) -> ConfigureForm:
        """Return the form with what is saved now."""
        saved = self.school.integrations.filter(source=self.source.slug).first()
        form = self._replace(integration=saved).form(initial=values_of(saved))
        return shown_with(form, versions.of_connection(saved))


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def configure_sis(request: SchoolRequest) -> HttpResponse:
    """Show the fields of one SIS, show those of another one that is picked, or save."""
    if request.method != "POST":
        shown = _shown(request, PickForm(request.GET))
        return _page(request, shown, shown.saved_form())
    picked = PickForm(request.POST)
    shown = _shown(request, picked)
    if _starts_afresh(shown, picked.given("shown")):
        address = reverse("configure-sis", args=[request.school.pk])
        address = f"{address}?source={shown.source.slug}"
        return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
    form = shown.form(data=request.POST)
    if pressed(request.POST) == "pick":
        values = values_of(shown.integration) | form.typed_values()
        return _page(request, shown, shown_with(shown.form(initial=values), form.settings_version))
    saved = _saved(request, shown, form)
    if saved is None:
        return _page(request, shown, form)
    return redirect("select-mapping", request.school.pk, saved.pk)


def _shown(request: SchoolRequest, picked: PickForm) -> Shown:
    """Return the picked SIS, else the first connected one, else the first one there is."""
    connected = list(request.school.integrations.order_by("created_at"))
    slugs = (picked.given("source"), *(each.source for each in connected), *SOURCES)
    source = next(SOURCES[slug] for slug in slugs if slug in SOURCES)
    integration = next((each for each in connected if each.source == source.slug), None)
    saved_variant = integration.variant if integration else ""
    variant = source.variant(picked.given("variant") or saved_variant).key
    return Shown(request.school, source, variant, integration, connected)


def _starts_afresh(shown: Shown, shown_before: str | None) -> bool:
    """Whether another SIS was picked and one of the two is connected.

    The grades and switches in the form then belong to the other SIS and are not taken over.
    """
    if not shown_before or shown_before == shown.source.slug:
        return False
    return any(each.source in {shown_before, shown.source.slug} for each in shown.connected)


def _saved(request: SchoolRequest, shown: Shown, form: ConfigureForm) -> Integration | None:
    """Save a valid form. Return None if it isn't valid or is refused; then it holds the reason."""
    if not form.is_valid():
        return None
    settings = ConnectionSettings(
        source=form.source.slug,
        variant=form.variant.key,
        choices=form.choices(),
        credentials=form.changed_credentials(),
        grades=form.cleaned_data["grades"],
        active=form.cleaned_data["active"],
        test_run=form.cleaned_data["test_run"],
        notify_on_errors=form.cleaned_data["notify_on_errors"],
    )
    try:
        with saving(request.school, form, shown.saved_form):
            return save_connection(request.school, request.person, settings)
    except SavedOver:
        return None
    except SettingRefused as refused:
        form.add_refusal(refused, prefix=CREDENTIAL)
        return None


def _page(request: SchoolRequest, shown: Shown, form: ConfigureForm) -> HttpResponse:
    """Show the page; for a SIS or version that is picked, only its fields."""
    integration = shown.integration
    slugs = {each.source for each in shown.connected}
    context = {
        "form": form,
        "source": shown.source,
        "sources": [(source, source.slug in slugs) for source in SOURCES.values()],
        "integration": integration,
        "grades": list(GRADES.items()),
        "quick_grades": [
            (words, " ".join(map(str, grades)), _grades_chosen(len(grades)))
            for words, grades in QUICK_GRADES
        ],
        "steps": steps("1.1", integration),
        "schedule_sentence": sentence(schedules.ensure(integration)) if integration else "",
    }
    part = "configure_sis_fields" if request.htmx else "configure_sis"
    return render(request, f"web/set_up/{part}.html", context)


def _grades_chosen(number: int) -> str:
    return _("%(count)d grades chosen") % {"count": number}
