"""What every table of words needs: the lookup of a word, and numbers as the reader writes them."""

from collections.abc import Mapping

from django.utils.formats import number_format
from django.utils.translation import gettext

from rollbook.roster import translation


def word(words: Mapping[str, str], code: str) -> str:
    """Return the word for a code in the reader's language, or the code where it has no word."""
    return gettext(words[code]) if code in words else code


def translated(text: str) -> str:
    """Return a text that `roster` or a source marked for translation, in the reader's language."""
    return translation.translated(text, gettext)


def number(value: float) -> str:
    """Return 1240 as "1,240" and 12.34 as "12.3", in the reader's way of writing numbers."""
    shown = int(value) if float(value).is_integer() else round(value, 1)
    return number_format(shown, use_l10n=True, force_grouping=True)
