"""How fast a SIS lets us ask, read from the rate headers of its answers.

So we slow down before the SIS has to answer 429. SISs spell the headers in two ways
(X-Rate-Limit-…, X-RateLimit-…) and give the reset in two units: seconds to wait, or a Unix time.
The two can't be confused. A Unix time is compared with the SIS's own clock, its `Date` header: ours
may be wrong.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from rollbook.sources.numbers import header_number, sis_time

SPELLINGS: Final = ("x-rate-limit-", "x-ratelimit-")
# From here on it is a Unix time (September 2001); as seconds to wait it would be 32 years.
UNIX_TIMES: Final = 1_000_000_000
LAST_UNIX_TIME: Final = 9_999_999_999  # in the year 2286; a later reset makes no sense
MARGIN: Final = 1.0  # a reset is given in whole seconds


class Pace:
    """The quota of one conversation, as far as the SIS stated it. Several threads may use it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._remaining: int | None = None  # None while nothing is known about the present window
        self._resets = 0.0

    def claim(self) -> float:
        """Take one request from the quota.

        Return the seconds to wait before making it, mostly 0.
        """
        with self._lock:
            now = self._clock()
            if self._remaining is None or now >= self._resets:
                self._remaining = None
                return 0.0
            if self._remaining > 0:
                self._remaining -= 1
                return 0.0
            return self._resets - now

    def learn(self, headers: Mapping[str, str], now: datetime) -> float | None:
        """Store the quota that an answer states.

        Return the seconds until the quota is full again; None if the headers say nothing usable.
        """
        remaining, seconds = _whole_number(headers, "remaining"), seconds_to_reset(headers, now)
        if seconds is not None and remaining is not None:
            with self._lock:
                resets = self._clock() + seconds
                later_window = resets > self._resets + 2 * MARGIN
                if self._remaining is None or later_window:
                    self._remaining = remaining
                else:  # answers may overtake each other
                    self._remaining = min(remaining, self._remaining)
                self._resets = max(resets, self._resets)
        return seconds


def seconds_to_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds until the reset, from the header in either unit."""
    reset = _whole_number(headers, "reset")
    if reset is None or reset > LAST_UNIX_TIME:
        return None
    if reset < UNIX_TIMES:
        return reset + MARGIN
    there = sis_time(headers.get("date", ""), now)
    return max(0.0, reset - there.timestamp()) + MARGIN


def _whole_number(headers: Mapping[str, str], name: str) -> int | None:
    for spelling in SPELLINGS:
        if spelling + name in headers:
            return header_number(headers[spelling + name])
    return None
