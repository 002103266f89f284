"""Saving an integration, as Step 1.1 (connection) and Step 1.2 (mapping) and the command line do it."""

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.sources.base import Variant
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import credentials as vault
from rollbook.sync.setup import schedules
from rollbook.sync.words.text import translated


@transaction.atomic
def save_connection(
    school: School,
    by: User | None,
    *,
    source: str,
    variant: str,
    choices: dict[str, str],
    credentials: dict[str, str],
    grades: list[int],
    active: bool,
    test_run: bool,
    notify_on_errors: bool,
    via: str = "web",
) -> Integration:
    """Save Step 1.1. An empty credential keeps the stored one. Raises SettingRefused and then saves nothing."""
    if source not in SOURCES:
        raise SettingRefused("source", _("Choose an SIS."))
    if not grades:
        raise SettingRefused("grades", _("Choose at least one grade level to pull in."))
    kind = SOURCES[source].variant(variant)
    integration, created = Integration.objects.select_for_update().get_or_create(
        school=school,
        source=source,
        defaults={"variant": kind.key, "mapping": [list(pair) for pair in default_mapping(kind)]},
    )
    _save_credentials(
        integration, kind, {name: value.strip() for name, value in credentials.items()}
    )
    if integration.variant != kind.key:
        integration.mapping = [list(pair) for pair in default_mapping(kind)]
        integration.mapping_version += 1
    known = {choice.key: choice for choice in kind.choices}
    picked = {key: choices.get(key) or choice.options[0][0] for key, choice in known.items()}
    if picked != integration.choices and not created:
        integration.mapping_version += (
            1  # the same field may now mean something else: compare everybody again
        )
    integration.variant = kind.key
    integration.choices = picked
    integration.grades = sorted(set(grades))
    integration.active = active
    integration.test_run = test_run
    integration.notify_on_errors = notify_on_errors
    integration.save()
    schedules.ensure(integration)
    audit.record(
        "integration.saved",
        school=school,
        actor=by,
        subject=str(integration.pk),
        via=via,
        created=created,
        active=active,
        test_run=test_run,
        grades=integration.grades,
        credentials_replaced=sorted(name for name, value in credentials.items() if value.strip()),
    )
    return integration


def _save_credentials(integration: Integration, variant: Variant, given: dict[str, str]) -> None:
    """Store what was typed. Another address clears the stored secrets: they must not travel to a host they weren't given for."""
    before = vault.stored(integration) if integration.variant == variant.key else {}
    if integration.variant != variant.key:
        vault.clear(integration, set(integration.credentials.values_list("name", flat=True)))
    urls = [field for field in variant.credentials if field.kind == "url"]
    secrets = {field.key for field in variant.credentials if field.kind == "secret"}
    moved = any(
        before.get(field.key) and given.get(field.key) and given[field.key] != before[field.key]
        for field in urls
    )
    if moved:
        vault.clear(integration, secrets)
        before = {name: value for name, value in before.items() if name not in secrets}
    for field in variant.credentials:
        if given.get(field.key):
            vault.store(integration, field.key, given[field.key])
        elif field.key not in before:
            message = (
                _("The address changed, so the stored %(name)s was not kept. Enter it again.")
                if moved
                else _("Enter the %(name)s.")
            )
            raise SettingRefused(field.key, message % {"name": translated(field.label)})
    if any(given.values()):
        vault.clear(integration, set())  # a token got with other credentials must not outlive them


def default_mapping(variant: Variant) -> list[tuple[str, str]]:
    """Every row of the variant, required ones first as the source lists them: (SIS field, our field)."""
    return [(row.source_field, row.field) for row in variant.mapping]


@transaction.atomic
def save_mapping(
    integration: Integration, by: User | None, rows: list[tuple[str, str]], via: str = "web"
) -> None:
    """Save Step 1.2. Raises SettingRefused where a required row is missing or a row is not one of the source's."""
    known = {(row.source_field, row.field): row for row in integration.variant_type.mapping}
    chosen = [pair for pair in known if pair in set(rows)]
    if set(rows) - set(known):
        raise SettingRefused("mapping", _("One of the rows is not a field of this SIS."))
    missing = [
        translated(row.label) or row.source_field
        for pair, row in known.items()
        if row.required and pair not in chosen
    ]
    if missing:
        raise SettingRefused(
            "mapping", _("These rows are required: %(rows)s.") % {"rows": ", ".join(missing)}
        )
    mapping = [list(pair) for pair in chosen]
    if mapping != integration.mapping:
        integration.mapping = mapping
        integration.mapping_version += 1
        integration.save(update_fields=["mapping", "mapping_version", "updated_at"])
        audit.record(
            "mapping.saved",
            school=integration.school,
            actor=by,
            subject=str(integration.pk),
            via=via,
            fields=[pair[1] for pair in chosen],
        )
