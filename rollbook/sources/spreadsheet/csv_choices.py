"""The encodings and delimiters that a person can choose for a csv."""

import codecs
from typing import Final

from rollbook.roster.translation import gettext_noop as _

# In the order in which they are shown, and in which the first of two equally likely ones is taken.
ENCODINGS: Final = {
    "utf-8": _("Unicode (UTF-8)"),
    "utf-16": _("Unicode (UTF-16)"),
    "cp1252": _("Windows, Western"),
    "cp1250": _("Windows, Central European"),
    "cp1251": _("Windows, Cyrillic"),
    "cp1253": _("Windows, Greek"),
    "cp1254": _("Windows, Turkish"),
    "cp1255": _("Windows, Hebrew"),
    "cp1256": _("Windows, Arabic"),
    "cp1257": _("Windows, Baltic"),
    "cp1258": _("Windows, Vietnamese"),
    "cp874": _("Windows, Thai"),
    "shift_jis": _("Japanese (Shift_JIS)"),
    "euc_kr": _("Korean (EUC-KR)"),
    "gb18030": _("Chinese, simplified (GBK)"),
    "big5": _("Chinese, traditional (Big5)"),
    "mac_roman": _("Mac, Western"),
}
# Windows writes more letters than the standards of the same name have.
CODECS: Final = {"utf-8": "utf-8-sig", "shift_jis": "cp932", "big5": "cp950", "euc_kr": "cp949"}
_OTHER_NAMES: Final = {"gbk": "gb18030", "gb2312": "gb18030", "mac-roman": "mac_roman"}
DELIMITERS: Final = (",", ";", "\t", "|")


def encoding_named(name: str) -> str | None:
    """Return the encoding with this name, as "windows-1250", "GBK" or "cp932"; None for others."""
    try:
        usual = codecs.lookup(name).name
    except LookupError:
        return None
    if usual in _OTHER_NAMES:
        return _OTHER_NAMES[usual]
    for encoding in ENCODINGS:
        if usual in (codecs.lookup(encoding).name, CODECS.get(encoding)):
            return encoding
    return None
