"""How hard a password is to guess, counted in parts that a guessing program tries one by one."""

import gzip
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from django.contrib.auth import password_validation

ENOUGH: Final = 8
COMMON_COST, RARER_COST = 2, 3
VERY_COMMON: Final = 2_000  # of Django's list, which has the most frequent first
SHORTEST_WORD: Final = 4
SHORTEST_RUN: Final = 3  # of equal letters, of neighbours, and of something repeated

# Letters that stand for others. It replaces one sign by one, so that places stay the same.
_REPLACED: Final = str.maketrans("013456789@$!|+l", "oieasgtbgasiiti")
_IGNORED: Final = str.maketrans("", "", " \t-_.,;:'\"/\\")
_ALPHABETS: Final = ("abcdefghijklmnopqrstuvwxyz", "01234567890")
_KEYBOARD: Final = (
    *("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"),
    *("qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn"),
    *("!@#$%^&*()_+", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujm", "zaqxswcdevfr"),
    *("1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0"),
    *("147258369", "31415926535897932384626433832795"),  # columns of a number pad, and pi
)
_SHORT_WORDS: Final = (
    "a am an and are at be by can do for from go has have he her his i in is it me my no not now"
    " of on or our she so that the their this to us was we will with you your"
)
# Words of a school and of signing in, and ours, that a guesser of this installation tries first.
_OBVIOUS: Final = (
    "rollbook school schools student students teacher teachers class classroom principal counselor"
    " administrator admin owner office registrar highschool college university academy district"
    " powerschool veracross oneroster password passwort contrasena motdepasse passphrase passcode"
    " login signin welcome letmein changeme secret default temporary temp user username guest"
    " test testing demo example spring summer autumn fall winter january february march april may"
    " june july august september october november december monday tuesday wednesday thursday friday"
    " saturday sunday"
)


def parts(password: str, names: Iterable[str] = ()) -> int:
    """Return how many parts a guesser of this password has to get right.

    A letter that belongs to nothing counts one. So does a run of equal letters, a sequence, a row
    of keys, something repeated, a year, a name and an obvious word, however long. A word of the
    lists of common passwords counts two or three.
    """
    plain = password.casefold().translate(_IGNORED)
    folded = plain.translate(_REPLACED)
    costs = {**_common_words(), **dict.fromkeys(_words_of(names), 1)}
    least = [0, *(len(plain) for _letter in plain)]
    for start in range(len(plain)):
        steps = [(start + 1, 1), *_pieces(plain, folded, start, costs)]
        for end, cost in steps:
            least[end] = min(least[end], least[start] + cost)
    return least[-1]


def is_phrase(password: str) -> bool:
    """Whether a password is little more than one phrase of the list of known phrases."""
    folded = _fold(password)
    return any(
        phrase in folded and len(folded) - len(phrase) < ENOUGH for phrase in _known_phrases()
    )


def _pieces(
    plain: str, folded: str, start: int, costs: dict[str, int]
) -> Iterator[tuple[int, int]]:
    """Yield the end and the cost of each known piece that starts here."""
    for end in range(start + 1, len(plain) + 1):
        piece = folded[start:end]
        if piece in costs:
            yield end, costs[piece]
        if end - start >= SHORTEST_RUN and _is_pattern(plain[start:end], plain[:start]):
            yield end, 1


def _is_pattern(piece: str, before: str) -> bool:
    """Whether a piece is one letter, a sequence, a row of keys, a year, or was there before."""
    if len(set(piece)) == 1 or piece in before or piece[::-1] in before:
        return True
    if len(piece) == 4 and piece.isdigit() and piece[:2] in {"19", "20"}:
        return True
    if _is_row(piece):
        return True
    is_interleaved = len(piece) >= 2 * SHORTEST_RUN  # a1b2c3
    return is_interleaved and _is_row(piece[::2]) and _is_row(piece[1::2])


def _is_row(piece: str) -> bool:
    rows = (*_ALPHABETS, *_KEYBOARD)
    return any(piece in row or piece in row[::-1] for row in rows)


@cache
def _common_words() -> dict[str, int]:
    """Return the common words, folded, forwards and backwards, with what each costs."""
    listed = gzip.decompress(_django_list().read_bytes()).decode().split()
    costs: dict[str, int] = {}
    for rank, word in enumerate(listed):
        if len(word) >= SHORTEST_WORD:
            _add(costs, word, COMMON_COST if rank < VERY_COMMON else RARER_COST)
    for word in (*_SHORT_WORDS.split(), *_OBVIOUS.split()):
        _add(costs, word, 1)
    return costs


def _add(costs: dict[str, int], word: str, cost: int) -> None:
    for folded in (_fold(word), _fold(word)[::-1]):
        costs[folded] = min(cost, costs.get(folded, cost))


def _words_of(names: Iterable[str]) -> set[str]:
    """Return the words of names and their initials, folded, forwards and backwards."""
    words = set()
    for name in names:
        split = name.replace("@", " ").replace(".", " ").replace("-", " ").split()
        spellings = (name, *split, "".join(word[0] for word in split))
        words |= {_fold(word) for word in spellings if len(_fold(word)) >= SHORTEST_RUN}
    return words | {word[::-1] for word in words}


@cache
def _known_phrases() -> tuple[str, ...]:
    lines = (Path(__file__).parent / "known_phrases.txt").read_text().splitlines()
    return tuple(_fold(line) for line in lines if line and not line.startswith("#"))


def _fold(text: str) -> str:
    return text.casefold().translate(_IGNORED).translate(_REPLACED)


def _django_list() -> Path:
    return Path(password_validation.__file__).parent / "common-passwords.txt.gz"
