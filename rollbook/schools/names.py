"""The one rule for the names of schools and people, by any way in."""

from typing import Final

from django.utils.translation import gettext as _

from rollbook.roster.values.parsing import Unreadable, text

LONGEST_NAME: Final = 200


class NameRefused(Exception):
    """A name can't be used; the message says why."""


def checked_name(typed: str) -> str:
    """Return a name on one line, with single spaces. Raises NameRefused."""
    try:
        name = text(typed, LONGEST_NAME)
    except Unreadable as unreadable:
        if unreadable.code == "text_too_long":
            what = _("The name has more than %(number)d characters. Shorten it.")
            raise NameRefused(what % {"number": LONGEST_NAME}) from unreadable
        what = _("The name has invisible control characters. Type it again.")
        raise NameRefused(what) from unreadable
    if name is None:
        raise NameRefused(_("Type a name."))
    return name
