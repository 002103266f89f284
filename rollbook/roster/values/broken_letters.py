"""Names whose letters a program has broken, such as JosÃ©, Jos? or Zoï¿½ for José and Zoé."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

# The encodings in which programs read what was written in another one.
_READ_AS: Final = ("cp1252", "mac_roman", "latin-1", "cp1250", "cp1251", "cp1254", "cp850", "cp437")
_WRITTEN_AS: Final = (*_READ_AS, "cp1253", "cp1257", "cp1258", "cp932", "gb18030", "big5", "cp949")
_REPLACED: Final = r"(?:[?*_\ufffd\u25a1]{1,4}|ï¿½)"
_IN_NAMES: Final = frozenset(" '’.,-")


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
