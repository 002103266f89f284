"""The labels of an account's fields, with those that only Rollbook sets, and values as text."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.records import LINK_KEY
from rollbook.roster.values.parsing import FREED
from rollbook.students.models import AccountStatus
from rollbook.sync.words.sources import source_label
from rollbook.sync.words.text import word

FIELD_LABELS: Final[dict[str, str]] = {
    **{field.key: field.label for field in STUDENT_FIELDS.values()},
    "status": _("Status"),
    "active": _("Active"),
    "source": _("Linked to"),
    "further_sis_ids": _("Other SIS IDs"),
}


def field_label(key: str) -> str:
    """Return the label of a value in the before and after of a change."""
    if key.startswith(LINK_KEY):
        return gettext("SIS ID in %(sis)s") % {"sis": source_label(key.removeprefix(LINK_KEY))}
    return word(FIELD_LABELS, key)


def shown_keys(*values: Mapping[str, Any]) -> list[str]:
    """Return the keys that a person sees of a before and an after, in the order of the fields."""
    keys = {key for each in values for key in each}
    links = sorted(key for key in keys if key.startswith(LINK_KEY))
    return [*(key for key in FIELD_LABELS if key in keys), *links]


def value_text(field: str, value: Any) -> str:
    """Return a stored value as text: codes as their labels, None as ""."""
    if value is None:
        return ""
    if field == "status":
        return str(dict(AccountStatus.choices).get(value, value))
    if field == "source" and value:
        return source_label(value)
    if field == "email_key" and value.startswith(FREED):
        return gettext("free for another student")
    return str(value)
