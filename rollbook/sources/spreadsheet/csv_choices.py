"""The encodings and delimiters that a person can choose for a csv."""

from typing import Final

from rollbook.roster.translation import gettext_noop as _

ENCODINGS: Final = {
    "utf-8": _("Unicode (UTF-8)"),
    "utf-16": _("Unicode (UTF-16)"),
    "cp1252": _("Windows, Western"),
    "mac_roman": _("Mac, Western"),
}
DELIMITERS: Final = (",", ";", "\t", "|")
