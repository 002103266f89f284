"""Step 1.2 Select Mapping: which SIS field fills which of ours; then save, or save and trigger."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import schedules, versions
from rollbook.sync.setup.field_owners import save_owners
from rollbook.sync.setup.field_rules import save_field_rules
from rollbook.sync.setup.integrations import save_mapping
from rollbook.sync.setup.link_decisions import movable_accounts
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.forms import pressed
from rollbook.web.runs.trigger import start
from rollbook.web.saved_over import SavedOver, saving, shown_with
from rollbook.web.set_up.mapping_form import FILL_ONCE, OVERWRITE_OR_CLEAR, MappingForm
from rollbook.web.set_up.schedule_words import sentence
from rollbook.web.steps import steps


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def select_mapping(request: SchoolRequest, integration_id: UUID) -> HttpResponse:
    """Show the mapping, remove or add a row without saving, or save it all."""
    integration = own_row(request, Integration, pk=integration_id)
    if request.method != "POST":
        return _page(request, _saved_form(integration))
    form = MappingForm(integration, request.POST)
    if form.touched or form.only_looks:
        touched = MappingForm(integration, initial=form.typed_values())
        return _page(request, shown_with(touched, form.settings_version))
    if not _saved(request, form):
        return _page(request, form)
    if pressed(request.POST) == "trigger":
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


def _saved_form(integration: Integration) -> MappingForm:
    saved = Integration.objects.select_related("school").get(pk=integration.pk)
    return shown_with(MappingForm(saved), versions.of_mapping(saved))


def _page(request: SchoolRequest, form: MappingForm) -> HttpResponse:
    """Show the page; for a button that removes or adds a row, only the form."""
    integration = form.integration
    context = {
        "integration": integration,
        "form": form,
        "steps": steps("1.2", integration),
        "movable": movable_accounts(request.school.pk, integration.source),
        "schedule_sentence": sentence(schedules.ensure(integration)),
    }
    part = "select_mapping_rows" if request.htmx else "select_mapping"
    return render(request, f"web/set_up/{part}.html", context)
