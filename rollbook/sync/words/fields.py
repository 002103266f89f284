"""The labels of an account's fields, with those that only Rollbook sets, and values as text."""

from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.values.parsing import FREED
from rollbook.students.models import AccountStatus
from rollbook.sync.words.sources import source_label

FIELD_LABELS: Final[dict[str, str]] = {
    **{field.key: field.label for field in STUDENT_FIELDS.values()},
    "status": _("Status"),
    "active": _("Active"),
    "source": _("Linked to"),
}


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
