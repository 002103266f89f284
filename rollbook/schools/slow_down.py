"""Slows down guessing: counts each try in the database before a password or a code is checked.

A try counts for its account and for the network that it comes from. A device on which the account
has signed in before has a count of its own, so that strangers can't lock its owner out. Unknown
accounts are counted like known ones.
"""

from datetime import timedelta
from typing import Any, Final, NamedTuple

from django.db import connection
from django.utils.crypto import salted_hmac

from rollbook.config import config
from rollbook.roster.values.parsing import email_key
from rollbook.schools import clock
from rollbook.schools.models import TryCounter

MOST_IN_A_ROW: Final = 100
UNUSED_FOR: Final = timedelta(days=30)  # then a counter is deleted

# One statement, so that parallel tries can't all see a count that still allows them. A row that
# has used up its tries is left alone and not returned. Accounts come before networks everywhere:
# two statements never wait for each other.
_COUNT: Final = """
    INSERT INTO schools_trycounter AS counter (who, tries, in_a_row, began_at, last_at)
    SELECT who, 1, 1, clock_timestamp(), clock_timestamp()
    FROM unnest(%(who)s::text[]) WITH ORDINALITY AS given (who, place) ORDER BY place
    ON CONFLICT (who) DO UPDATE SET
        tries = CASE WHEN {expired} THEN 1 ELSE counter.tries + 1 END,
        began_at = CASE WHEN {expired} THEN clock_timestamp() ELSE counter.began_at END,
        in_a_row = counter.in_a_row + 1,
        last_at = clock_timestamp()
    WHERE CASE WHEN counter.who = %(network)s
        THEN {expired} OR counter.tries < %(network_tries)s
        ELSE ({expired} OR counter.tries < %(tries)s) AND counter.in_a_row < %(in_a_row)s
    END
    RETURNING who
"""
# An account may try again after a pause; a busy network never pauses, so its time starts at the
# first try.
_EXPIRED: Final = """
    (CASE WHEN counter.who = %(network)s THEN counter.began_at ELSE counter.last_at END
        < clock_timestamp() - make_interval(mins => %(minutes)s))
"""
_WAIT: Final = """
    SELECT in_a_row, EXTRACT(EPOCH FROM clock_timestamp()
        - CASE WHEN who = %(network)s THEN began_at ELSE last_at END)
    FROM schools_trycounter WHERE who = %(who)s
"""
_GIVE_BACK: Final = """
    UPDATE schools_trycounter
    SET tries = GREATEST(tries - 1, 0),
        in_a_row = CASE WHEN %(ends_row)s THEN 0 ELSE GREATEST(in_a_row - 1, 0) END
    WHERE who = %(who)s
"""


class Refused(NamedTuple):
    """Why a try may not be made now: because of its `account` or its `network`.

    `minutes` is the time to wait; None after 100 failures in a row, which no waiting ends.
    """

    because_of: str
    minutes: int | None


class Try(NamedTuple):
    """One counted try of an account, with the names of its counters."""

    account: str
    network: str
    refused: Refused | None

    def succeeded(self) -> None:
        """Give this try back, and end the account's row of failures."""
        _give_back(self.account, ends_row=True)
        _give_back(self.network, ends_row=False)


def count(door: str, account: str, network: str, device: str = "") -> Try:
    """Count one try before anything is checked. It may only go on if `refused` is None.

    `door` says what is tried: `staff`, `student`, `reset` or `second-factor`. `device` is that of
    a known device of this account: it has a count of its own, and its network does not matter.
    """
    who = _digest(door, account, device)
    from_network = "" if device else _digest(f"network of {door}", network, "")
    names = [who, from_network] if from_network else [who]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(expired=_EXPIRED), _parameters(from_network, who=names))
        counted = {row[0] for row in cursor.fetchall()}
    missing = [name for name in names if name not in counted]
    if not missing:
        return Try(who, from_network, None)
    for name in counted:
        _give_back(name, ends_row=False)
    because_of = "account" if who in missing else "network"
    minutes = _minutes_to_wait(missing[0], from_network)
    return Try(who, from_network, Refused(because_of, minutes))


def forget(door: str, account: str) -> None:
    """Delete the count of an account: its password was set anew."""
    TryCounter.objects.filter(who=_digest(door, account, "")).delete()


def sweep() -> int:
    """Delete counters that nobody has used for a month. Return how many."""
    return TryCounter.objects.filter(last_at__lt=clock.now() - UNUSED_FOR).delete()[0]


def _minutes_to_wait(who: str, network: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_WAIT, {"who": who, "network": network})
        in_a_row, seconds = cursor.fetchone() or (0, 0)
    if who != network and in_a_row >= MOST_IN_A_ROW:
        return None
    left = config.sign_in_minutes * 60 - int(seconds)
    return max(1, -(-left // 60))


def _give_back(who: str, *, ends_row: bool) -> None:
    if who:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, {"who": who, "ends_row": ends_row})


def _parameters(network: str, who: list[str]) -> dict[str, Any]:
    return {
        "who": who,
        "network": network,
        "tries": config.sign_in_tries,
        "network_tries": config.network_tries,
        "in_a_row": MOST_IN_A_ROW,
        "minutes": config.sign_in_minutes,
    }


def _digest(door: str, account: str, device: str) -> str:
    text = f"{door}/{email_key(account.strip())}/{device}"
    return salted_hmac("rollbook.slow_down", text, algorithm="sha256").hexdigest()
