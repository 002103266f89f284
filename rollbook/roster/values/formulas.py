"""Texts that a spreadsheet program would take for a formula, and the apostrophe that prevents it.

The files that Rollbook writes and the uploads that it reads follow the same rule, so that a text
comes back as it was.
"""

import re
from typing import Final

# A formula can begin with any of these. Full-width and small signs are ordinary ones to a program
# set to Japanese or Chinese. The last three are dropped by some programs, which then look at what
# follows.
FORMULA_SIGNS: Final = ("=", "+", "-", "@", *"＝＋－＠﹦﹢﹣﹫", "\t", "\r", "\n")
APOSTROPHE: Final = "'"
# Where a comma is the decimal sign, a program may part a line at each semicolon, also inside a
# text: "a;=1" then makes a cell "=1". Quotation marks don't prevent it.
PARTS_CELLS: Final = ";"
_PASSED_OVER: Final = f" '\"{PARTS_CELLS}"
_SIGN: Final = f"[{re.escape(''.join(FORMULA_SIGNS))}]"
_PART: Final = re.compile(f"{PARTS_CELLS}(?=[ '\"]*{_SIGN})")
_GUARDED_PART: Final = re.compile(f"{PARTS_CELLS}{APOSTROPHE}(?=[ '\"]*{_SIGN})")


def looks_like_formula(text: str) -> bool:
    """Return whether a program may take this text for a formula.

    Spaces, quotation marks and semicolons in front are passed over, because some programs drop
    them too.
    """
    return text.lstrip(_PASSED_OVER).startswith(FORMULA_SIGNS)


def guarded(text: str) -> str:
    """Return the text with an apostrophe in front of whatever looks like a formula."""
    if PARTS_CELLS in text:
        text = _PART.sub(PARTS_CELLS + APOSTROPHE, text)
    return f"{APOSTROPHE}{text}" if looks_like_formula(text) else text


def unguarded(text: str) -> str:
    """Return the text as it was before `guarded`."""
    rest = text.removeprefix(APOSTROPHE)
    if rest != text and looks_like_formula(rest):
        text = rest
    return _GUARDED_PART.sub(PARTS_CELLS, text) if PARTS_CELLS in text else text
