"""Parsers: a raw value → a value in canonical form, so that another spelling of it is no change.

A parser takes any value of JSON or of a spreadsheet. It returns the parsed value, or None for a
blank, or raises Unreadable with the code of a problem.
"""

import re
import unicodedata
from datetime import date
from functools import lru_cache
from math import isfinite
from typing import Any, Final

from rollbook.roster.values.addresses import address_fault, is_usual_address, unquoted
from rollbook.roster.values.blanks import is_invisible
from rollbook.roster.values.dates import (
    FIRST_YEAR,
    LAST_YEAR,
    certain_date,
    days_by_order,
)
from rollbook.roster.values.doubled import Doubled
from rollbook.roster.values.graduation_years import graduation_year_of

SHORT_LIMIT = 320  # characters of a value that is never long, such as a date
MAX_NUMBER_BITS = 1_000  # 301 digits, more than any field takes
# Starts the e-mail key of a closed account whose e-mail others may have; its id follows.
FREED: Final = "freed:"
NFC_MOST = 4  # NFC makes one character of up to four
FAST_NUMBER = 10**15  # a smaller whole number needs no further check

# Control characters, surrogates, and two characters that an Excel file can't hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class Unreadable(Exception):
    """A value can't be read. `code` is a key of `problems.PROBLEMS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def text(value: Any, limit: int) -> str | None:
    """Return the text in Unicode NFC, with single spaces and none at the ends; None for a blank.

    A number is written as a person would write it. Raises Unreadable.
    """
    if type(value) is int and -FAST_NUMBER < value < FAST_NUMBER and limit > 16:
        return str(value)
    if type(value) is not str:
        value = _written(value)
        if value is None:
            return None
    if not (value.isascii() and value.isprintable()):
        if _FORBIDDEN.search(value):
            raise Unreadable("control_characters")
        value = " ".join(value.split())
        # Normalising a run of accents takes time by the square of its length.
        if len(value) > limit * NFC_MOST:
            raise Unreadable("text_too_long")
        value = unicodedata.normalize("NFC", value)
        if is_invisible(value):
            return None
    elif "  " in value or value[:1] == " " or value[-1:] == " ":
        value = " ".join(value.split())
    if len(value) > limit:
        raise Unreadable("text_too_long")
    return value or None


def _written(value: Any) -> str | None:
    """Return a value as a person would write it: a spreadsheet's 20418.0 is "20418"."""
    if value is None:
        return None
    if isinstance(value, Doubled):
        raise Unreadable("field_twice")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if value.bit_length() > MAX_NUMBER_BITS:
            raise Unreadable("text_too_long")
        return format(value, "d")
    if isinstance(value, float) and isfinite(value):
        if value.is_integer() and abs(value) < FAST_NUMBER:
            return format(int(value), "d")
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    raise Unreadable("wrong_type")


def short_text(value: Any, code: str) -> str | None:
    """Return the text of a value that is never long. Raises Unreadable(code) for a longer one."""
    try:
        return text(value, SHORT_LIMIT)
    except Unreadable as error:
        raise Unreadable(code if error.code == "text_too_long" else error.code) from None


def email(value: Any, limit: int) -> str | None:
    """Return an address as it was written, checked for its form only; None for a blank.

    Quotation marks and angle brackets around it are taken off. Raises Unreadable.
    """
    if type(value) is str and is_usual_address(value, limit):
        return value
    written = short_text(value, "email_invalid")
    if written is None:
        return None
    written = unquoted(written)
    fault = address_fault(written, limit)
    # Small letters may need more room.
    if not fault and not written.isascii() and len(email_key(written)) > limit:
        fault = "email_invalid"
    if fault:
        raise Unreadable(fault)
    return written


def email_key(address: str) -> str:
    """Return the form in which two spellings of an address are the same: small letters, in NFC."""
    return address.lower() if address.isascii() else unicodedata.normalize("NFC", address.lower())


def birth_date(value: Any, _limit: int = 0) -> date | None:
    """Return a date that can be read in one way only; None for a blank.

    Raises Unreadable: "date_invalid", or "date_ambiguous" for one such as 3/5/2010.
    """
    written = short_text(value, "date_invalid")
    return None if written is None else _date(written)


@lru_cache(maxsize=32_768)
def _date(written: str) -> date:
    if certain := certain_date(written):
        return certain
    days = {day for day in days_by_order(written) or () if day is not None}
    if len(days) == 1:
        return days.pop()
    raise Unreadable("date_ambiguous" if days else "date_invalid")


def graduation_year(value: Any, _limit: int = 0) -> int | None:
    """Return a year; None for a blank or 0. Raises Unreadable("graduation_year_invalid")."""
    written = short_text(value, "graduation_year_invalid")
    return None if written is None else _graduation_year(written)


@lru_cache(maxsize=4_096)
def _graduation_year(written: str) -> int | None:
    if re.fullmatch(r"0{1,4}(\.0)?", written):  # PowerSchool sends 0 where none is set
        return None
    year = graduation_year_of(written)
    if year is None or not FIRST_YEAR <= year <= LAST_YEAR:
        raise Unreadable("graduation_year_invalid")
    return year
