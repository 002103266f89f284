"""The safety limits in words: for their form, and on the page of a run with limits of its own."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

PERCENT_LABELS: Final = {
    "leavers_percent": gettext_lazy("Missing students, more than this percentage"),
    "new_percent": gettext_lazy("New students, more than this percentage"),
    "emails_percent": gettext_lazy("Changed sign-in e-mails, more than this percentage"),
    "names_percent": gettext_lazy("Changed first or last names, more than this percentage"),
    "years_percent": gettext_lazy("Changed graduation years, more than this percentage"),
    "blanks_percent": gettext_lazy("Cleared values of a field, more than this percentage"),
    "errors_percent": gettext_lazy("Known students with errors, more than this percentage"),
    "overlap_percent": gettext_lazy("Known SIS IDs in the roster, less than this percentage"),
}
COUNT_LABELS: Final = {
    "leavers_count": gettext_lazy("and more than this number"),
    "new_count": gettext_lazy("and more than this number"),
    "emails_count": gettext_lazy("and more than this number"),
    "names_count": gettext_lazy("and more than this number"),
    "years_count": gettext_lazy("and more than this number"),
    "blanks_count": gettext_lazy("and more than this number"),
    "errors_count": gettext_lazy("and more than this number"),
}


# In a list, where no percentage stands beside a number.
_NUMBER_LABELS: Final = {
    "leavers_count": gettext_lazy("Missing students, more than this number"),
    "new_count": gettext_lazy("New students, more than this number"),
    "emails_count": gettext_lazy("Changed sign-in e-mails, more than this number"),
    "names_count": gettext_lazy("Changed first or last names, more than this number"),
    "years_count": gettext_lazy("Changed graduation years, more than this number"),
    "blanks_count": gettext_lazy("Cleared values of a field, more than this number"),
    "errors_count": gettext_lazy("Known students with errors, more than this number"),
}


def limit_words(figures: Mapping[str, Any]) -> list[str]:
    """Return changed limits in words, one text for each, in the order of the form."""
    labels = PERCENT_LABELS | _NUMBER_LABELS
    words = []
    for name in labels:
        if name in figures:
            value = figures[name]
            figure = _("off") if value is None else f"{value:g}"
            words.append(f"{labels[name]}: {figure}")
    if figures.get("vanished") is False:
        words.append(_("A missing grade or year holds no run"))
    return words
