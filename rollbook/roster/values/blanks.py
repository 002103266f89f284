"""What stands for nothing: invisible characters, and words such as NULL, N/A and TBD."""

import re
import unicodedata
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
_ZEROS: Final = re.compile(r"[0.,/ -]+")
_ERROR_OF_A_SHEET: Final = re.compile(r"#[a-z/_0]+[!?]?", re.IGNORECASE)  # #REF!, #DIV/0!

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
# How people write that an ID is still to come: words, spaces left out. Spellings with signs, spaces
# and accents (T.B.D., N / A, à venir) are the same.
_PLACEHOLDER_WORDS: Final = """
    na tbd tba tbc tobedetermined tobeconfirmed tobeassigned tobeannounced tobeadvised tobeissued
    tobegiven tobeadded tobecreated tocome tofollow follows later soon comingsoon asap
    null nil none noneyet nan undefined unknown unassigned unspecified unset
    notassigned notassignedyet notyetassigned notavailable notapplicable notissued notknown notset
    notgiven notprovided notyet
    new newid newstudent newpupil newlearner newadmission pending awaiting awaited waiting applied
    no noid noidyet nonumber nonumberyet missing blank empty temp temporary tmp dummy ditto
    id sisid studentid studentnumber
    neu neue neuer folgt offen ausstehend unbekannt keine kein keiner ohne fehlt
    nuevo nueva pendiente ninguno ninguna desconocido desconocida vacio sn sinid
    nouveau nouvelle aucun aucune inconnu inconnue enattente avenir neant
    novo nova nenhum nenhuma pendente desconhecido nuovo nuova nessuno nessuna sconosciuto
    nieuw geen onbekend nvt brak yok belirsiz wala belum tidakada chuaco khongco
    нет неизвестно новый новая
    待定 待补 未定 未知 无 無 暂无 暫無 没有 沒有 空 なし 未設定 不明 新規 없음 미정 신규
"""
_PLACEHOLDERS: Final = frozenset(_PLACEHOLDER_WORDS.split())
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_ONLY_X: Final = re.compile("x+")


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
    if len(text) > 30 or text.isdigit():
        return not text.strip("0")
    if _ZEROS.fullmatch(text) or _NO_LETTER_OR_DIGIT.fullmatch(text):
        return True
    bare = _bare(text)
    if bare in _PLACEHOLDERS or _ONLY_X.fullmatch(bare):
        return True
    return _ERROR_OF_A_SHEET.fullmatch(text) is not None


def says_no_id(text: str) -> bool:
    """Return whether a cell has words in place of an ID, in any language: "ask the office".

    They have no digit, and more than one word or letters of another script.
    """
    if any(letter.isdecimal() for letter in text):
        return False
    return " " in text or not all(map(_is_latin, filter(str.isalpha, text)))


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN")


def _bare(text: str) -> str:
    """Return the letters and digits of a text, without case and accents."""
    decomposed = text.casefold() if text.isascii() else _decomposed(text)
    return "".join(filter(str.isalnum, decomposed))


def _decomposed(text: str) -> str:
    """Return the text without accents. Marks of other scripts stay."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", letters))
