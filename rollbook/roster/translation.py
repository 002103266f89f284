"""Marking texts for translation in `roster` and `sources`, which may not import Django.

1. A constant: `_("Fill in the field.")`, after
   `from rollbook.roster.translation import gettext_noop as _`.
   `_` returns the text unchanged; `manage.py makemessages` finds it there.
2. A text with values in it: `Phrase(_("{name} is closed."), name="PowerSchool")`. No f-strings:
   they can't be found or translated. A value that is itself a text of ours is a `Phrase` too.
3. Whoever shows the text calls `translated(text, gettext)`, or in a template
   `{{ text|translated }}`. Only there the reader's language is known: a worker that makes a text
   has none.
"""

import re
from collections.abc import Callable, Mapping

Translate = Callable[[str], str]  # such as Django's gettext


def gettext_noop(text: str) -> str:
    """Return the text unchanged; the call marks it for translation. Import it as `_`."""
    return text


class Phrase(str):
    """A text for people with values put in. As a string it is English; `translated` gives others.

    `template` holds the name of each value in braces. A template without values is allowed: so a
    constant can be a value of another phrase and is translated with it.
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, **values: object) -> "Phrase":
        phrase = super().__new__(cls, fill(template, values))
        phrase.template = template
        phrase.values = values
        return phrase


def translated(text: str, translate: Translate) -> str:
    """Return a marked text or a phrase in the language that `translate` translates to.

    Values that are phrases are translated, all other values are left as they are.
    """
    if not text:  # gettext answers the header of its file
        return ""
    if not isinstance(text, Phrase):
        return translate(text)
    values = {
        name: translated(value, translate) if isinstance(value, Phrase) else value
        for name, value in text.values.items()
    }
    return fill(translate(text.template), values)


def fill(template: str, values: Mapping[str, object]) -> str:
    """Return the template with each name in braces replaced by its value.

    Unlike `str.format` it never fails: a translator's mistake leaves an unknown name as it is.
    Braces inside a value are not replaced.
    """

    def value_or_name(name: re.Match[str]) -> str:
        return str(values.get(name[1], name[0]))

    return re.sub(r"\{(\w+)\}", value_or_name, template)
