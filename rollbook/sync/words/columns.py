"""Why a field that a column filled in an earlier file is not taken again unasked."""

from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from rollbook.roster.sheets.full_names import FULL_NAME
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.text import word

_DOUBTS: Final[dict[str, str]] = {
    "counts": _("Last time it filled %(field)s. But its values only count 1, 2, 3."),
    "heading": _(
        "Last time it filled %(field)s. But its name says that it is about something else."
    ),
    "values": _("Last time it filled %(field)s. But its values look like something else."),
}


def doubt_words(doubt: str, field: str) -> str:
    """Return the sentences about a doubt, a key of `roster.sheets.columns.DOUBTS`."""
    label = gettext("the name") if field == FULL_NAME else word(FIELD_LABELS, field)
    return gettext(_DOUBTS[doubt]) % {"field": label}
