"""What stands for nothing: invisible characters, and words such as NULL, N/A and TBD."""

import re
from typing import Final

# Characters without ink that copy and paste brings in. The two joiners are part of some scripts
# and of emoji, so they may stay inside a text.
_JOINERS: Final = "\u200c\u200d"
_UNSEEN: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_INVISIBLE: Final = re.compile(f"[{_UNSEEN}{_JOINERS}]")
_STRAY: Final = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NOTHING_VISIBLE: Final = re.compile(rf"[{_UNSEEN}{_JOINERS}\s]*")
_NO_LETTER_OR_DIGIT: Final = re.compile(r"[\W_]+")
_ZEROS: Final = re.compile(r"0+(?:\.0*)?")

# How databases and people write that an optional value is empty.
_EMPTY_WORDS: Final = frozenset(
    [
        "null",
        "(null)",
        "<null>",
        "[null]",
        "\\n",
        "nil",
        "none",
        "(none)",
        "n/a",
        "#n/a",
        "n.a.",
        "n.a",
        "n\\a",
        "nan",
        "undefined",
    ]
)
# How people write that an ID is still to come.
_PLACEHOLDERS: Final = _EMPTY_WORDS | frozenset(
    (
        *("na", "tbd", "tba", "tbc", "t.b.d.", "t.b.a.", "t.b.c.", "to be determined"),
        *("to be confirmed", "to be assigned", "to be announced", "to follow", "later"),
        *("new", "new student", "pending", "unknown", "unassigned", "not assigned"),
        *("not available", "no id", "noid", "missing", "blank", "empty", "xx", "xxx", "xxxx"),
    )
)


def without_invisible(text: str) -> str:
    """Return the text without characters that can't be seen."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def without_stray(text: str) -> str:
    """Return the text without invisible characters that no script needs inside a word."""
    return text if text.isascii() else _STRAY.sub("", text)


def is_invisible(text: str) -> bool:
    """Return whether there is nothing to see in a text."""
    return _NOTHING_VISIBLE.fullmatch(text) is not None


def is_empty_word(text: str) -> bool:
    """Return whether a text says that an optional value is empty, as NULL and N/A do.

    "NA" does in capitals only: Na is a name.
    """
    if len(text) > 12:
        return False
    if text in ("NA", "?"):
        return True
    return text.casefold() in _EMPTY_WORDS or not text.strip("-–—―")


def is_placeholder(text: str) -> bool:
    """Return whether a text stands where an ID is still to come: TBD, N/A, new, 0, a lone dash."""
    if len(text) > 20:
        return False
    if _ZEROS.fullmatch(text) or _NO_LETTER_OR_DIGIT.fullmatch(text):
        return True
    return text.casefold().strip(" .!?*-()[]<>") in _BARE_PLACEHOLDERS


_BARE_PLACEHOLDERS: Final = frozenset(word.strip(" .!?*-()[]<>") for word in _PLACEHOLDERS)
