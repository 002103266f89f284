"""Step 1.2 Select Mapping: which SIS field fills which of ours; then save, or save and trigger."""

from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from rollbook.sources.discovery import Sample, survey
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import connection_tests, first_run, schedules, versions
from rollbook.sync.setup.field_owners import save_owners
from rollbook.sync.setup.field_rules import save_field_rules
from rollbook.sync.setup.integrations import credentials_to_use, save_mapping
from rollbook.sync.setup.link_decisions import movable_accounts
from rollbook.sync.setup.mapping_preview import preview
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.forms import Form, WholeNumberField, pressed
from rollbook.web.runs.trigger import start
from rollbook.web.saved_over import SavedOver, saving, shown_with
from rollbook.web.set_up.mapping_form import FILL_ONCE, OVERWRITE_OR_CLEAR, Fills, MappingForm
from rollbook.web.set_up.schedule_words import sentence
from rollbook.web.steps import steps


class FirstForm(Form):
    """The number of the first student of the preview."""

    first = WholeNumberField(required=False, max_value=1_000)


@dataclass(frozen=True)
class Sampled:
    """The students that a connection test read; `failed` is True where none could be read."""

    sample: Sample | None
    failed: bool

    @classmethod
    def of(cls, integration: Integration) -> "Sampled":
        school, names = integration.school, (integration.source, integration.variant)
        passed = connection_tests.latest(school, *names)
        last = connection_tests.latest(school, *names, state=None)
        sample = connection_tests.sample_of(passed) if passed else None
        return cls(sample, sample is None and last is not None and not last.reading)

    @property
    def fills(self) -> Fills:
        return survey(self.sample) if self.sample else {}


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def select_mapping(request: SchoolRequest, integration_id: UUID) -> HttpResponse:
    """Show the mapping, remove or add a row without saving, or save it all."""
    integration = own_row(request, Integration, pk=integration_id)
    sampled = Sampled.of(integration)
    if request.method != "POST":
        return _page(request, _saved_form(integration, sampled.fills), sampled)
    form = MappingForm(integration, request.POST, fills=sampled.fills)
    action = pressed(request.POST)
    if action == "sample":
        _read_students(request, integration)
        sampled = Sampled.of(integration)
    if form.touched or form.only_looks or action in {"preview", "sample"}:
        typed = MappingForm(integration, initial=form.typed_values(), fills=sampled.fills)
        shown = shown_with(typed, form.settings_version)
        first = FirstForm(request.POST).given("first") or 0
        return _page(request, shown, sampled, first=first, only_preview=action == "preview")
    if not _saved(request, form):
        return _page(request, form, sampled)
    if action == "trigger":
        return start(request, integration, otherwise="select-mapping")
    messages.success(request, _("Saved. Nothing was started."))
    return redirect("upload", request.school.pk)


def _saved(request: SchoolRequest, form: MappingForm) -> bool:
    """Save a valid form. Return False if it isn't valid or is refused; then it holds the reason."""
    if not form.is_valid():
        return False
    try:
        with saving(request.school, form, lambda: _saved_form(form.integration)):
            save_mapping(form.integration, request.person, form.rows())
            save_field_rules(
                form.integration,
                request.person,
                app_wins=form.fields_with(FILL_ONCE),
                blank_clears=form.fields_with(OVERWRITE_OR_CLEAR),
            )
            save_owners(request.school, request.person, form.owners())
    except SavedOver:
        return False
    except SettingRefused as refused:
        form.add_refusal(refused)
        return False
    return True


def _saved_form(integration: Integration, fills: Fills = MappingProxyType({})) -> MappingForm:
    saved = Integration.objects.select_related("school").get(pk=integration.pk)
    return shown_with(MappingForm(saved, fills=fills), versions.of_mapping(saved))


def _read_students(request: SchoolRequest, integration: Integration) -> None:
    """Read some students with the saved connection, by its connection test."""
    credentials = credentials_to_use(integration, integration.variant_type, {})
    target = connection_tests.Target(
        integration.source, integration.variant, credentials, integration.choices
    )
    try:
        test, is_new = connection_tests.begin(request.school, request.person, target)
    except SettingRefused as refused:
        messages.error(request, refused.what)
        return
    if is_new:
        connection_tests.work_on(test, target)


def _page(
    request: SchoolRequest,
    form: MappingForm,
    sampled: Sampled,
    *,
    first: int = 0,
    only_preview: bool = False,
) -> HttpResponse:
    """Show the page; for a button that removes or adds a row, only the form and the preview."""
    integration = form.integration
    sample = sampled.sample
    context = {
        "preview": preview(integration, sample, form.pairs(), first) if sample else None,
        "sample_failed": sampled.failed,
        "note": first_run.note(integration),
        "integration": integration,
        "form": form,
        "steps": steps("1.2", integration),
        "movable": movable_accounts(request.school.pk, integration.source),
        "schedule_sentence": sentence(schedules.ensure(integration)),
    }
    parts = "mapping_preview" if only_preview else "select_mapping_parts"
    part = parts if request.htmx else "select_mapping"
    return render(request, f"web/set_up/{part}.html", context)
