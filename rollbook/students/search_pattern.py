"""A regular expression that tells quickly which rows a search cannot find.

To fold a text takes PostgreSQL up to 11 µs, to compare it with such an expression less than 1 µs.
Among 190,000 rows, a third with accents, a search took 0.77 s of CPU with the folding of all of
them and takes 0.14 to 0.25 s with that of the rows that match.
"""

import string
from functools import cache
from typing import Final

from rollbook.roster.values.names import fold

_LETTERS: Final = string.ascii_lowercase + string.digits
# What may stand between two letters of a word: `fold` leaves it out, or the text has the words of
# a name in one word as well.
_BETWEEN: Final = "[-'`’ ]*"
# Latin letters with an accent are in this part of Unicode, those that fold to one letter.
_ACCENTED: Final = range(0xC0, 0x1F00)


def pattern_of(word: str) -> str:
    """Return an expression that matches each text whose fold contains the fold of a word.

    It matches others too: any text with a character that it does not know.
    """
    folded = fold(word)
    if not folded.isascii():
        return _unknown()
    return _unknown() + "|" + _BETWEEN.join(_one_of(character) for character in folded)


@cache
def _one_of(character: str) -> str:
    """Return the expression for one character, in capitals and with accents."""
    if character in _LETTERS:
        return f"[{character}{character.upper()}{_variants()[character]}]"
    return character if character in "_ " else f"\\{character}"


@cache
def _unknown() -> str:
    """Return the expression for a character that is neither plain nor one of the variants."""
    return f"[^\\u0001-\\u007f’{''.join(_variants().values())}]"


@cache
def _variants() -> dict[str, str]:
    """Return the letters with accents by the plain letter that they fold to.

    They are made at the first search: that takes 8 ms, which no start should wait for.
    """
    variants = dict.fromkeys(_LETTERS, "")
    for letter in map(chr, _ACCENTED):
        folded = fold(letter)
        if folded in variants:
            variants[folded] += letter
    return variants
