"""IDs: what is none, and the shapes into which a spreadsheet program turns one.

Excel drops leading zeros, writes long numbers with an exponent, and groups digits. What was lost
can't be guessed: such a value is a problem of its row, never a second account.
"""

import re
import unicodedata
from typing import Any, Final

from rollbook.roster.values.blanks import is_placeholder, says_no_id, without_invisible
from rollbook.roster.values.dates import certain_date, days_by_order, narrow
from rollbook.roster.values.parsing import Unreadable, text

PLACEHOLDER: Final = "id_placeholder"
_QUOTES: Final = "\"'“”„‘’‚`´«»"  # '00123 is how a person tells Excel to leave a text alone
_WITH_DECIMALS: Final = re.compile(r"(\d+)[.,]0{1,2}")
_MANY_ZEROS: Final = re.compile(r"(\d+)\.0+")
_SIGN_BEHIND: Final = re.compile(r"(\d+)[.,;:]")  # copied from a list or a sentence
_SCIENTIFIC: Final = re.compile(r"([1-9]\d{0,2})(?:[.,](\d*))?\s?[eE](\+?)(\d{1,3})")
_GROUPED_WITH_DECIMALS: Final = re.compile(
    r"(\d{1,3}(?:(?P<sign>[., '’])\d{3})(?:(?P=sign)\d{3})*)(?!(?P=sign))[.,]0{1,2}"
)
_GROUPED: Final = re.compile(r"\d{1,3}(?:([., '’_])\d{3})(?:\1\d{3})*")
_SIGNS: Final = re.compile(r"[., '’_]")
# What people write before and after a number that is an ID: #1017, No. 1017, ID: 1017, (1017).
_NAMED: Final = re.compile(
    r"[(\[#№]?\s*(?:(?:id|no|nr|num|number|n[°º]|№)\s*[.:#-]*\s*)?([\d., '’]*\d)\s*[)\]]?",
    re.IGNORECASE,
)
_DAY_AND_MONTH: Final = re.compile(  # 3-12 becomes 3-Dec or 12-Mar
    r"\d{1,2}[- ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[- ]\d{1,2}",
    re.IGNORECASE,
)


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
    digits of other scripts. One with lost digits is "digits_lost", one that a spreadsheet program
    took for a date "id_as_date".
    """
    written = text(value, limit)
    if written is None:
        return None
    written = _undressed(_with_usual_digits(narrow(without_invisible(written))).strip())
    if not written:
        return None
    if is_placeholder(written) or says_no_id(written):
        raise Unreadable(PLACEHOLDER)
    for pattern in (_MANY_ZEROS, _WITH_DECIMALS, _SIGN_BEHIND):
        if match := pattern.fullmatch(written):
            return match[1]
    if match := _GROUPED_WITH_DECIMALS.fullmatch(written):
        return _SIGNS.sub("", match[1])
    if match := _SCIENTIFIC.fullmatch(written):
        return _whole_number(written, match)
    if _is_date(written):
        raise Unreadable("id_as_date")
    return written


def _with_usual_digits(written: str) -> str:
    """Return the text with digits of other scripts, such as Arabic ones, as 0 to 9."""
    if written.isascii():
        return written
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in written
    )


def _is_date(written: str) -> bool:
    """Return whether a spreadsheet program took an ID for a date. 20091213 may be an ID."""
    if written.isdigit() or not written.isascii():
        return False
    if _DAY_AND_MONTH.fullmatch(written):
        return True
    return certain_date(written) is not None or days_by_order(written) is not None


def _undressed(written: str) -> str:
    """Return the text of ="00123" or =00123, and without quotation marks around it.

    Raises Unreadable for any other formula: its value isn't in the file.
    """
    if written.startswith("="):
        written = written[1:].strip()
        if "(" in written:
            raise Unreadable("digits_lost")
    if written[:1] in _QUOTES:
        written = written.strip(_QUOTES)
    return written.strip()


def _whole_number(written: str, match: re.Match[str]) -> str:
    """Return 1.017E3 as 1017. Raises Unreadable where the exponent hides digits.

    12E3 and 1E5, without a sign, may be IDs as they are.
    """
    first, decimals, sign, exponent = match[1], match[2] or "", match[3], int(match[4])
    if match[2] is None and not sign:
        return written
    if len(decimals) < exponent or decimals[exponent:].strip("0"):
        raise Unreadable("digits_lost")
    return first + decimals[:exponent]


def plain_digits(sheet_value: str) -> str | None:
    """Return the digits of an ID without leading zeros, grouping signs and what names them an ID.

    Two IDs with the same digits may be one ID: 123 and 00123, 1,017 and 1017, #1017 and No. 1017.
    None where an ID has anything else.
    """
    if match := _NAMED.fullmatch(sheet_value):
        sheet_value = match[1]
    if is_grouped(sheet_value):
        sheet_value = _SIGNS.sub("", sheet_value)
    if not (sheet_value.isascii() and sheet_value.isdigit()):
        return None
    return sheet_value.lstrip("0") or None


def is_grouped(sheet_value: str) -> bool:
    """Return whether an ID may be a number with its digits in groups: 1,017 or 1 017 or 1.017."""
    return _GROUPED.fullmatch(sheet_value) is not None
