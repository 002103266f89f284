"""How much a text looks like names, which tells in which encoding the text was written.

A wrong encoding puts letters into names that no language has together, capitals behind small
letters, signs inside of words, and vowels or consonants in heaps.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import groupby
from typing import Final

from rollbook.sources.spreadsheet.csv_choices import CODECS

NO_EVIDENCE: Final = 0.6  # the score of a text without a single letter beyond ASCII
SEVERAL_LANGUAGES: Final = 0.93  # beside 1 for letters that one language has

_WORD: Final = re.compile(r"[A-Za-z\u0080-\U0010ffff]+")
_AROUND_WORDS: Final = "“”‘„«»–—…"
_VOWELS: Final = frozenset("aeiouyıæøœаеёиоуыэюяіїєαεηιουω")

_WESTERN: Final = (
    "äöüß",
    "àâæçèéêëîïôœùûüÿ",
    "áéíñóúü",
    "ãõáàâçéêíóôúü",
    "àèéìíîòóùú",
    "åäöæøé",
    "áéëèïöóúü",
)
# The letters beyond ASCII of each language that is written in an encoding.
_LANGUAGES: Final = {
    "cp1252": (*_WESTERN, "áéíóúýþæöð"),
    "cp1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž"),
    "cp1254": ("çğıi\u0307öşüâîû",),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "äöõüšž"),
    "mac_roman": _WESTERN,
}
_VIETNAMESE_VOWELS: Final = "aăâeêioôơuưy"
_VIETNAMESE_MARKS: Final = "\u0300\u0301\u0303\u0309\u0323"
_HEBREW_AT_END: Final = frozenset("ךםןףץ")
_ARABIC_AT_END: Final = frozenset("ىة")


def likeness(text: str, encoding: str) -> float:
    """Return from 0 to 1 how much a text that was read in an encoding looks like names."""
    total = 0
    score = 0.0
    letters: list[str] = []
    for match in _WORD.findall(text.replace("’", " ").replace("\xa0", " ")):
        word = match.strip(_AROUND_WORDS)
        beyond = [letter for letter in word if letter > "\x7f"]
        if beyond:
            total += len(beyond)
            score += len(beyond) * _word_likeness(word, encoding)
            letters += beyond
    if not total:
        return NO_EVIDENCE
    return score / total * _coverage(letters, encoding)


@lru_cache(maxsize=20_000)
def _word_likeness(word: str, encoding: str) -> float:
    if any(unicodedata.category(letter)[0] not in "LM" for letter in word):
        return 0.0
    scripts = {_script(letter) for letter in word}
    if len(scripts) > 1:
        return 0.0
    rule = _RULES.get(scripts.pop())
    return rule(word, encoding) if rule else 0.0


@cache
def _script(letter: str) -> str:
    if letter < "\u0250" or "\u0300" <= letter < "\u0370" or "\u1e00" <= letter < "\u1f00":
        return "LATIN"
    name = unicodedata.name(letter, "").partition(" ")[0].partition("-")[0]
    in_japanese = name in ("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "HALFWIDTH", "HANGUL")
    return "CJK" if in_japanese else name


def _coverage(letters: list[str], encoding: str) -> float:
    """Return which share of the letters one language of the encoding has."""
    languages = _LANGUAGES.get(encoding)
    if languages is None:
        return 1.0
    small = [letter for each in letters for letter in each.lower() if letter > "\x7f"]
    shares = [_share(small, language) for language in languages]
    if encoding in ("cp1252", "mac_roman"):  # an international school writes in many languages
        shares.append(_share(small, "".join(_WESTERN)) * SEVERAL_LANGUAGES)
    return max(shares)


def _share(letters: list[str], language: str) -> float:
    return sum(letter in language for letter in letters) / max(1, len(letters))


def _with_case(word: str, encoding: str) -> float:
    """Judge a word of an alphabet that has capitals, vowels and consonants."""
    is_capitals = word.isupper()
    for letter in word[1:]:
        if letter > "\x7f" and letter.isupper() and not is_capitals:
            return 0.0
    score = 1.0
    for is_vowel, run in _runs(word):
        if all(letter <= "\x7f" for letter in run):
            continue
        # Greek and Cyrillic names have three vowels in a row, as in Νικολάου.
        longest = 2 if is_vowel and run[-1] < "\u0250" else 3
        if len(run) > longest:
            score = min(score, 0.2)
        elif len(run) > (1 if is_vowel else 2):
            score = min(score, 0.9)
    return score


def _runs(word: str) -> Iterator[tuple[bool, list[str]]]:
    for is_vowel, run in groupby(word, key=_is_vowel):
        yield is_vowel, list(run)


def _is_vowel(letter: str) -> bool:
    small = letter.lower()
    return small in _VOWELS or unicodedata.normalize("NFD", small)[0] in _VOWELS


def _capitalised(word: str, encoding: str) -> float:
    """Judge a word of a script in which names begin with a capital."""
    return _with_case(word, encoding) * (1.0 if word[0].isupper() else 0.7)


def _latin(word: str, encoding: str) -> float:
    if encoding in _LANGUAGES:
        return _with_case(word, encoding)
    if encoding != "cp1258":  # its names are mostly in another script
        return _with_case(word, encoding) * 0.5
    if any(letter > "\x7f" and letter.lower() not in _VIETNAMESE for letter in word):
        return 0.0
    return _with_case(word, encoding)


def _vietnamese_letters() -> frozenset[str]:
    letters = {"đ", *_VIETNAMESE_VOWELS}
    for vowel in _VIETNAMESE_VOWELS:
        letters.update(unicodedata.normalize("NFC", vowel + mark) for mark in _VIETNAMESE_MARKS)
    return frozenset(letters)


def _hebrew(word: str, encoding: str) -> float:
    if any(not "\u05d0" <= letter <= "\u05ea" for letter in word):
        return 0.3
    return 0.3 if _HEBREW_AT_END.intersection(word[:-1]) else 1.0


def _arabic(word: str, encoding: str) -> float:
    return 0.4 if _ARABIC_AT_END.intersection(word[:-1]) else 1.0


def _thai(word: str, encoding: str) -> float:
    begins_with_mark = "\u0e30" <= word[0] <= "\u0e3a" or word[0] >= "\u0e47"
    return 0.2 if begins_with_mark or len(word) < 2 else 1.0


def _east_asian(word: str, encoding: str) -> float:
    """Judge by how usual each sign is; Chinese signs are rare in Korean names today."""
    usual = _USUAL.get(encoding)
    if usual is None:
        return 0.0
    codec = CODECS.get(encoding, encoding)
    shares = [usual(letter.encode(codec, "replace")) for letter in word]
    return sum(shares) / len(shares)


def _usual_japanese(sign: bytes) -> float:
    number = int.from_bytes(sign, "big")
    if len(sign) == 1:  # narrow kana
        return 0.3
    if 0x829F <= number <= 0x8396 or 0x889F <= number <= 0x9872 or number in (0x8158, 0x815B):
        return 1.0
    return 0.6 if number > 0x9872 else 0.0


def _usual_simplified(sign: bytes) -> float:
    if len(sign) != 2 or sign[1] < 0xA1:
        return 0.0
    if 0xB0 <= sign[0] <= 0xD7:
        return 1.0
    return 0.7 if 0xD8 <= sign[0] <= 0xF7 else 0.0


def _usual_traditional(sign: bytes) -> float:
    if 0xA4 <= sign[0] <= 0xC6:
        return 1.0
    return 0.5 if 0xC9 <= sign[0] <= 0xF9 else 0.0


def _usual_korean(sign: bytes) -> float:
    if len(sign) != 2 or sign[1] < 0xA1:
        return 0.2
    if 0xB0 <= sign[0] <= 0xC8:
        return 1.0
    return 0.3 if sign[0] >= 0xCA else 0.0


_VIETNAMESE: Final = _vietnamese_letters()
_USUAL: Final[dict[str, Callable[[bytes], float]]] = {
    "shift_jis": _usual_japanese,
    "gb18030": _usual_simplified,
    "big5": _usual_traditional,
    "euc_kr": _usual_korean,
}
_RULES: Final[dict[str, Callable[[str, str], float]]] = {
    "LATIN": _latin,
    "CYRILLIC": _capitalised,
    "GREEK": _capitalised,
    "HEBREW": _hebrew,
    "ARABIC": _arabic,
    "THAI": _thai,
    "CJK": _east_asian,
}
