"""Names: read as people write them, and compared without what people write differently."""

import html
import re
import unicodedata
from functools import lru_cache
from typing import Any, Final

from rollbook.roster.values.blanks import without_stray
from rollbook.roster.values.parsing import text

_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_MOST_DECODED: Final = 3  # &amp;amp;#39; has been encoded three times

# The fold: what a search and a comparison of names pass over. The SQL function students_fold has
# the same rules (students, migration 0008); tests/students/test_folding.py compares the two.
# Apostrophes and accents standing alone, hyphens and dashes, and what can't be seen.
PASSED_OVER: Final = (
    "'’‘‛`´ʼʻʽʾʿʹˈ′‵＇"
    "-‐‑‒–—―−⁃﹣－\u00ad"
    "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u034f\u061c"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    "·•‧・･"
)
# Letters that Unicode doesn't take apart into a letter and a mark, after decomposition.
ONE_LETTER: Final = {
    **{"đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l"},
    **{"ı": "i", "ħ": "h", "Ħ": "h", "ŧ": "t", "Ŧ": "t", "ŋ": "n", "Ŋ": "n", "ĸ": "k"},
    **{"ƀ": "b", "Ƀ": "b", "ɓ": "b", "Ɓ": "b", "ɗ": "d", "Ɗ": "d", "ɖ": "d", "Ɖ": "d"},
    **{"ə": "e", "Ə": "e", "ɛ": "e", "Ɛ": "e", "ɔ": "o", "Ɔ": "o", "ɨ": "i", "Ɨ": "i"},
    **{"ƙ": "k", "Ƙ": "k", "ƴ": "y", "Ƴ": "y", "ɣ": "g", "Ɣ": "g", "ǥ": "g", "Ǥ": "g"},
    **{"ȼ": "c", "Ȼ": "c", "ɇ": "e", "Ɇ": "e", "ɉ": "j", "Ɉ": "j", "ɍ": "r", "Ɍ": "r"},
    **{"ɏ": "y", "Ɏ": "y", "ⱥ": "a", "Ⱥ": "a", "ⱦ": "t", "Ⱦ": "t", "ƚ": "l", "Ƚ": "l"},
    **{"ɫ": "l", "Ɫ": "l", "ƶ": "z", "Ƶ": "z", "ʉ": "u", "Ʉ": "u", "ς": "σ"},
}
TWO_LETTERS: Final = {
    **{"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th"},
}
_PASS_OVER: Final = str.maketrans("", "", PASSED_OVER)
_LETTERS: Final = str.maketrans({**ONE_LETTER, **TWO_LETTERS})
_MARKS: Final = re.compile("[\u0300-\u036f]")
_WORDS: Final = re.compile(r"[\s.,()\[\]]+")
_APART: Final = re.compile('[-‐‑‒–—―−⁃﹣－・･·•‧()/"“”„]')
_SUFFIXES: Final = frozenset(
    (
        *("jr", "jnr", "sr", "snr", "junior", "senior", "ii", "iii", "iv", "v", "2nd", "3rd"),
        *("4th", "esq", "filho", "neto"),
    )
)
# What the fold leaves, because searches need no index for it: rarer apostrophes and dashes, and
# marks that Arabic and Hebrew are written with or without.
_RARE_SIGNS: Final = re.compile(
    '[ꞌꞋ՚׳״ߴߵˊˋ❛❜❝❞‚„“”"″‶־᠆⸗⸺⸻゠˗_~/\u0640\u064b-\u0655\u0670\u0591-\u05bd\u05bf-\u05c7]'
)
_RARE_LETTERS: Final = str.maketrans(
    {
        **{"ɑ": "a", "ǝ": "e", "ɡ": "g", "ɪ": "i", "ɯ": "m", "ʒ": "z", "ȝ": "y", "ꝺ": "d"},
        **{"ꜳ": "aa", "ȷ": "j", "ʋ": "v", "ʀ": "r", "ʏ": "y", "ʟ": "l", "ɩ": "i", "ʊ": "u"},
        **{"ى": "ي", "ی": "ي", "ة": "ه", "ٱ": "ا", "ک": "ك"},
    }
)


def personal_name(value: Any, limit: int) -> str | None:
    """Return a name as text, None for one of nothing visible. Raises Unreadable.

    HTML entities such as &#39; become the characters that they stand for.
    """
    if type(value) is str and not value.isascii():
        value = without_stray(value)
    if type(value) is str and "&" in value:
        for _time in range(_MOST_DECODED):
            decoded = _ENTITY.sub(_decoded, value)
            if decoded == value:
                break
            value = decoded
    return text(value, limit)


def _decoded(entity: re.Match[str]) -> str:
    return html.unescape(entity[0])


def fold(written: str) -> str:
    """Return a text as searches compare it.

    Without letter case, accents, apostrophes, hyphens and what can't be seen; đ, ø, ł, æ and the
    like are the letters that people type in their place.
    """
    if written.isascii():
        return written.translate(_PASS_OVER).lower()
    decomposed = unicodedata.normalize("NFKD", written.translate(_PASS_OVER))
    plain = _MARKS.sub("", decomposed).translate(_PASS_OVER)
    return plain.lower().translate(_LETTERS)


def same_name(one: str | None, other: str | None) -> bool:
    """Return whether two names are the same but for the way of writing them.

    Letter case, accents, apostrophes, hyphens, spaces and a suffix such as Jr. make no difference.
    """
    return one == other or name_key(one or "") == name_key(other or "")


def same_first_name(one: str | None, other: str | None) -> bool:
    """Return whether two first names can be one person's: the same, or one of two given names."""
    if same_name(one, other):
        return True
    if not one or not other:
        return False
    words, other_words = _given_names(one), _given_names(other)
    return bool(words and other_words) and (words <= other_words or other_words <= words)


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """Return the form in which two ways of writing one name are equal.

    The marks of other scripts stay: there they make a different letter, as in か and が.
    """
    folded = _RARE_SIGNS.sub("", fold(name))
    if not folded.isascii():
        folded = "".join(map(_plain_letter, folded.translate(_RARE_LETTERS)))
    words = _WORDS.sub(" ", folded).split()
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return "".join("st" if word == "saint" else word for word in words) or name.casefold().strip()


@lru_cache(maxsize=4_096)
def _plain_letter(letter: str) -> str:
    """Return the letter without what Unicode doesn't take off: ƒ, a small f with a hook, is f."""
    words = unicodedata.name(letter, "").split()
    is_latin = words[:1] == ["LATIN"] and "WITH" in words and len(words[3]) == 1
    return words[3].lower() if is_latin else letter


def _given_names(name: str) -> frozenset[str]:
    words = _WORDS.sub(" ", fold(_APART.sub(" ", name))).split()
    return frozenset(words)
