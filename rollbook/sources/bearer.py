"""Bearer tokens by OAuth 2 client credentials (RFC 6749, 4.4): kept between runs, renewed in the middle of one, within a bound."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict

import msgspec

from rollbook.sources.base import Token, TokenCache
from rollbook.sources.errors import AuthRejected, TokenExpired

MARGIN: Final = timedelta(seconds=60)  # a token is not used in its last minute
USUAL_SECONDS: Final = 3_600
LONGEST_SECONDS: Final = 90 * 86_400


class Bearer:
    """The token of one conversation. Used in the reader's thread only, so it needs no lock; pages carry what they were given.

    `fetch` signs in and returns a fresh token; it is called at most `sign_ins` times. `sign_in` numbers the token in use: several
    pages that meet the end of the same token together lead to one new one.
    """

    def __init__(
        self, name: str, tokens: TokenCache, sign_ins: int, fetch: Callable[[], Token]
    ) -> None:
        self._name, self._tokens, self._left, self._fetch = name, tokens, sign_ins, fetch
        self.sign_in = 0
        kept = tokens.get()
        self.value = (
            kept.value if kept and kept.expires_at - datetime.now(UTC) > MARGIN else self._fresh()
        )

    def renew(self, expired: TokenExpired) -> None:
        """A new token, unless there is one already. Raises AuthRejected when the SIS takes back what it gives."""
        if expired.sign_in == self.sign_in:
            self._tokens.put(None)
            self.value = self._fresh()

    def _fresh(self) -> str:
        if self._left == 0:
            raise AuthRejected(
                f"{self._name} lets us sign in and then refuses what it gave us, again and again.",
                f"Ask whoever looks after {self._name} whether our access is still switched on, then start the run again.",
            )
        self._left -= 1
        self.sign_in += 1
        token = self._fetch()
        self._tokens.put(token)
        return token.value


class _Grant(TypedDict, total=False):
    access_token: str
    expires_in: str | int | float | bool | None  # RFC 6749 says a number, PowerSchool sends a text


_GRANT: Final = msgspec.json.Decoder(_Grant)


def basic(user: str, password: str) -> str:
    """The value of an Authorization header, from pasted credentials."""
    return f"Basic {base64.b64encode(f'{user.strip()}:{password.strip()}'.encode()).decode()}"


def granted(body: bytes, now: datetime) -> Token | None:
    """The token in the answer of a token endpoint; None if there is none that could go into a header."""
    try:
        grant = _GRANT.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    value = grant.get("access_token", "")
    if not re.fullmatch(r"[!-~]{1,4096}", value):
        return None
    try:
        seconds = int(float(str(grant.get("expires_in"))))
    except (ValueError, OverflowError):
        seconds = USUAL_SECONDS
    return Token(value, now + timedelta(seconds=min(max(seconds, 0), LONGEST_SECONDS)))
