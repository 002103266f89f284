"""Names whose letters a program has broken, such as JosÃ©, Jos? or Zoï¿½ for José and Zoé."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

# The encodings in which programs read what was written in another one.
_READ_AS: Final = ("cp1252", "mac_roman", "latin-1", "cp1250", "cp1251", "cp1254", "cp850", "cp437")
_WRITTEN_AS: Final = (*_READ_AS, "cp1253", "cp1257", "cp1258", "cp932", "gb18030", "big5", "cp949")
_REPLACED: Final = r"(?:[?*_\ufffd\u25a1]{1,4}|ï¿½)"
_IN_NAMES: Final = frozenset(" '’.,-")
# What stands for a letter that a program couldn't write, and what only a wrong encoding makes.
_LOST: Final = re.compile("[?\ufffd\u25a1]|ï¿½")
_MISREAD: Final = re.compile(
    "[¬±√∞≈≠∂∑∏∫◊¢£¤¥€©®¦§¶‡‰¿¡¼½¾\u2500-\u259f]|%[0-9A-Fa-f]{2}|[\\\\]u[0-9A-Fa-f]{4}"
)
_ESCAPED: Final = re.compile(r"[\\]u([0-9A-Fa-f]{4})")
# The UTF-8 of à and Š ends in a no-break space, which a form or a spreadsheet makes a usual one, or
# drops at the end: MustafÃ, Å aban. ROMÃ and Erik Å are whole names.
_LOST_SPACE: Final = re.compile(r"(?<=[a-z])[ÂÃÄÅ](?: |$)|\b[ÂÃÄÅ] (?=[a-zÃÄÅ])")
# UTF-8 read as another encoding has two letters of 8-bit encodings in a row. Others aren't looked
# at: José and 王小明 take 2 µs, Дмитрий takes 80.
_MAYBE_UTF_8: Final = re.compile(f"[\x80-\u25ff\uf8ff\ufb01\ufb02]{{2}}|{_LOST_SPACE.pattern}")
# In these, UTF-8 of any letter has a sign or a capital inside of the word; letters that people
# write have their places, too: Íñigo and Сі are UTF-8 by chance.
_SIGNS_IN: Final = ("mac_roman", "cp1250", "cp1251", "cp850", "cp437")
_PHONETIC: Final = frozenset(map(chr, range(0x250, 0x2B0)))  # which no name has
_MOST_MISREADINGS: Final = 2


def has_broken_letters(name: str) -> bool:
    """Return whether letters of a name are broken, as can be seen without knowing the name."""
    if name.isascii() and "?" not in name and "%" not in name and "\\" not in name:
        return False
    return bool(_LOST.search(name) or _MISREAD.search(name)) or repaired_name(name) is not None


@lru_cache(maxsize=4_096)
def repaired_name(name: str) -> str | None:
    """Return a name with its broken letters made right; None where it isn't known how.

    Only UTF-8 that was read as something else, once or twice, and escapes can be undone.
    """
    if name.isascii() and "%" not in name and "\\" not in name:
        return None
    repaired = name
    for _time in range(_MOST_MISREADINGS):
        once = _repaired_once(repaired)
        if once is None:
            break
        repaired = once
        if not _MISREAD.search(repaired) and not _looks_broken(repaired, ""):
            break
    if repaired == name or _LOST.search(repaired) or _MISREAD.search(repaired):
        return None
    return unicodedata.normalize("NFC", " ".join(repaired.split()))


def _repaired_once(name: str) -> str | None:
    if "%" in name:
        return _name_or_none(unquote(name, errors="replace"), name)
    if "\\" in name:
        return _name_or_none(_ESCAPED.sub(lambda each: chr(int(each[1], 16)), name), name)
    if not _MAYBE_UTF_8.search(name):
        return None
    with_space = _LOST_SPACE.sub(lambda each: f"{each[0][0]}\u00a0", name)
    for text in dict.fromkeys((name, with_space)):
        looks_broken = _looks_broken(text, "")
        if not looks_broken and text.isupper():
            continue  # WĘŻYK and KNÍŽEK are UTF-8 in Windows-1250 by chance
        for encoding in _READ_AS:
            if not looks_broken and encoding in _SIGNS_IN:
                continue
            repaired = _name_or_none(_encoded(text, encoding), name)
            if repaired is not None and (looks_broken or not _has_marks(repaired)):
                return repaired
    return None


def _has_marks(name: str) -> bool:
    """Return whether a name has marks of its own, which no letter takes in."""
    return any(map(unicodedata.combining, unicodedata.normalize("NFC", name)))


def _encoded(text: str, encoding: str) -> str:
    """Return what UTF-8 text was read as this; "" for none."""
    try:
        if encoding != "cp1252":
            return text.encode(encoding).decode()
        return b"".join(_byte_of_cp1252(letter) for letter in text).decode()
    except UnicodeError:
        return ""


def _byte_of_cp1252(letter: str) -> bytes:
    return letter.encode("latin-1" if letter in "\x81\x8d\x8f\x90\x9d" else "cp1252")


def _name_or_none(text: str, broken: str) -> str | None:
    """Return a text if it can be the name that was broken: letters of one script only."""
    if not text or text == broken:
        return None
    scripts = set()
    for letter in text:
        category = unicodedata.category(letter)[0]
        if category == "C" or letter in _PHONETIC:
            return None
        if category in "LM":
            scripts.add(unicodedata.name(letter, "?").split()[0])
    scripts.discard("COMBINING")
    is_mixed = "LATIN" in scripts and len(scripts) > 1
    return None if is_mixed else text


def is_broken_spelling(text: str, name: str) -> bool:
    """Return whether a text is this name with its letters beyond ASCII broken."""
    name = unicodedata.normalize("NFC", name)
    text = unicodedata.normalize("NFC", text)
    if name.isascii() or _squashed(text) == _squashed(name):
        return False
    if _with_letters_lost(name).fullmatch(text):
        return True
    squashed = _squashed(text)
    if any(_squashed(misread) == squashed for misread in _utf_8_misread(name)):
        return True
    return _looks_broken(text, name) and any(
        _squashed(misread) == squashed for misread in _misread(name)
    )


def _squashed(text: str) -> str:
    """Return a text without what a form or a spreadsheet drops: spaces and invisible signs."""
    return "".join(letter for letter in text if unicodedata.category(letter)[0] not in "ZC").lower()


def _with_letters_lost(name: str) -> re.Pattern[str]:
    """Return a pattern for the name with signs in place of letters, as in Jos?."""
    parts = []
    for letter in name:
        exact = re.escape(letter)
        parts.append(exact if letter.isascii() else f"(?:{exact}|{_REPLACED})")
    return re.compile("".join(parts), re.IGNORECASE)


def _utf_8_misread(name: str) -> Iterator[str]:
    """Yield how UTF-8 looks where it is read as something else, once or twice."""
    written = name.encode()
    for encoding in _READ_AS:
        once = _decoded(written, encoding)
        yield once
        yield _decoded(once.encode(), encoding)


def _misread(name: str) -> Iterator[str]:
    """Yield how the name looks where it is written in one encoding and read in another."""
    for written_as in _WRITTEN_AS:
        try:
            written = name.encode(written_as)
        except UnicodeEncodeError:
            continue
        for read_as in _READ_AS:
            yield _decoded(written, read_as)
        yield written.decode("utf-8", "replace")


def _decoded(written: bytes, encoding: str) -> str:
    """Return bytes as programs read them: what Windows-1252 doesn't have is a control sign."""
    if encoding != "cp1252":
        return written.decode(encoding, "replace")
    letters = (bytes([each]) for each in written)
    return "".join(
        letter.decode("latin-1" if letter in b"\x81\x8d\x8f\x90\x9d" else "cp1252")
        for letter in letters
    )


def _looks_broken(text: str, name: str) -> bool:
    """Return whether a text has what no name has, so that it isn't the right one of the two.

    That is a sign, a capital inside of a word, or Icelandic letters for a Turkish name.
    """
    for before, letter in zip(f" {text}", text, strict=False):
        if letter.isascii() or letter in _IN_NAMES:
            continue
        is_inner_capital = letter.isupper() and before.isalpha() and not text.isupper()
        if is_inner_capital or unicodedata.category(letter)[0] not in "LM":
            return True
    is_turkish = any(letter in "ışğİŞĞ" for letter in name)
    return is_turkish and any(letter in "þýðÞÝÐ" for letter in text)
