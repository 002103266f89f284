"""How fast a SIS lets us ask: learnt from the rate headers of its answers, so that we slow down before it has to say 429.

SISs spell the headers in two ways (X-Rate-Limit-…, X-RateLimit-…) and give the reset in two units: seconds to wait, or a Unix time.
The numbers can't be mistaken for one another. A Unix time is held against the SIS's own clock, its `Date` header: ours may be off.
"""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

SPELLINGS: Final = ("x-rate-limit-", "x-ratelimit-")
UNIX_TIMES: Final = 1_000_000_000  # from here on it is a Unix time (September 2001); as seconds to wait it would be 32 years
MARGIN: Final = 1.0  # a reset is told in whole seconds


class Pace:
    """The quota of one conversation, as far as the SIS told it. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: int | None = None  # None while nothing is known about the present window
        self._resets = 0.0

    def claim(self) -> float:
        """Take one request from the quota; the seconds to wait before making it, mostly 0."""
        with self._lock:
            now = time.monotonic()
            if self._left is None or now >= self._resets:
                self._left = None
                return 0.0
            if self._left > 0:
                self._left -= 1
                return 0.0
            return self._resets - now

    def learn(self, headers: Mapping[str, str], now: datetime) -> float | None:
        """Note what an answer says; the seconds until the quota is full again, None where it says nothing usable."""
        left, seconds = _whole(headers, "remaining"), seconds_to_reset(headers, now)
        if seconds is not None and left is not None:
            with self._lock:
                resets = time.monotonic() + seconds
                later_window = resets > self._resets + 2 * MARGIN
                self._left = (
                    left if self._left is None or later_window else min(left, self._left)
                )  # answers may overtake each other
                self._resets = max(resets, self._resets)
        return seconds


def seconds_to_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """From the reset header, in either unit."""
    reset = _whole(headers, "reset")
    if reset is None:
        return None
    if reset < UNIX_TIMES:
        return reset + MARGIN
    return max(0.0, reset - _their_clock(headers, now).timestamp()) + MARGIN


def _their_clock(headers: Mapping[str, str], now: datetime) -> datetime:
    try:
        then = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return now
    return then if then.tzinfo else then.replace(tzinfo=UTC)


def _whole(headers: Mapping[str, str], name: str) -> int | None:
    text = next(
        (headers[spelling + name] for spelling in SPELLINGS if spelling + name in headers), ""
    ).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else None
