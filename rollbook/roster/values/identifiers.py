"""IDs: what is none, and the shapes into which a spreadsheet program turns one.

Excel drops leading zeros, writes long numbers with an exponent, and groups digits. What was lost
can't be guessed: such a value is a problem of its row, never a second account.
"""

import re
from typing import Any, Final

from rollbook.roster.values.blanks import is_placeholder, without_invisible
from rollbook.roster.values.dates import narrow
from rollbook.roster.values.parsing import Unreadable, text

PLACEHOLDER: Final = "id_placeholder"
_FORMULA: Final = re.compile(r'=\s*"(.*)"')  # ="00123" keeps zeros in Excel
_QUOTED: Final = re.compile(r"[\"“”](.*)[\"“”]|'(.*)'")
_AS_TEXT: Final = "'‘’`´"  # '00123 is how a person tells Excel to leave a text alone
_WITH_DECIMALS: Final = re.compile(r"(\d+)[.,]0{1,2}")
_MANY_ZEROS: Final = re.compile(r"(\d+)\.0+")
_SCIENTIFIC: Final = re.compile(r"([1-9])(?:[.,](\d+))?[eE](\+?)(\d{1,3})")
_GROUPED_WITH_DECIMALS: Final = re.compile(r"(\d{1,3}(?:,\d{3})+)\.0{1,2}")
_GROUPED: Final = re.compile(r"\d{1,3}(?:([., '’_])\d{3})(?:\1\d{3})*")
_SIGNS: Final = re.compile(r"[., '’_]")


def sent_id(value: Any, limit: int) -> str | None:
    """Return an ID as a SIS or a person gives it; None for a blank.

    Raises Unreadable, for a placeholder such as TBD with the code `PLACEHOLDER`.
    """
    if type(value) is int and value > 0:
        return text(value, limit)
    # The usual case; this is read from every record of every run.
    if type(value) is str and value.isascii() and value.isdigit() and value.strip("0"):
        return text(value, limit)
    if type(value) is bool:
        raise Unreadable("wrong_type")
    written = text(value, limit)
    if written is None:
        return None
    written = without_invisible(written).strip()
    if written and is_placeholder(narrow(written)):
        raise Unreadable(PLACEHOLDER)
    return written or None


def sheet_id(value: Any, limit: int) -> str | None:
    """Return the ID of a spreadsheet's cell; None for a blank. Raises Unreadable.

    What surely is an ID in another dress is read as that ID: ="00123", '00123, 1017.0, and
    full-width digits. One with lost digits is "digits_lost".
    """
    written = text(value, limit)
    if written is None:
        return None
    written = _undressed(narrow(without_invisible(written)).strip())
    if not written:
        return None
    if is_placeholder(written):
        raise Unreadable(PLACEHOLDER)
    if match := _MANY_ZEROS.fullmatch(written) or _WITH_DECIMALS.fullmatch(written):
        return match[1]
    if match := _GROUPED_WITH_DECIMALS.fullmatch(written):
        return match[1].replace(",", "")
    if match := _SCIENTIFIC.fullmatch(written):
        return _whole_number(written, match)
    return written


def _undressed(written: str) -> str:
    """Return the text inside ="…" or quotation marks, and without an apostrophe in front."""
    if match := _FORMULA.fullmatch(written):
        written = match[1]
    elif match := _QUOTED.fullmatch(written):
        written = match[1] or match[2] or ""
    return written.lstrip(_AS_TEXT).strip()


def _whole_number(written: str, match: re.Match[str]) -> str:
    """Return 1.017E3 as 1017. Raises Unreadable where the exponent hides digits.

    12E3 and 1E5, without a sign, may be IDs as they are.
    """
    first, decimals, sign, exponent = match[1], match[2] or "", match[3], int(match[4])
    if not decimals and not sign:
        return written
    if len(decimals) < exponent or decimals[exponent:].strip("0"):
        raise Unreadable("digits_lost")
    return first + decimals[:exponent]


def plain_digits(sheet_value: str) -> str | None:
    """Return the digits of an ID without leading zeros and grouping signs.

    Two IDs with the same digits may be one ID: 123 and 00123, 1,017 and 1017. None where an ID
    has anything but digits.
    """
    if not sheet_value.isascii() and "’" not in sheet_value:
        return None
    if is_grouped(sheet_value):
        sheet_value = _SIGNS.sub("", sheet_value)
    if not (sheet_value.isascii() and sheet_value.isdigit()):
        return None
    return sheet_value.lstrip("0") or None


def is_grouped(sheet_value: str) -> bool:
    """Return whether an ID may be a number with its digits in groups: 1,017 or 1 017 or 1.017."""
    return _GROUPED.fullmatch(sheet_value) is not None
