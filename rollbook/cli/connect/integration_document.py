"""The JSON document of an integration."""

from rollbook.cli.documents import moment
from rollbook.cli.output import Document
from rollbook.sync.models import Integration
from rollbook.sync.setup import credentials


def of_integration(integration: Integration) -> Document:
    """Return an integration. The value of a secret is always null, `set` shows if it is stored."""
    stored = credentials.stored(integration)
    last_change = credentials.last_change(integration)
    changed_by = last_change.changed_by if last_change else None
    return {
        "id": str(integration.pk),
        "school": {"id": str(integration.school_id), "name": integration.school.name},
        "source": integration.source,
        "label": integration.source_type.label,
        "variant": integration.variant,
        "credentials": [
            {
                "key": field.key,
                "label": field.label,
                "kind": field.kind,
                "set": field.key in stored,
                "value": stored.get(field.key),
            }
            for field in integration.variant_type.credentials
        ],
        "credentials_problem": credentials.problem(integration) or None,
        "credentials_changed_at": moment(last_change.updated_at) if last_change else None,
        "credentials_changed_by": changed_by.email if changed_by else None,
        "credentials_used_at": moment(integration.credentials_used_at),
        "choices": integration.choices,
        "grades": integration.grades,
        "grade_names": integration.grade_names,
        "schools": integration.schools,
        "active": integration.active,
        "test_run": integration.test_run,
        "notify_on_errors": integration.notify_on_errors,
        "mapping": [
            {"source_field": source_field, "field": field}
            for source_field, field in integration.mapping
        ],
        "updated_at": moment(integration.updated_at),
    }
