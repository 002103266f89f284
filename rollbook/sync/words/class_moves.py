"""Students who change their grade or graduation year together, as one sentence."""

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from rollbook.sync.words.selection import class_words
from rollbook.sync.words.text import number as in_digits

# By our field; else the keys of _OTHER_MOVES.
_MOVES: Final = {
    "grade_level": ngettext_lazy(
        "%(number)s student goes from %(before)s to %(after)s.",
        "%(number)s students go from %(before)s to %(after)s.",
        "students",
    ),
    "graduation_year": ngettext_lazy(
        "%(number)s student goes from graduation year %(before)s to %(after)s.",
        "%(number)s students go from graduation year %(before)s to %(after)s.",
        "students",
    ),
}
_RENAMED: Final = ngettext_lazy(
    "The grade of %(number)s student is now called %(after)s. Before, it was %(before)s.",
    "The grade of %(number)s students is now called %(after)s. Before, it was %(before)s.",
    "students",
)
_NOTHING: Final = {"grade_level": _("no grade"), "graduation_year": _("none")}


def move_words(field: str, before: str, after: str, students: int, *, renamed: bool) -> str:
    """Return the sentence. `renamed` is True where both values are names of one grade."""
    text = _RENAMED if renamed else _MOVES[field]
    values = {"number": in_digits(students), "students": students}
    for name, value in (("before", before), ("after", after)):
        label = class_words(value) if field == "grade_level" else value
        values[name] = label or str(_NOTHING[field])
    return str(text % values)
