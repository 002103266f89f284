"""Saves an integration: its connection (Step 1.1) and its mapping (Step 1.2)."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.sources.base import MappingRow, Variant
from rollbook.sources.discovery import Home, HomeFill, best_home, survey
from rollbook.sources.errors import AddressRefused
from rollbook.sources.registry import SOURCES
from rollbook.sources.wire import check_entered
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import connection_tests, proofs, roster_choice, schedules
from rollbook.sync.setup import credentials as vault
from rollbook.sync.words.text import translated


class ConnectionSettings(NamedTuple):
    """What Step 1.1 asks for. An empty credential keeps the stored one.

    `source` and `variant` are keys; `choices` and `credentials` are values by key. `grades` are
    levels. `roster` has the SIS's own grades and schools, None where it wasn't asked for them;
    `several_schools` is True where it has more than one school.
    """

    source: str
    variant: str
    choices: dict[str, str]
    credentials: dict[str, str]
    grades: list[int]
    active: bool
    test_run: bool
    notify_on_errors: bool
    roster: roster_choice.RosterChoice | None = None
    several_schools: bool = False


@transaction.atomic
def save_connection(
    school: School, by: User | None, settings: ConnectionSettings, via: str = "web"
) -> Integration:
    """Save Step 1.1. Raises SettingRefused, and then saves nothing."""
    if settings.source not in SOURCES:
        raise SettingRefused("source", _("Choose an SIS."))
    if not settings.grades and settings.roster is None:
        raise SettingRefused("grades", _("Choose at least one grade level to pull in."))
    variant = SOURCES[settings.source].variant(settings.variant)
    integration, created = Integration.objects.select_for_update().get_or_create(
        school=school,
        source=settings.source,
        defaults={"variant": variant.key},
    )
    typed = {name: value.strip() for name, value in settings.credentials.items()}
    _check_addresses(variant, typed)
    credentials = credentials_to_use(None if created else integration, variant, typed)
    _save_credentials(integration, variant, typed, by)
    if created or integration.variant != variant.key:
        integration.mapping = _surveyed_mapping(school, settings.source, variant, credentials)
    proof = proofs.proved_at(school, settings.source, variant.key, credentials)
    if proof or any(typed.values()) or integration.variant != variant.key:
        integration.proved_at = proof
    if integration.variant != variant.key:
        integration.mapping_version += 1
    choices = {
        choice.key: settings.choices.get(choice.key) or choice.options[0][0]
        for choice in variant.choices
    }
    if choices != integration.choices and not created:
        # The same field may now mean something else: compare everybody again.
        integration.mapping_version += 1
    integration.variant = variant.key
    integration.choices = choices
    meanings = _store_selection(integration, settings)
    integration.active = settings.active
    integration.test_run = settings.test_run
    integration.notify_on_errors = settings.notify_on_errors
    integration.save()
    schedules.ensure(integration)
    audit.record(
        "integration.saved",
        school=school,
        actor=by,
        subject=str(integration.pk),
        via=via,
        created=created,
        active=settings.active,
        test_run=settings.test_run,
        grades=integration.grades,
        grade_meanings=meanings,
        schools=[each["key"] for each in integration.schools],
        credentials_replaced=sorted(name for name, value in typed.items() if value),
    )
    return integration


def _store_selection(
    integration: Integration, settings: ConnectionSettings
) -> dict[str, int | None]:
    """Store the chosen grades and schools. Return the meanings of grades that a person changed."""
    before = integration.grade_meanings
    if settings.roster is not None:
        roster_choice.store(integration, settings.roster, several_schools=settings.several_schools)
    elif set(settings.grades) != set(integration.grades):
        by_level = roster_choice.decided_by_level(
            roster_choice.stored_grades(integration), settings.grades
        )
        integration.grade_names = [each.stored() for each in by_level]
        integration.grades = sorted(set(settings.grades))
    return roster_choice.changed_meanings(before, integration.grade_meanings)


def credentials_to_use(
    integration: Integration | None, variant: Variant, typed: Mapping[str, str]
) -> dict[str, str]:
    """Return the typed credentials, and the stored ones where none are typed, in the clear.

    Raises SettingRefused where one is missing. With another address the stored secrets are not
    used: they must not travel to a host they weren't given for.
    """
    typed = {name: value.strip() for name, value in typed.items()}
    stored: dict[str, str] = {}
    unreadable = ""
    if integration is not None and integration.variant == variant.key:
        stored = vault.readable(integration)
        unreadable = vault.problem(integration)
    address_changed = _address_changed(variant, stored, typed)
    values = {}
    for field in variant.credentials:
        is_dropped = address_changed and field.kind == "secret"
        value = typed.get(field.key) or ("" if is_dropped else stored.get(field.key, ""))
        if not value:
            message = _("Enter the %(name)s.")
            if unreadable:
                message = unreadable.replace("%", "%%") + " " + _("Enter the %(name)s again.")
            if address_changed:
                message = _(
                    "The address changed, so the stored %(name)s was not kept. Enter it again."
                )
            raise SettingRefused(field.key, message % {"name": translated(field.label)})
        values[field.key] = value
    return values


def _check_addresses(variant: Variant, typed: Mapping[str, str]) -> None:
    """Raise SettingRefused for an address that no run could use; nobody stores such a one."""
    allowed = [ip_network(text, strict=False) for text in config.networks]
    for field in variant.credentials:
        if field.kind == "url" and typed.get(field.key):
            try:
                check_entered(typed[field.key], allowed)
            except AddressRefused as refused:
                text = f"{translated(refused.what)} {translated(refused.remedy)}"
                raise SettingRefused(field.key, text) from None


def _save_credentials(
    integration: Integration, variant: Variant, typed: dict[str, str], by: User | None
) -> None:
    """Store the typed credentials. Those of another version or for another address are cleared."""
    before = vault.stored(integration) if integration.variant == variant.key else {}
    if integration.variant != variant.key:
        vault.clear(integration, set(integration.credentials.values_list("name", flat=True)))
    if _address_changed(variant, before, typed):
        secrets = {field.key for field in variant.credentials if field.kind == "secret"}
        vault.clear(integration, secrets)
    for field in variant.credentials:
        if typed.get(field.key):
            vault.store(integration, field.key, typed[field.key], by)
    if any(typed.values()):
        # A token that was got with other credentials must not outlive them.
        vault.clear(integration, set())


def _address_changed(
    variant: Variant, before: Mapping[str, str | None], typed: Mapping[str, str]
) -> bool:
    """Return whether an address that is stored was replaced by another one."""
    for field in variant.credentials:
        was, becomes = before.get(field.key), typed.get(field.key)
        if field.kind == "url" and was and becomes and was != becomes:
            return True
    return False


@transaction.atomic
def save_roster(
    integration: Integration,
    by: User | None,
    choice: roster_choice.RosterChoice,
    *,
    several_schools: bool,
    via: str = "web",
) -> None:
    """Save which grades and schools are pulled in. Raises SettingRefused, and then saves nothing.

    `several_schools` is True where the SIS has more than one school.
    """
    meanings_before = integration.grade_meanings
    roster_choice.store(integration, choice, several_schools=several_schools)
    integration.save(update_fields=["grade_names", "grades", "schools", "updated_at"])
    audit.record(
        "integration.selected",
        school=integration.school,
        actor=by,
        subject=str(integration.pk),
        via=via,
        grades=[each.name for each in choice.grades if each.chosen],
        grade_meanings=roster_choice.changed_meanings(meanings_before, integration.grade_meanings),
        schools=[each.key for each in choice.schools],
    )


def _surveyed_mapping(
    school: School, source: str, variant: Variant, credentials: Mapping[str, str]
) -> list[list[str]]:
    """Return every row of the variant as [SIS field, our field], in the source's order.

    Each row has the place where the students of the connection test have their values. A place that
    needs a domain is left to Step 1.2, where a person types it.
    """
    target = connection_tests.Target(source, variant.key, credentials, {})
    test = connection_tests.of_target(school, target)
    sample = connection_tests.sample_of(test) if test else None
    fills = survey(sample) if sample else {}
    mapping = []
    for row in variant.mapping:
        home = surveyed_home(row, fills.get(row.field, ()))
        is_whole = home is not None and not home.takes_domain
        mapping.append([home.source_field if home and is_whole else row.source_field, row.field])
    return mapping


def surveyed_home(row: MappingRow, fills: Sequence[HomeFill]) -> Home | None:
    """Return the place that is clearly better for a row than the one that fills it now.

    The SIS ID is never moved: every number that a SIS gives is one.
    """
    return None if row.field == "sis_id" else best_home(fills, row.source_field)


def mapping_rows(integration: Integration) -> tuple[MappingRow, ...]:
    """Return the rows of the integration's SIS, filled from the places that the school chose."""
    variant = integration.variant_type
    chosen = {field: source_field for source_field, field in integration.mapping}
    rows = []
    for row in variant.mapping:
        home = chosen.get(row.field)
        rows.append(row if home is None else variant.row(home, row.field) or row)
    return tuple(rows)


