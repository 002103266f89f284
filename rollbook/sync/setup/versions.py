"""Versions of saved settings, by which a form that shows older settings is recognised.

A version is made from the saved values. Saving the same values again doesn't change it.
"""

import json
from hashlib import blake2b
from typing import Any, Final

from rollbook.schools.models import Membership, School
from rollbook.sync.mail import choices
from rollbook.sync.models import Integration, Schedule
from rollbook.sync.setup import field_owners, limits

# Columns of an integration that Step 1.1 doesn't show.
_NOT_IN_STEP_1_1: Final = {
    *("id", "school", "source", "proved_at", "created_at", "updated_at"),
    *("mapping", "mapping_version", "field_rules", "owned_fields", "leavers"),
}


def lock_settings(school: School) -> None:
    """Let nobody else save settings of this school until the transaction ends."""
    School.objects.select_for_update(no_key=True).only("pk").get(pk=school.pk)


def of_connection(integration: Integration | None) -> str:
    """Return the version of what Step 1.1 shows."""
    if integration is None:
        return _digest("not connected")
    fields = integration._meta.concrete_fields
    shown = [field for field in fields if field.name not in _NOT_IN_STEP_1_1]
    values = {field.name: field.value_from_object(integration) for field in shown}
    names = [field.key for field in integration.variant_type.credentials]
    credentials = integration.credentials.filter(name__in=names).order_by("name")
    return _digest(values, list(credentials.values_list("name", "updated_at")))


def of_mapping(integration: Integration) -> str:
    """Return the version of what Step 1.2 shows."""
    owners = field_owners.owners(integration.school)
    return _digest(integration.variant, integration.mapping, integration.field_rules, owners)


def of_leavers(integration: Integration) -> str:
    return _digest(integration.leavers)


def of_schedule(schedule: Schedule) -> str:
    """Return the version of days, times and zone. Pauses are added and removed one by one."""
    return _digest(schedule.enabled, schedule.days, schedule.times, schedule.timezone)


def of_limits(school: School) -> str:
    """Return the version of the school's own limits."""
    return _digest(limits.of_school(school)._asdict())


def of_notices(membership: Membership) -> str:
    return _digest(sorted(choices.chosen_events(membership)))


def of_freeing(days: int | None) -> str:
    return _digest(days)


def of_school(school: School) -> str:
    return _digest(school.name, school.timezone)


def _digest(*values: Any) -> str:
    text = json.dumps(values, default=str, sort_keys=True)
    return blake2b(text.encode(), digest_size=12).hexdigest()
