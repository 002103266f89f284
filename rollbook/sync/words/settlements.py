"""What a person has approved about one student, in words, by the code of the guard."""

from typing import Final

from django.utils.translation import gettext_noop as _

SETTLED: Final = {
    "leavers": _("Missing from %(sis)s, and that was approved. It holds no run."),
    "errors": _("The record in %(sis)s can't be used, and that was approved. It holds no run."),
    "other_people": _(
        "The SIS ID belongs to another person in %(sis)s, and that was approved. It holds no run."
    ),
}
