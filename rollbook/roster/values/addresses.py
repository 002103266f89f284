"""Whether mail can be sent to an e-mail address, judged by its form alone."""

import re
import unicodedata
from typing import Final

MAX_EMAIL_LENGTH: Final = 254  # RFC 5321, path limit
_MAX_LABEL: Final = 63  # RFC 1035; each part of a domain
_SHAPE: Final = re.compile(
    r'[^@\s<>()\[\]\\,;:"]+@[^@\s.<>()\[\]\\,;:"]+(\.[^@\s.<>()\[\]\\,;:"]+)+'
)
# RFC 5321 and RFC 1123, the usual case: no further check is needed.
_PLAIN: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
)
# Nearly every address: one that `address_fault` and `unquoted` have nothing to say about. It begins
# and ends in a letter or digit, and no part of its domain is too long or the last one a number.
_USUAL: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_AROUND: Final = ('""', "''", "<>", "“”", "„“", "‘’", "«»", "＜＞", "()", "[]")
# Letters of other alphabets that look like Latin ones. An address with nothing else in its
# first part, before a Latin domain, is a typing mistake or a trick.
_LOOKALIKES: Final = frozenset(
    "аеорсухіјѕһԁԛԝкмтнвгиАВЕКМНОРСТХІЈЅУ"  # Cyrillic
    "αβγεικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"  # Greek
    "օոսցհՕՍ"  # Armenian
)
# Latin letters that no address has and that look like usual ones: ı in place of i.
_ODD_LATIN: Final = frozenset("ıȷɑɡɩɪɴʀʏʟʙʜ")


def is_usual_address(text: str, limit: int) -> bool:
    """Return whether a text surely is an address as it stands: 0.6 µs in place of 2.2."""
    if len(text) > min(limit, MAX_EMAIL_LENGTH):
        return False
    return _USUAL.fullmatch(text) is not None


def unquoted(written: str) -> str:
    """Return an address without quotation marks or brackets around the whole of it.

    An apostrophe in front is how a person tells Excel to leave a text alone.
    """
    if written[:1].isalnum() and written[-1:].isalnum():  # nearly every address
        return written
    for opening, closing in _AROUND:
        if len(written) > 2 and written[0] == opening and written[-1] == closing:
            return written[1:-1].strip()
    return written[1:] if written[:1] in ("'", "’") else written


def address_fault(address: str, limit: int) -> str:
    """Return the issue code that says why this is no address; "" where it can be one."""
    if len(address) > min(limit, MAX_EMAIL_LENGTH):
        return "email_invalid"
    if _has_long_label(address) or _ends_in_digits(address):
        return "email_invalid"
    if _PLAIN.fullmatch(address):
        return ""
    if not _SHAPE.fullmatch(address) or ".." in address or not address.isprintable():
        return "email_invalid"
    local, _at, domain = address.rpartition("@")
    labels = domain.split(".")
    if local.startswith(".") or local.endswith("."):
        return "email_characters"
    if any(label.startswith("-") or label.endswith("-") for label in labels):
        return "email_characters"
    if not all(map(_can_be_in_local_part, local)) or not all(map(_can_be_in_domain, domain)):
        return "email_characters"
    if _mixes_alphabets(local) or any(map(_mixes_alphabets, labels)):
        return "email_lookalike"
    if not _ODD_LATIN.isdisjoint(local):
        return "email_lookalike"
    if domain.isascii() and _is_all_lookalike(local):
        return "email_lookalike"
    if labels[-1].isascii() and any(map(_is_all_lookalike, labels)):
        return "email_lookalike"
    return ""


def _has_long_label(address: str) -> bool:
    return any(len(label) > _MAX_LABEL for label in address.rpartition("@")[2].split("."))


def _ends_in_digits(address: str) -> bool:
    """Return whether the domain ends in digits: it is an IP address, or none at all."""
    return address.rpartition(".")[2].isdigit()


def _can_be_in_local_part(character: str) -> bool:
    return character.isascii() or _is_plain_letter(character)


def _can_be_in_domain(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character in "-."
    return _is_plain_letter(character)


def _is_plain_letter(character: str) -> bool:
    """Return whether a character is a letter, mark or digit in its usual form: no wide ａ, no ﬁ."""
    if unicodedata.category(character)[0] not in "LMN":
        return False
    return unicodedata.normalize("NFKC", character) == unicodedata.normalize("NFC", character)


def _mixes_alphabets(part: str) -> bool:
    """Return whether one word has Latin letters beside Greek, Cyrillic or Armenian ones."""
    if part.isascii():
        return False
    alphabets = {
        unicodedata.name(letter, "").partition(" ")[0] for letter in part if letter.isalpha()
    }
    if alphabets & {"CHEROKEE"} and len(alphabets) > 1:
        return True
    return len(alphabets & {"LATIN", "GREEK", "CYRILLIC", "ARMENIAN"}) > 1


def _is_all_lookalike(local: str) -> bool:
    letters = [letter for letter in local if letter.isalpha() and not letter.isascii()]
    return bool(letters) and all(letter in _LOOKALIKES for letter in letters)
