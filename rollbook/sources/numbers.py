"""Reads numbers and dates that a SIS or a file states, whatever their kind, length or zone.

Every header and every number beside the records is read here. A reader never raises: what can't be
read is None, and what is larger than any sensible number is the largest one that is taken.
"""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Final, SupportsBytes

NULL: Final = b"null"  # raw JSON
MOST: Final = 10**15  # a larger number of anything is this one
LONGEST_SECONDS: Final = 10 * 366 * 86_400  # a longer wait or lifetime is this one
LONGEST_DATE: Final = 64  # characters; an HTTP date has 29

_NUMBER: Final = re.compile(r"(-?)([0-9]+)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def number(value: object) -> float | None:
    """Return a finite number from a number or its text; None for anything else.

    `true` and 1e400 are no numbers. One of too many digits is MOST, or -MOST.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return float(max(-MOST, min(value, MOST)))
    if isinstance(value, float):
        return max(-float(MOST), min(value, float(MOST))) if isfinite(value) else None
    if not isinstance(value, str):
        return None
    match = _NUMBER.fullmatch(value.strip(" \t"))
    if match is None:
        return None
    parsed = float(match[0])  # of any length: only int() has a limit of digits
    if isfinite(parsed):
        return max(-float(MOST), min(parsed, float(MOST)))
    has_exponent = match[4] is not None
    return None if has_exponent else float(-MOST if match[1] else MOST)


def whole_number(value: object) -> int | None:
    """Return a whole number from 0 to MOST from a number or its text; None for anything else."""
    parsed = number(value)
    if parsed is None or parsed < 0 or parsed != int(parsed):
        return None
    return int(parsed)


def header_number(text: str) -> int | None:
    """Return the whole number of a header, which is written in digits alone; else None."""
    digits = text.strip(" \t")
    return whole_number(digits) if re.fullmatch("[0-9]+", digits) else None


def lifetime(value: object) -> float | None:
    """Return the seconds that something is valid, 0 for a negative number; None if not stated."""
    seconds = number(value)
    return None if seconds is None else max(0.0, min(seconds, float(LONGEST_SECONDS)))


def http_date(text: str) -> datetime | None:
    """Return the time of a `Date` or `Retry-After` header, in UTC; None if it is no date."""
    if len(text) > LONGEST_DATE:
        return None
    try:
        then = parsedate_to_datetime(text)
        return then.replace(tzinfo=UTC) if then.tzinfo is None else then.astimezone(UTC)
    # The parser of the standard library raises these for a month without a name, a zone of more
    # than a day, or a year that no date has.
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def sis_time(date_header: str, now: datetime) -> datetime:
    """Return the time by the clock of the SIS, from the `Date` header of its answer.

    What a SIS says about times is compared with it, because our own clock may be wrong. `now` is
    ours: it counts if there is no date, or one that is years away.
    """
    then = http_date(date_header)
    is_sensible = then is not None and abs((then - now).total_seconds()) < LONGEST_SECONDS
    return then if then is not None and is_sensible else now


def seconds_to_wait(text: str, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for; None if it says nothing usable.

    It holds a number of seconds or a date (RFC 9110, 10.2.3).
    """
    seconds = header_number(text)
    if seconds is None:
        then = http_date(text)
        if then is None:
            return None
        return min(max(0.0, (then - now).total_seconds()), float(LONGEST_SECONDS))
    return float(min(seconds, LONGEST_SECONDS))


def scalar(raw: SupportsBytes) -> object:
    """Return the text, the number (as it is written), the truth value or None of raw JSON.

    A list or an object is None as well.
    """
    text = bytes(raw).decode("utf-8", "replace").strip()
    if text in {"true", "false"}:
        return text == "true"
    if text[:1] != '"':
        return text if _NUMBER.fullmatch(text) else None
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, str) else None