@transaction.atomic
def save_mapping(
    integration: Integration, by: User | None, rows: list[tuple[str, str]], via: str = "web"
) -> None:
    """Save Step 1.2: pairs of a SIS field and our field.

    Raises SettingRefused for a SIS field that can't fill ours, or without a required row.
    """
    variant = integration.variant_type
    source_fields = {field: source_field for source_field, field in rows}
    is_known = all(variant.row(source_field, field) for source_field, field in rows)
    if not is_known or len(source_fields) < len(set(rows)):
        raise SettingRefused("mapping", _("One of the rows is not a field of this SIS."))
    chosen = [
        (source_fields[row.field], row.field)
        for row in variant.mapping
        if row.field in source_fields
    ]
    missing = []
    for row in variant.mapping:
        if row.required and row.field not in source_fields:
            missing.append(translated(row.label) or row.source_field)
    if missing:
        message = _("These rows are required: %(rows)s.")
        raise SettingRefused("mapping", message % {"rows": ", ".join(missing)})
    mapping = [list(pair) for pair in chosen]
    if mapping == integration.mapping:
        return
    integration.mapping = mapping
    integration.mapping_version += 1
    integration.save(update_fields=["mapping", "mapping_version", "updated_at"])
    audit.record(
        "mapping.saved",
        school=integration.school,
        actor=by,
        subject=str(integration.pk),
        via=via,
        fields=[field for _source_field, field in chosen],
    )
