"""Severities of problems: their words, and their order from the worst to the least."""

from typing import Final

from django.db.models import Case, Value, When
from django.utils.translation import gettext_noop as _

from rollbook.roster.problems.problem_texts import ADMINISTRATOR, MAKERS, REGISTRAR
from rollbook.roster.records import Severity

SEVERITY_LABELS: Final[dict[str, str]] = {
    Severity.ERROR: _("Error"),
    Severity.WARNING: _("Warning"),
    Severity.NOTE: _("Note"),
}
SEVERITY_PLURALS: Final[dict[str, str]] = {
    Severity.ERROR: _("Errors"),
    Severity.WARNING: _("Warnings"),
    Severity.NOTE: _("Notes"),
}
# With what the run did about the record, as the filter of the problems page says it.
SEVERITY_EFFECTS: Final[dict[str, str]] = {
    Severity.ERROR: _("Error: record skipped"),
    Severity.WARNING: _("Warning: value dropped"),
    Severity.NOTE: _("Note"),
}
# Who can fix a problem.
WHO_LABELS: Final[dict[str, str]] = {
    REGISTRAR: _("Registrar"),
    ADMINISTRATOR: _("School administrator"),
    MAKERS: _("Makers of Rollbook"),
}


def worst_first() -> Case:
    """Return the expression that orders rows with a `severity` column from the worst down."""
    places = (When(severity=each, then=Value(place)) for place, each in enumerate(Severity))
    return Case(*places, default=Value(len(Severity)))
