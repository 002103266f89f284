"""The labels of an account's fields, with those that only Rollbook sets."""

from typing import Final

from django.utils.translation import gettext_noop as _

from rollbook.roster.fields import STUDENT_FIELDS

FIELD_LABELS: Final[dict[str, str]] = {
    **{field.key: field.label for field in STUDENT_FIELDS.values()},
    "status": _("Status"),
    "active": _("Active"),
    "source": _("Linked to"),
}
