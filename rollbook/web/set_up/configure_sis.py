"""Step 1.1 Configure your SIS: choose one, enter its credentials, test them, pick grades."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from rollbook.sources.base import Source
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import CheckState, ConnectionTest, Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.report.new_grades import new_grades_of_school
from rollbook.sync.setup import connection_tests, drafts, proofs, schedules, versions
from rollbook.sync.setup.drafts import CREDENTIAL
from rollbook.sync.setup.integrations import ConnectionSettings, save_connection
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.forms import pressed
from rollbook.web.freshness import is_fresh
from rollbook.web.saved_over import SavedOver, refuse_outdated, saving, shown_with
from rollbook.web.set_up.configure_form import (
    QUICK_GRADES,
    ConfigureForm,
    PickForm,
    values_of,
)
from rollbook.web.set_up.connecting import HTTPS, SWAP, Connecting, Panel
from rollbook.web.set_up.schedule_words import sentence
from rollbook.web.step_up import ask_for_proof
from rollbook.web.steps import steps


@dataclass
class Shown:
    """The SIS and version that the page shows, and the SISs that are connected."""

    connecting: Connecting
    connected: list[Integration]

    @property
    def source(self) -> Source:
        return self.connecting.source

    @property
    def integration(self) -> Integration | None:
        return self.connecting.integration

    def form(self, **kwargs: Any) -> ConfigureForm:
        """Return the form of this SIS and version."""
        return self.connecting.form(**kwargs)

    def saved_form(self) -> ConfigureForm:
        """Return the form with what is saved now."""
        integrations = self.connecting.school.integrations
        saved = integrations.filter(source=self.source.slug).first()
        form = self.connecting._replace(integration=saved).form(initial=values_of(saved))
        return shown_with(form, versions.of_connection(saved))

    @property
    def address(self) -> str:
        """The address of the page with this SIS and version."""
        page = reverse("configure-sis", args=[self.connecting.school.pk])
        picked = {"source": self.source.slug, "variant": self.connecting.variant.key}
        return f"{page}?{urlencode({name: key for name, key in picked.items() if key})}"


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def configure_sis(request: SchoolRequest) -> HttpResponse:
    """Show the fields of one SIS or of another one that is picked, test what is typed, or save.

    What is typed is kept with every button, and while it is typed, until it is saved.
    """
    if request.method != "POST":
        picked = PickForm(request.GET)
        shown = _shown(request, picked.given("source"), picked.given("variant"))
        form = shown.connecting.drafted_form() or shown.saved_form()
        return _page(request, shown, form)
    picked = PickForm(request.POST)
    _keep_typed(request, picked)
    shown = _shown(request, picked.given("source"), picked.given("variant"))
    action = pressed(request.POST)
    if action == "keep":
        return HttpResponse(status=204)
    if action == "discard":
        drafts.discard_drafts(request.school, request.person, shown.source.slug)
        return _to(request, shown.address)
    if _starts_afresh(shown, picked.given("shown")):
        return _to(request, f"{shown.address.partition('?')[0]}?source={shown.source.slug}")
    if action == "roster":
        form = shown.form(data=request.POST)
        return _page(request, shown, _as_typed(shown, form), part="configure_sis_roster")
    if action == "pick":
        return _picked(request, shown, picked)
    if action in {SWAP, HTTPS}:
        shown.connecting.mend(action)
    if action in {"test", SWAP, HTTPS}:
        return _test(request, shown)
    if not is_fresh(request):
        return ask_for_proof(request, shown.address)  # what was typed is kept
    return _next(request, shown)


def _shown(request: SchoolRequest, source_key: str | None, variant_key: str | None) -> Shown:
    """Return the picked SIS, else the first connected one, else the first one there is.

    Without a version, that of the last draft, of the integration, or the first one.
    """
    connected = list(request.school.integrations.order_by("created_at"))
    slugs = (source_key or "", *(each.source for each in connected), *SOURCES)
    source = next(SOURCES[slug] for slug in slugs if slug in SOURCES)
    integration = next((each for each in connected if each.source == source.slug), None)
    if not variant_key:
        draft = drafts.load_draft(request.school, request.person, source.slug)
        variant_key = draft.row.variant if draft else integration.variant if integration else ""
    variant = source.variant(variant_key)
    connecting = Connecting(request.school, request.person, source, variant, integration)
    return Shown(connecting, connected)


def _keep_typed(request: SchoolRequest, picked: PickForm) -> None:
    """Keep what was typed for the SIS and version that the page showed."""
    if pressed(request.POST) == "pick" and "shown_variant" not in picked.data:
        return  # nobody knows which version it was typed for
    source_key = picked.given("shown") or picked.given("source")
    variant_key = picked.given("shown_variant") or picked.given("variant")
    before = _shown(request, source_key, variant_key)
    version = before.form(data=request.POST).settings_version
    before.connecting.keep(request.POST, version)


def _to(request: SchoolRequest, address: str) -> HttpResponse:
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _starts_afresh(shown: Shown, shown_before: str | None) -> bool:
    """Whether another SIS was picked and one of the two is connected.

    The grades and switches in the form then belong to the other SIS and are not taken over.
    """
    if not shown_before or shown_before == shown.source.slug:
        return False
    return any(each.source in {shown_before, shown.source.slug} for each in shown.connected)


def _picked(request: SchoolRequest, shown: Shown, picked: PickForm) -> HttpResponse:
    """Show the fields of a SIS or version that was picked, with what was typed for it before."""
    sent = shown.form(data=request.POST)
    drafted = shown.connecting.drafted_form()
    typed_before = drafted.initial if drafted else {}
    return _page(request, shown, _as_typed(shown, sent, typed_before))


def _as_typed(
    shown: Shown, sent: ConfigureForm, typed_before: Mapping[str, Any] = MappingProxyType({})
) -> ConfigureForm:
    """Return the form with what was typed, unchecked and without errors."""
    values = values_of(shown.integration) | sent.typed_values() | dict(typed_before)
    return shown_with(shown.form(initial=values), sent.settings_version)


def _test(request: SchoolRequest, shown: Shown, then: str = "") -> HttpResponse:
    """Test what is typed: with htmx while the page follows it, else before the answer."""
    form = shown.form(data=request.POST)
    form.is_valid()
    try:
        target = shown.connecting.target(form.choices_or_usual())
        test, is_new = connection_tests.begin(request.school, request.person, target)
    except SettingRefused as refused:
        for name in set(form.errors) - {CREDENTIAL + refused.field}:
            del form.errors[name]  # the test needs the credentials only
        if not form.errors:
            form.add_refusal(refused, prefix=CREDENTIAL)
        return _page(request, shown, form, part="configure_sis_form")
    if not request.htmx:
        if is_new:
            connection_tests.work_on(test, target)
        if then and test.state == CheckState.PASSED:
            return _next(request, shown)
        return redirect(shown.address)
    if is_new:
        connection_tests.work_in_background(test, target)
    # In this order: a test that the panel shows as over has read the grades that the form offers.
    panel = shown.connecting.panel(then, test)
    drafted = shown.connecting.drafted_form() or shown.saved_form()
    return _page(request, shown, drafted, part="configure_sis_form", panel=panel)


@school_required(manage=True)
def connection_test(request: SchoolRequest, test_id: UUID) -> HttpResponse:
    """Show a test that the page asks for while it runs. Announce only a change of stage."""
    test = own_row(request, ConnectionTest, pk=test_id)
    picked = PickForm(request.GET)
    shown = _shown(request, test.source, test.variant)
    panel = shown.connecting.panel(picked.given("then") or "", test)
    context = {"panel": panel, "announce": picked.given("shown") != panel.stage}
    return render(request, "web/set_up/connection_test.html", _context(shown) | context)


def _next(request: SchoolRequest, shown: Shown) -> HttpResponse:
    """Save, or first test a connection that has not proved itself yet."""
    form = shown.form(data=request.POST)
    if not form.is_valid():
        return _page(request, shown, form, part="configure_sis_form")
    if not _is_saved(shown, form):
        try:
            refuse_outdated(request.school, form, shown.saved_form)
            target = shown.connecting.target(form.choices())
        except SavedOver:
            return _page(request, shown, form, part="configure_sis_form")
        except SettingRefused as refused:
            form.add_refusal(refused, prefix=CREDENTIAL)
            return _page(request, shown, form, part="configure_sis_form")
        if not proofs.proved_at(request.school, *target[:3]):
            return _test(request, shown, then="next")
    saved = _saved(request, shown, form)
    if saved is None:
        return _page(request, shown, form, part="configure_sis_form")
    drafts.discard_drafts(request.school, request.person, shown.source.slug)
    return _to(request, reverse("select-mapping", args=[request.school.pk, saved.pk]))


def _is_saved(shown: Shown, form: ConfigureForm) -> bool:
    """Return whether the connection that was typed is the saved one.

    That one needs no test: Active and Test Run can be switched while the SIS is down.
    """
    integration = shown.integration
    if integration is None or integration.variant != form.variant.key:
        return False
    if not form.changed_credentials():
        return True
    with suppress(SettingRefused):
        target = shown.connecting.target(form.choices())
        return target.digest == connection_tests.digest_of_saved(integration)
    return False


def _saved(request: SchoolRequest, shown: Shown, form: ConfigureForm) -> Integration | None:
    """Save a valid form. Return None if it isn't valid or is refused; then it holds the reason."""
    if not form.is_valid():
        return None
    settings = ConnectionSettings(
        source=form.source.slug,
        variant=form.variant.key,
        choices=form.choices(),
        credentials=form.changed_credentials(),
        grades=form.levels(),
        roster=form.roster(),
        several_schools=form.offer.must_choose,
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


def _page(
    request: SchoolRequest,
    shown: Shown,
    form: ConfigureForm,
    *,
    part: str = "configure_sis_fields",
    panel: Panel | None = None,
) -> HttpResponse:
    """Show the page; for htmx only a part of it."""
    integration = shown.integration
    saved = {each.source: each.proved_at is not None for each in shown.connected}
    context = _context(shown) | {
        "form": form,
        "new_grades": new_grades_of_school(request.school),
        "panel": panel or shown.connecting.panel(),
        "sources": [(source, saved.get(source.slug)) for source in SOURCES.values()],
        "quick_grades": [(words, *_quick_choice(levels)) for words, levels in QUICK_GRADES],
        "steps": steps("1.1", integration),
        "schedule_sentence": sentence(schedules.ensure(integration)) if integration else "",
    }
    name = part if request.htmx else "configure_sis"
    return render(request, f"web/set_up/{name}.html", context)


def _context(shown: Shown) -> dict[str, Any]:
    return {
        "source": shown.source,
        "variant": shown.connecting.variant,
        "integration": shown.integration,
        "last_change": shown.connecting.last_change(),
        "stored_problem": shown.connecting.stored_problem(),
        "address": reverse("configure-sis", args=[shown.connecting.school.pk]),
        "page_address": shown.address,
    }


def _quick_choice(levels: tuple[int, ...] | None) -> tuple[str, str]:
    """Return which boxes a button ticks, and what is announced then."""
    if levels is None:
        return "all", _("All grades chosen")
    announced = _("%(count)d grades chosen") % {"count": len(levels)}
    return " ".join(map(str, levels)), announced
