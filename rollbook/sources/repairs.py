"""Makes an answer readable that is JSON but for some of its values."""

import re
from typing import Final

# What stands for a value that is no JSON. It is none that a field can have.
NO_VALUE: Final = b"[]"
DEEPEST: Final = 60  # levels; an answer of a SIS has about six
# A string, also one that isn't closed, or a word outside of strings. It never goes back, so that
# it takes linear time whatever it meets.
_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
_TOKEN: Final = re.compile(_STRING + rb'|[^\s",:\[\]{}]++', re.DOTALL)
_BRACKET: Final = re.compile(_STRING + rb"|[\[\]{}]", re.DOTALL)
_WORD: Final = re.compile(rb"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


# A pair of surrogates, another escape that JSON has, one that it doesn't have, or a character that
# must be escaped.
_ESCAPE: Final = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb'|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}|["\\/bfnrt])|(?:u[0-9a-fA-F]{4}|.)?)|[\x00-\x1f]',
    re.DOTALL,
)
_TO_CHECK: Final = re.compile(rb"[\\\x00-\x1f]")
# A control character, which makes a value unreadable where it is wanted.
NO_LETTER: Final = rb"\u0000"


def repaired(body: bytes) -> bytes:
    """Return the answer with its faults replaced.

    There is NO_VALUE for words like NaN and for what is nested too deeply, and NO_LETTER for what
    no text in JSON has: a control character, or an escape that stands for no letter.
    """
    return _without_depths(_TOKEN.sub(_checked_token, body))


def _checked_token(match: "re.Match[bytes]") -> bytes:
    token = match[0]
    if token[:1] == b'"':
        return _ESCAPE.sub(_checked_escape, token) if _TO_CHECK.search(token) else token
    return token if _WORD.fullmatch(token) else NO_VALUE


def _checked_escape(escape: "re.Match[bytes]") -> bytes:
    return escape[0] if escape[1] is not None else NO_LETTER


def _without_depths(body: bytes) -> bytes:
    """Return the answer with NO_VALUE for each value that is deeper than DEEPEST levels."""
    parts: list[bytes] = []
    depth = copied = 0
    for bracket in _BRACKET.finditer(body):
        if bracket[0] in b"[{":
            depth += 1
            if depth == DEEPEST + 1:
                parts += [body[copied : bracket.start()], NO_VALUE]
        elif bracket[0] in b"]}":
            if depth == DEEPEST + 1:
                copied = bracket.end()
            depth -= 1
    if depth != 0 or not parts:
        return body
    return b"".join([*parts, body[copied:]])
