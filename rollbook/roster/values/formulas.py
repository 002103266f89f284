"""Texts that a spreadsheet program would take for a formula, and the apostrophe that prevents it.

The files that Rollbook writes and the uploads that it reads follow the same rule, so that a text
comes back as it was.
"""

from typing import Final

# A formula can begin with any of these. The last three are dropped by some programs, which then
# look at what follows.
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
APOSTROPHE: Final = "'"
_PASSED_OVER: Final = " '\""


def looks_like_formula(text: str) -> bool:
    """Return whether a program may take this text for a formula.

    Spaces and quotation marks in front are passed over, because some programs drop them too.
    """
    return text.lstrip(_PASSED_OVER).startswith(FORMULA_SIGNS)


def guarded(text: str) -> str:
    """Return the text with an apostrophe in front if it looks like a formula."""
    return f"{APOSTROPHE}{text}" if looks_like_formula(text) else text


def unguarded(text: str) -> str:
    """Return the text as it was before `guarded`."""
    rest = text.removeprefix(APOSTROPHE)
    return rest if rest != text and looks_like_formula(rest) else text
